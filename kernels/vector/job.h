/* SPDX-License-Identifier: MIT
 *
 * What the parts of the vector kernels share: the layout that follows from a problem, and jobs. */
#ifndef MLABENCH_VECTOR_JOB_H
#define MLABENCH_VECTOR_JOB_H

#include "kernels/shape.h"
#include "kernels/vector/attend.h"

#pragma GCC visibility push(hidden)

/* Of one job, that a call of the loops gets. */
enum { MOST_TILES_AT_ONCE = 4 * SIMD_TILES_AT_ONCE };

/* What follows from a problem, for one variant. */
struct vector {
    const struct vector_form *form;
    const struct simd_loops *loops;
    const struct integers_loops *integers;
    const struct mla_problem *problem;
    struct shape shape;
    int32_t parts[2]; /* of a query and its key: each begins a chunk of its own */
    int64_t key_chunks, value_chunks;
    int64_t value_chunk;   /* of a panel: where the values begin */
    int64_t panel_chunks;  /* of keys and values */
    int64_t tile_floats;   /* of a tile of queries */
    int64_t value_floats;  /* of a row of sums */
    int64_t latent_chunks; /* of another panel, if keys and values are expanded from it or blocks
                              are attended as integers */
    int32_t span;          /* keys of a partial */
    int64_t job_tiles;     /* at most */
    int64_t wave_tiles;    /* at most: of the jobs handled between two barriers */
    int64_t partials;      /* of one tile that a thread may have to keep */
    int32_t direct_tiles;  /* up to so many attend cached rows as they lie, without a panel */
    int32_t job_heads;     /* of a job at most, in this call */
    int32_t tiles_at_once; /* at most MOST_TILES_AT_ONCE, in this call: fewer where chores are done
                              in between */
    bool streams;          /* this call prefetches weights */
    const void *cache, *prepared;
    const struct mla_call *call;
};

/* Rows of queries that share their keys: some heads of some consecutive tokens. Row r is head
 * head + r % heads of token token + r / heads. */
struct job {
    const struct mla_seq *seq;
    int64_t token, tokens; /* of the sequence's new ones */
    int32_t group, head, heads;
    int32_t rows, tiles;
    int64_t keys;                      /* of the row that attends most */
    int64_t before, weight;            /* keys times tiles: of earlier jobs, of this one */
    int32_t first_thread, last_thread; /* who share it */
    float *q;                          /* [tiles] tiles */
    float *sums; /* [tiles * SIMD_ROWS][value_floats]: the result, normalised */
};

static inline int64_t job_token(const struct job *job, int32_t row)
{
    return job->token + row / job->heads;
}

/* Its place in arrays [tokens][heads] of the call. */
static inline int64_t job_place(const struct vector *vector, const struct job *job, int32_t row)
{
    return (job->seq->token + job_token(job, row)) * vector->shape.heads + job->head +
           row % job->heads;
}

struct worker; /* a thread's own memory: kernels/vector/worker.h */

struct vector_form {
    struct shape (*shape)(const struct mla_problem *);
    void (*parts)(const struct mla_problem *, int32_t parts[2]);
    bool values_are_keys; /* a value is the first part of the key; else it follows the key */
    bool expands;         /* keys and values are expanded from a latent */
    bool weights;         /* queries and outputs pass through Wkv_b */
    int32_t rows;         /* of a job at most, a multiple of SIMD_ROWS */
    int32_t span;         /* keys, a multiple of SIMD_BLOCK: short ones share out evenly among
                             threads, long ones are merged less often */
    /* Up to so many tiles attend cached rows as they lie, where that is possible; more are worth a
     * panel. */
    int32_t direct_fp32, direct_halves; /* bf16 and fp16 */
    /* Once per thread and call; may be NULL. */
    void (*begin)(const struct vector *, struct worker *);
    /* Into job->q, for one head. */
    void (*queries)(const struct vector *, const struct job *, int32_t head);
    /* `count` cached rows into worker->panel: each at pieces[j], the group's part of it. */
    void (*keys)(const struct vector *, struct worker *, const struct job *, int32_t count,
                 const void *const *pieces);
    /* Tiles attend a block; NULL: with the loops' own attend. */
    void (*attend)(const struct vector *, struct worker *, const struct simd_block *,
                   const struct simd_tile *tiles, int32_t count);
    /* Floats that a tile and a worker's latent panel have to have for that; may be NULL. */
    int64_t (*tile_extra)(const struct vector *);
    int64_t (*latent_floats)(const struct vector *);
    /* From job->sums to call->o, for one head. */
    void (*outputs)(const struct vector *, const struct job *, int32_t head);
};

/* Sets what does not depend on a call. */
void vector_layout(const struct vector_variant *variant, const struct mla_problem *problem,
                   struct vector *vector);

/* Sets what does. */
void vector_take_call(struct vector *vector, const struct mla_call *call);

/* Keys that a row attends; a row that fills up the last tile attends what the last one does. */
static inline int64_t job_keys(const struct vector *vector, const struct job *job, int32_t row)
{
    if (vector->call->top_k_indices)
        return job->keys;
    return mla_keys(vector->problem, job->seq,
                    job_token(job, row < job->rows ? row : job->rows - 1));
}

/* What is left of them from key `from` on, at most `most`. */
static inline int32_t job_keys_in(const struct vector *vector, const struct job *job, int32_t row,
                                  int64_t from, int32_t most)
{
    int64_t left = job_keys(vector, job, row) - from;
    return (int32_t)(left < 0 ? 0 : left < most ? left : most);
}

/* Of a tile's rows: the last attends most. */
static inline int32_t tile_keys_in(const struct vector *vector, const struct job *job, int32_t tile,
                                   int64_t from, int32_t most)
{
    return job_keys_in(vector, job, tile * SIMD_ROWS + SIMD_ROWS - 1, from, most);
}

static inline int64_t job_spans(const struct vector *vector, const struct job *job)
{
    return (job->keys + vector->span - 1) / vector->span;
}

/* Walks through the jobs of a call. */
struct job_cursor {
    int32_t seq, group, head;
    int64_t token;
};

/* The next job, without what it is given by its wave; false at the end. */
bool jobs_next(const struct vector *vector, struct job_cursor *cursor, struct job *job);

#pragma GCC visibility pop

#endif
