/* SPDX-License-Identifier: MIT
 *
 * Attention as its formula reads, one query and head at a time, all its scores side by side. */
#ifndef MLABENCH_PLAIN_H
#define MLABENCH_PLAIN_H

#include "kernels/kernel.h"
#include "kernels/shape.h"

#pragma GCC visibility push(hidden)

/* Floats of workspace for one query and head, beside `scores` [max_keys]. */
int64_t plain_workspace(const struct mla_problem *problem, const struct shape *shape);

/* o [shape.v] = sum_j softmax(scale q.k_j)_j v_j and *lse for the sequence's new token t; the keys
 * and values are `head`'s. */
void plain_attend(const struct mla_problem *problem, const struct shape *shape, const void *cache,
                  const struct mla_call *call, const struct mla_seq *seq, int64_t t, int32_t head,
                  const float *q, float *workspace, float *o, float *lse);

/* The verbs of the kernels that cache expanded rows. */
int plain_expanded_plan(const struct mla_problem *problem, struct mla_plan *plan);
int plain_expanded_attend(const struct mla_problem *problem, const struct mla_memory *memory,
                          const struct mla_call *call);

#pragma GCC visibility pop

#endif
