/* SPDX-License-Identifier: MIT
 *
 * What several runs show beside each other: a page, plots and a table. */
#ifndef MLABENCH_REPORT_RUNS_H
#define MLABENCH_REPORT_RUNS_H

#include "harness/document.h"
#include "harness/lineup.h"
#include "harness/plots.h"
#include "harness/report.h"

/* As report_write, of several runs, with tables/runs.csv for a table. */
int report_runs_write(const struct stored_runs *runs, const char *out_folder,
                      const char *scripts_folder, struct report_outcome *outcome,
                      struct mla_error *error);

/* Its page, and the parts of it that have a file of their own. */
void report_runs_page(struct document *doc, const struct lineup *lineup, const struct plots *plots);
void report_machines(struct document *doc, const struct stored_runs *runs);
void report_ceilings(struct document *doc, const struct stored_runs *runs);
/* Which kernel is fastest where, run by run, and how that was checked. */
void report_runs_summary(struct document *doc, const struct lineup *lineup);
void report_lineup(struct document *doc, const struct lineup *lineup);

#endif
