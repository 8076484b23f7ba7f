/* SPDX-License-Identifier: MIT
 *
 * The figures of a report as CSV files (RFC 4180: commas, quotes doubled, a header line). Missing
 * figures are empty. */
#ifndef MLABENCH_REPORT_TABLES_H
#define MLABENCH_REPORT_TABLES_H

#include "harness/error.h"
#include "harness/result_table.h"

/* Writes tables/cases.csv (a line per kernel and case), repetitions.csv (raw times), kv_cache.csv,
 * counters.csv (medians, with what is derived from them) and trade.csv (time, error and bytes) into
 * the folder, whose tables folder exists. Returns 0 or MLA_MACHINE. */
int report_tables(const struct result_table *table, const char *out_folder,
                  struct mla_error *error);

#endif
