/* SPDX-License-Identifier: MIT
 *
 * How long a model's attention takes per token, from layers that were measured. */
#ifndef MLABENCH_CACHE_TIMES_H
#define MLABENCH_CACHE_TIMES_H

#include "harness/cache_kinds.h"
#include "harness/result_table.h"

/* The rows that are about a kind of cache of a model in a format, of each case the fastest kernel's
 * alone; what is not ordinary (pages, lists, sinks, ragged, cold) is left out. Stores up to `most`
 * in file order. Returns how many there are. */
int cache_times(const struct result_table *table, const struct model *model,
                const struct cache_kind *kind, enum mla_format format,
                const struct result_row **rows, int most);

/* Storing and attending, of one new token, in all layers of the model: ns. */
double model_time(const struct result_row *row, const struct model *model);

#endif
