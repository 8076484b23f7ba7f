/* SPDX-License-Identifier: MIT
 *
 * Rows of a cache: one per slot, in slot order, each of `width` values in the problem's format. The
 * only place that knows how a format is stored; whoever attends sees fp32. */
#ifndef MLABENCH_ROW_CACHE_H
#define MLABENCH_ROW_CACHE_H

#include "kernels/kernel.h"
#include "kernels/rows.h"

#pragma GCC visibility push(hidden)

/* Whether the format is implemented; if not, `*why` names it. */
bool row_cache_supports(const struct mla_problem *problem, const char **why);

/* Bytes of all slots, or -EOVERFLOW. */
int row_cache_bytes(const struct mla_problem *problem, int64_t width, size_t *bytes);

/* Where a column of a slot's row lies, for whoever reads the format itself. */
const void *row_cache_at(const struct mla_problem *problem, const void *cache, int64_t width,
                         int64_t slot, int64_t column);

/* Bytes of a value. */
int64_t row_cache_value_bytes(const struct mla_problem *problem);

/* Puts fp32 `values` [columns] into columns column, column + 1, ... of a slot's row. */
void row_cache_write(const struct mla_problem *problem, void *cache, int64_t width, int64_t slot,
                     int64_t column, int64_t columns, const float *values);

/* The inverse. */
void row_cache_read(const struct mla_problem *problem, const void *cache, int64_t width,
                    int64_t slot, int64_t column, int64_t columns, float *values);

/* Some columns of the rows in `slots` [count], as fp32: where they lie if possible, otherwise in
 * `gathered` [count][columns]. Unless `strided` is set they may come as a list, kept in `list`
 * [count]. */
struct rows row_cache_rows(const struct mla_problem *problem, const void *cache, int64_t width,
                           int64_t column, int64_t columns, int32_t count, const int64_t *slots,
                           bool strided, const float **list, float *gathered);

/* Floats that `gathered` needs for that many rows: 0 if it is never written. */
int64_t row_cache_gathered(const struct mla_problem *problem, int64_t columns, int32_t count,
                           bool strided);

/* The kernel verbs for rows that are cached as they come: a latent or its keys and values. */
int row_cache_store(const struct mla_problem *problem, const struct mla_memory *memory,
                    const struct mla_seq *seq, int64_t position, int64_t count, const float *rows,
                    int32_t threads);
int row_cache_load(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_seq *seq, int64_t position, int64_t count, float *rows);
int row_cache_copy_page(const struct mla_problem *problem, const struct mla_memory *memory,
                        int32_t from, int32_t to);

/* The latter two for rows of any width. */
int row_cache_load_rows(const struct mla_problem *problem, const void *cache, int64_t width,
                        const struct mla_seq *seq, int64_t position, int64_t count, float *rows);
int row_cache_copy_rows(const struct mla_problem *problem, void *cache, int64_t width, int32_t from,
                        int32_t to);

#pragma GCC visibility pop

#endif
