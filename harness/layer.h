/* SPDX-License-Identifier: MIT
 *
 * A whole attention layer in fp32, x -> y, around any kernel: projections by CBLAS, norms, RoPE (or
 * the kernel's own verbs for them) and the kernel's store and attend. MLA with and without query
 * compression, MHA, GQA, MQA, and the article's form. */
#ifndef MLABENCH_LAYER_H
#define MLABENCH_LAYER_H

#include "harness/error.h"
#include "harness/layer_stages.h"
#include "harness/memory.h"
#include "harness/model.h"
#include "kernels/kernel.h"

#include <stdint.h>

/* The most that the calls will bring. */
struct layer_limits {
    int64_t tokens; /* new ones in one call, of all sequences together */
    int64_t keys;   /* of one sequence: the cache holds batch times as many */
    int32_t batch, threads;
};

struct layer {
    const struct model *model;
    const struct mla_kernel *kernel;
    struct layer_plan plan;
    struct mla_problem problem;
    struct mla_plan kernel_plan;
    int64_t slots_per_sequence; /* keys, rounded up to the kernel's slot_align */
    int64_t rope_offset;        /* of a cache's first row: RoPE takes it plus the position. 0 until
                                   the caller sets it */
    /* Activations of the last call; LAYER_X and LAYER_Y are the caller's and NULL here. */
    float *at[LAYER_ARRAYS];
    double *frequencies; /* [rope / 2] */
    int64_t *positions;  /* [tokens] that RoPE takes, of the last call */
    float *cos, *sin;    /* [tokens][rope / 2], of the last call */
    /* Passed on to the kernel; STORE is announced for thread 0 too. NULL: nobody measures. */
    void (*enter)(void *context, int32_t thread, enum mla_stage stage);
    void *enter_context;
    struct mla_memory memory;
    bool ready; /* the kernel is prepared and must be released */
    struct buffer prepared, cache, workspace, activations, rope;
};

/* Bytes that layer_create will ask for, the kernel's included; 0 if the kernel refuses. */
uint64_t layer_bytes(const struct model *model, const struct mla_kernel *kernel,
                     enum mla_format format, const struct layer_limits *limits);

/* Plans, allocates and prepares the kernel. The model, the weights (those that the model's kind
 * has) and the kernel are borrowed. Sets OpenBLAS to one thread per call for good: the layer splits
 * projections itself. Cache, workspace and activations hold NaN. Returns 0, MLA_BAD_INPUT where the
 * kernel does not support the model, MLA_FAILED where it returns an error, or MLA_MACHINE. */
int layer_create(const struct model *model, const struct ref_layer_weights *weights,
                 const struct mla_kernel *kernel, enum mla_format format,
                 const struct layer_limits *limits, struct layer *layer, struct mla_error *error);
void layer_destroy(struct layer *layer);

/* One forward pass of new tokens, whose rows are cached first. seqs [batch] as in kernel.h;
 * sequence i's slot is a multiple of slots_per_sequence that no other has, kv_end is position +
 * tokens. x [tokens][hidden_size], y [tokens][output_size], tokens in the order of seqs[].token.
 * The same bits of all activations for any number of threads, if the kernel's are. */
int layer_forward(struct layer *layer, const struct mla_seq *seqs, int32_t batch, const float *x,
                  float *y, int threads, struct mla_error *error);

/* Its attention alone: caches the rows and attends with the queries that are in at[LAYER_ROWS] and
 * at[LAYER_Q]. */
int layer_attend(struct layer *layer, const struct mla_seq *seqs, int32_t batch, int threads,
                 struct mla_error *error);

#endif
