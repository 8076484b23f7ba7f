/* SPDX-License-Identifier: MIT
 *
 * All that a layer computed for one sequence, token by token or in chunks: what verification looks
 * at. */
#ifndef MLABENCH_LAYER_TRACE_H
#define MLABENCH_LAYER_TRACE_H

#include "harness/error.h"
#include "harness/layer_stages.h"
#include "harness/memory.h"
#include "harness/model.h"
#include "kernels/kernel.h"

#include <stdint.h>

/* How the tokens are handed to the layer: the lengths of the calls, over and over; a call never
 * reaches across `boundary` (the first token that counts as new). */
struct layer_chunks {
    int64_t lengths[4]; /* LAYER_ALL: up to the boundary, or the end */
    int count;
    int64_t boundary;
};
#define LAYER_ALL INT64_MAX

struct layer_trace {
    const struct model *model;
    struct layer_plan plan;
    const struct mla_kernel *kernel;
    struct mla_problem problem;
    int64_t tokens;
    int64_t rope_offset;     /* RoPE position of token 0 */
    float *at[LAYER_ARRAYS]; /* [tokens][plan.width], NULL where that is 0; token i is cached at
                                position i */
    int64_t *keys;           /* [tokens]: how many each query attends, from position 0 on */
    struct buffer memory;
};

/* An empty trace: the caller fills in at[LAYER_X]. Borrows model and weights. */
int layer_trace_create(const struct model *model, const struct ref_layer_weights *weights,
                       int64_t tokens, struct layer_trace *trace, struct mla_error *error);
void layer_trace_destroy(struct layer_trace *trace);

/* Runs x through a layer around the kernel, with fp32 cache, chunk by chunk. Whatever is not
 * written stays NaN. Errors as layer_create and layer_forward. */
int layer_trace_run(struct layer_trace *trace, const struct ref_layer_weights *weights,
                    const struct mla_kernel *kernel, const struct layer_chunks *chunks,
                    int64_t rope_offset, int threads, struct mla_error *error);

/* The attention alone, from the queries and rows that are in the trace: writes its o and lse, and
 * leaves NaN in what lies before them. */
int layer_trace_attend(struct layer_trace *trace, const struct ref_layer_weights *weights,
                       const struct mla_kernel *kernel, const struct layer_chunks *chunks,
                       int threads, struct mla_error *error);

#endif
