/* SPDX-License-Identifier: MIT
 *
 * A case of the absorbed core with its inputs and the outputs expected, in memory that child
 * processes share, and what a criterion makes of a kernel on it. */
#ifndef MLABENCH_CRITERIA_CORE_H
#define MLABENCH_CRITERIA_CORE_H

#include "harness/criteria.h"
#include "harness/criteria_finding.h"
#include "harness/error.h"
#include "harness/memory.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct core {
    const struct criterion *criterion;
    const struct core_case *c;
    const float *wkv_b; /* core_weights, for as many heads as the case has or more */
    uint64_t seed;
    int64_t first_row[CORE_BATCH_MAX]; /* of each sequence */
    int64_t tokens, rows;              /* of all sequences together */
    struct buffer q;                   /* [tokens][heads][CORE_LATENT + CORE_ROPE] */
    struct buffer latent;              /* [rows][CORE_LATENT + CORE_ROPE] */
    struct buffer sinks;               /* [heads], where the case has them */
    struct buffer o;                   /* expected: [tokens][heads][CORE_LATENT] */
    struct buffer lse;                 /* expected: [tokens][heads], times lse_factor */
};

/* Wkv_b that makes MLA the absorbed core: identities. wkv_b [heads][2 CORE_LATENT][CORE_LATENT],
 * zero before. */
int64_t core_weights_count(int32_t heads);
void core_weights(int32_t heads, float *wkv_b);

/* Allocates; all but the seed is borrowed. Returns 0 or MLA_MACHINE. */
int core_create(const struct criterion *criterion, const struct core_case *c, const float *wkv_b,
                uint64_t seed, struct core *core, struct mla_error *error);
void core_destroy(struct core *core);

/* Draws the inputs and computes what is expected; a child process may do it. Returns 0 or
 * MLA_MACHINE. */
int core_prepare(struct core *core, int threads, struct mla_error *error);

/* What the criterion says of outputs o [tokens][heads][CORE_LATENT] and lse [tokens][heads], which
 * are rounded and scaled in place. */
void core_compare(const struct core *core, float *o, float *lse, struct finding *finding);

/* Runs the kernel and compares. Memory is as an ordinary allocator gives it: no guards, zero but
 * for the cache of a criterion with nan_unused; o and lse are zero before. A kernel without pages
 * is given a contiguous cache, with unused slots after each sequence all the same. One that does
 * not support the case leaves the finding as it is but for the reason. Returns 0 or MLA_MACHINE. */
int core_judge(const struct core *core, const struct mla_kernel *kernel, int threads,
               struct finding *finding, struct mla_error *error);

#endif
