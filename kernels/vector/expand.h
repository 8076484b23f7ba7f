/* SPDX-License-Identifier: MIT
 *
 * From latents to keys and values, [k_nope | v] = Wkv_b c_kv, on the loops of kernels/simd. Each
 * head's Wuk and Wuv are kept as tiles of SIMD_ROWS of their rows. */
#ifndef MLABENCH_VECTOR_EXPAND_H
#define MLABENCH_VECTOR_EXPAND_H

#include "kernels/kernel.h"
#include "kernels/simd/loops.h"

#pragma GCC visibility push(hidden)

/* Bytes of Wkv_b in tiles, and the verb `prepare` that makes them. */
size_t expand_prepared_bytes(const struct mla_problem *problem);
int expand_prepare(const struct mla_problem *problem, void *prepared, int32_t threads);

/* A head's keys (nope part) or values of `count` rows of a panel of latents, into the chunks of
 * another panel; columns up to the next multiple of SIMD_ROWS become 0. */
void expand_to_panel(const struct simd_loops *loops, const struct mla_problem *problem,
                     const void *prepared, int64_t head, bool values, const float *latent,
                     int32_t count, float *panel);

/* The verb `store` for a cache of expanded rows, whichever kind they are given. Its workspace is
 * expand_store_bytes. */
int64_t expand_store_bytes(const struct mla_problem *problem);
int expand_store_vector(const struct simd_loops *loops, const struct mla_problem *problem,
                        const struct mla_memory *memory, const struct mla_seq *seq,
                        int64_t position, int64_t count, const float *rows, int32_t threads);

#pragma GCC visibility pop

#endif
