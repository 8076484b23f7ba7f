/* SPDX-License-Identifier: MIT
 *
 * Rows of a cache: one per slot, in slot order, laid out as the format wants. Whoever attends sees
 * fp32, unless it reads a format itself. */
#ifndef MLABENCH_ROW_CACHE_H
#define MLABENCH_ROW_CACHE_H

#include "kernels/kernel.h"
#include "kernels/row_layout.h"
#include "kernels/rows.h"

#pragma GCC visibility push(hidden)

/* Whether the format is implemented; if not, `*why` names it. */
bool row_cache_supports(const struct mla_problem *problem, const char **why);

/* Bytes of all slots, payload and padding: 0 or -EOVERFLOW. */
int row_cache_bytes(const struct mla_problem *problem, const struct row_layout *layout,
                    struct mla_plan *plan);

/* Where a group of a slot's row lies, for whoever reads the format itself. */
const void *row_cache_at(const struct row_layout *layout, const void *cache, int64_t slot,
                         int64_t group);

/* Puts fp32 `values` into a group of a slot's row, or into one part of it. */
void row_cache_write(const struct row_layout *layout, void *cache, int64_t slot, int64_t group,
                     const float *values);
void row_cache_write_part(const struct row_layout *layout, void *cache, int64_t slot, int64_t group,
                          int part, const float *values);

/* The inverse of the former. */
void row_cache_read(const struct row_layout *layout, const void *cache, int64_t slot, int64_t group,
                    float *values);

/* A group of the rows in `slots` [count], as fp32: where they lie if possible, otherwise in
 * `gathered` [count][layout->columns]. Unless `strided` is set they may come as a list, kept in
 * `list` [count]. */
struct rows row_cache_rows(const struct row_layout *layout, const void *cache, int64_t group,
                           int32_t count, const int64_t *slots, bool strided, const float **list,
                           float *gathered);

/* Floats that `gathered` needs for that many rows: 0 if it is never written. */
int64_t row_cache_gathered(const struct row_layout *layout, int32_t count, bool strided);

/* The kernel verbs for rows that are cached as they come: a latent or its keys and values. */
int row_cache_store(const struct mla_problem *problem, const struct mla_memory *memory,
                    const struct mla_seq *seq, int64_t position, int64_t count, const float *rows,
                    int32_t threads);
int row_cache_load(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_seq *seq, int64_t position, int64_t count, float *rows);
int row_cache_copy_page(const struct mla_problem *problem, const struct mla_memory *memory,
                        int32_t from, int32_t to);

/* The latter two for rows of any layout. */
int row_cache_load_rows(const struct mla_problem *problem, const struct row_layout *layout,
                        const void *cache, const struct mla_seq *seq, int64_t position,
                        int64_t count, float *rows);
int row_cache_copy_rows(const struct mla_problem *problem, const struct row_layout *layout,
                        void *cache, int32_t from, int32_t to);

#pragma GCC visibility pop

#endif
