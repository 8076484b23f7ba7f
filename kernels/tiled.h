/* SPDX-License-Identifier: MIT
 *
 * Attention in tiles: some query rows against one block of keys after the other, with an online
 * softmax, so that the scores are never materialised beyond a block. A variant is a form (what a
 * query, a key and a value are made of) and an arithmetic (who does the products). */
#ifndef MLABENCH_TILED_H
#define MLABENCH_TILED_H

#include "kernels/arithmetic.h"
#include "kernels/kernel.h"
#include "kernels/shape.h"
#include "kernels/softmax.h"

#pragma GCC visibility push(hidden)

#define TILE_ROWS_MAX 256

/* One thread's work: rows of queries that share their keys. They are the queries of consecutive
 * tokens of one head, then those of the next head of the group; numbered from `first` on. */
struct tile {
    const struct mla_problem *problem;
    const struct mla_call *call;
    const struct arithmetic *arithmetic;
    struct shape shape;
    int32_t thread;

    const struct mla_seq *seq;
    int64_t token, tokens; /* of the sequence: the first new token, and how many */
    int32_t group, rows;
    int64_t first;

    /* In the thread's part of the workspace: */
    float *q;        /* [rows][shape.qk] */
    float *scores;   /* [rows][block], then the weights */
    float *sums;     /* [rows][shape.v] */
    float *gathered; /* cached rows that could not be used where they lie */
    float *expanded; /* [block][key | value], if the form expands them */

    struct softmax state[TILE_ROWS_MAX];
};

/* Row r's head, and its row in call->q, o and lse. */
static inline int64_t tile_head(const struct tile *tile, int32_t r)
{
    int32_t group_heads = tile->shape.heads / tile->shape.groups;
    return tile->group * (int64_t)group_heads + (tile->first + r) / tile->tokens;
}

static inline int64_t tile_token(const struct tile *tile, int32_t r)
{
    return tile->seq->token + tile->token + (tile->first + r) % tile->tokens;
}

/* Row r's place in an array [tokens][heads][width], call->q and o being such. */
static inline int64_t tile_place(const struct tile *tile, int32_t r, int64_t width)
{
    return (tile_token(tile, r) * tile->shape.heads + tile_head(tile, r)) * width;
}

/* How many rows from r on belong to the same head. */
static inline int32_t tile_run(const struct tile *tile, int32_t r)
{
    int64_t left = tile->tokens - (tile->first + r) % tile->tokens;
    return left < tile->rows - r ? (int32_t)left : tile->rows - r;
}

struct form {
    struct shape (*shape)(const struct mla_problem *);
    bool strided; /* `keys` wants its rows evenly spaced */
    bool expands; /* `keys` writes to tile->expanded */

    /* Fills tile->q. */
    void (*queries)(struct tile *);
    /* From the group's part of `count` cached rows to their keys and values. */
    void (*keys)(struct tile *, int32_t count, const struct rows *cached, struct rows *keys,
                 struct rows *values);
    /* Turns tile->sums, already normalised, into call->o. */
    void (*outputs)(struct tile *);
};

extern const struct form expanded_form, absorbed_form, reexpanded_form;

/* For forms whose queries and outputs are plain heads. */
void tile_copy_queries(struct tile *tile);
void tile_copy_outputs(struct tile *tile);

struct variant {
    const struct form *form;
    const struct arithmetic *arithmetic;
    int32_t rows; /* of a tile at most, up to TILE_ROWS_MAX */
};

/* The kernel verbs, for a cache that holds rows of form->shape and returns rows of that kind. */
int tiled_plan(const struct variant *variant, const struct mla_problem *problem,
               enum mla_kind cached, struct mla_plan *plan);
int tiled_attend(const struct variant *variant, const struct mla_problem *problem,
                 const struct mla_memory *memory, const struct mla_call *call);

/* Defines those verbs in a kernel's file, as `plan` and `attend`: the contract hands them nothing
 * that could tell one variant from another. */
#define TILED_VERBS(form_, arithmetic_, rows_, cached_)                                   \
    static const struct variant variant = {                                               \
        .form = &(form_), .arithmetic = &(arithmetic_), .rows = (rows_)};                 \
    static int plan(const struct mla_problem *problem, struct mla_plan *out)              \
    {                                                                                     \
        return tiled_plan(&variant, problem, (cached_), out);                             \
    }                                                                                     \
    static int attend(const struct mla_problem *problem, const struct mla_memory *memory, \
                      const struct mla_call *call)                                        \
    {                                                                                     \
        return tiled_attend(&variant, problem, memory, call);                             \
    }

#pragma GCC visibility pop

#endif
