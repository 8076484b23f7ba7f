/* SPDX-License-Identifier: MIT
 *
 * Which timed rows of a result speak for MHA, expanded and latent attention in a case. */
#ifndef MLABENCH_CLAIM_ROWS_H
#define MLABENCH_CLAIM_ROWS_H

#include "harness/result_table.h"

/* Whether a row is an ordinary one: a dense, contiguous, warm batch of one. */
bool claim_row_ordinary(const struct result_row *row);

/* The fastest ordinary row of `work`'s family, format, threads, cached and new tokens that caches
 * so (as result_cache says: "latent", "expanded", "MHA", ...) and, unless it is NULL, computes in
 * this order; NULL if there is none. */
const struct result_row *claim_row(const struct result_table *table, const struct result_row *work,
                                   const char *cache, const char *order);

/* Median time of one step, ns; NAN for NULL. And the accounting's FLOPs of it. */
double claim_time(const struct result_row *row);
double claim_flops(const struct result_row *row);

/* Whether an ordinary row before this index has its family, format, threads, cached and new
 * tokens: each case is spoken of once. */
bool claim_row_repeats(const struct result_table *table, int index);

#endif
