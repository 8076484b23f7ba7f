/* SPDX-License-Identifier: MIT */
#ifndef MLABENCH_REPORT_CLAIMS_TABLES_H
#define MLABENCH_REPORT_CLAIMS_TABLES_H

#include "harness/error.h"
#include "harness/result_table.h"

/* Writes tables/claims.csv and .tex (verdicts), evidence.csv (the figures that they rest on) and,
 * of studies without a plot, study-NAME.csv and .tex, as far as the result has them, into the
 * folder. Returns 0 or MLA_MACHINE. */
int report_claims_tables(const struct result_table *table, const char *out_folder,
                         struct mla_error *error);

#endif
