/* SPDX-License-Identifier: MIT
 *
 * From latent rows to keys and values per head: [k_nope | v] = Wkv_b c_kv, k_rope shared. */
#ifndef MLABENCH_EXPAND_H
#define MLABENCH_EXPAND_H

#include "kernels/arithmetic.h"
#include "kernels/kernel.h"

#pragma GCC visibility push(hidden)

/* `count` latent rows, evenly spaced, to one head's keys [qk_nope_head_dim + qk_rope_head_dim] and
 * values [v_head_dim], each array having rows `stride` floats apart. */
void expand_keys(const struct arithmetic *arithmetic, const struct mla_problem *problem,
                 int64_t head, int64_t count, const struct rows *latent, float *keys,
                 int64_t stride);
void expand_values(const struct arithmetic *arithmetic, const struct mla_problem *problem,
                   int64_t head, int64_t count, const struct rows *latent, float *values,
                   int64_t stride);

/* Floats of workspace that expand_store uses per thread. */
int64_t expand_workspace(const struct arithmetic *arithmetic, const struct mla_problem *problem);

/* The verbs of kernels that cache expanded rows [heads_kv][k | v], whichever kind they are given;
 * expanded_store with our own loops. */
int expand_store(const struct arithmetic *arithmetic, const struct mla_problem *problem,
                 const struct mla_memory *memory, const struct mla_seq *seq, int64_t position,
                 int64_t count, const float *rows, int32_t threads);
int expanded_store(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_seq *seq, int64_t position, int64_t count, const float *rows,
                   int32_t threads);
int expanded_load(const struct mla_problem *problem, const struct mla_memory *memory,
                  const struct mla_seq *seq, int64_t position, int64_t count, float *rows);
int expanded_copy_page(const struct mla_problem *problem, const struct mla_memory *memory,
                       int32_t from, int32_t to);

#pragma GCC visibility pop

#endif
