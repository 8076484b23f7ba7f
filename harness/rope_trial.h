/* SPDX-License-Identifier: MIT
 *
 * How far the ways to absorb keys with RoPE are off, on random queries and latents: scores of keys
 * at one distance, and the attention output over all keys up to a distance. */
#ifndef MLABENCH_ROPE_TRIAL_H
#define MLABENCH_ROPE_TRIAL_H

#include "harness/rope_absorption.h"

#include <stdint.h>

struct rope_trial {
    struct rope_heads heads; /* wuk, q and q_rope point into memory */
    double *wuv;             /* [heads][v_head_dim][rank], in memory */
    int64_t v_head_dim;
    uint64_t seed;
    double *memory; /* malloc'ed */
};

/* Sizes, RoPE, position and threads of *trial are set by the caller; this makes its numbers: Wuk
 * and Wuv normal, such that latents of variance 1 give keys and values of variance 1; queries
 * normal, and scales such that scores have a standard deviation of 2, with and without decoupled
 * RoPE. Returns 0 or MLA_MACHINE; the trial can be destroyed in either case. */
int rope_trial_create(struct rope_trial *trial, struct mla_error *error);
void rope_trial_destroy(struct rope_trial *trial);

/* errors[way]: of the scores of `samples` random keys at position - distance, against those of
 * rope_truth(way); root mean square, relative. Returns 0 or MLA_MACHINE. */
int rope_score_errors(const struct rope_trial *trial, int64_t distance, int64_t samples,
                      double errors[ROPE_WAYS], struct mla_error *error);

/* errors[i][way]: the same of o, o = Wuv sum_j p_j c_j, over random keys at all distances 0 ..
 * distances[i], ascending; NAN for ROPE_PER_KEY, which takes too long. */
int rope_output_errors(const struct rope_trial *trial, const int64_t *distances, int count,
                       double (*errors)[ROPE_WAYS], struct mla_error *error);

#endif
