/* SPDX-License-Identifier: MIT
 *
 * Runs one kernel on seeded inputs in any of the ways that the contract allows, and asks the
 * reference what should have come out. */
#ifndef MLABENCH_TESTS_KERNEL_RUNNER_H
#define MLABENCH_TESTS_KERNEL_RUNNER_H

#include "harness/inputs.h"
#include "kernels/kernel.h"

#include <stdbool.h>
#include <stdint.h>

/* How the same attention is asked for. All zero: one thread, rows stored at once, one call. */
struct variation {
    int threads;         /* 0: 1 */
    int64_t chunk;       /* rows per store, 0: all */
    int64_t page_size;   /* 0: contiguous; pages are shuffled, and some stay unused */
    bool query_by_query; /* one call per new token */
    bool sequence_alone; /* one call per sequence, the last one first */
    int64_t kv_begin;    /* keys before it are left out */
    int64_t kv_end;      /* keys from it on are left out, 0: none */
    bool sinks;
    int32_t top_k; /* sparse: that many indices per query, some of them -1 */
};

/* A small model by hand. */
struct shape {
    enum mla_kind kind;
    enum mla_mask mask;
    int32_t heads, heads_kv, nope, rope, v, rank;
    int64_t cached, new_tokens;
    int32_t batch;
    bool ragged;
};

struct inputs runner_inputs(const struct shape *shape, int threads);

/* o [tokens][heads][v] and lse [tokens][heads], poisoned before. */
void runner_attend(const struct inputs *inputs, const struct mla_kernel *kernel,
                   const struct variation *variation, float *o, float *lse);

/* The worst error over all outputs, in units of the limit; infinite if anything is not finite that
 * should be. */
double runner_error(const struct inputs *inputs, const struct mla_kernel *kernel,
                    const struct variation *variation, const float *o, const float *lse);

/* Whether the kernel can do it at all. */
bool runner_supports(const struct inputs *inputs, const struct mla_kernel *kernel,
                     const struct variation *variation);

#endif
