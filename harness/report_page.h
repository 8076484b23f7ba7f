/* SPDX-License-Identifier: MIT
 *
 * The report's page: which kernel to use and how sure that is, findings, plots, every case, the
 * machine, what was left out and why. */
#ifndef MLABENCH_REPORT_PAGE_H
#define MLABENCH_REPORT_PAGE_H

#include "harness/document.h"
#include "harness/plots.h"
#include "harness/result_table.h"

/* The summary first. `result_name`: where the figures come from, for the reader. */
void report_page(struct document *doc, const struct result_table *table, const struct plots *plots,
                 const char *result_name);

/* Its parts. */
void report_summary(struct document *doc, const struct result_table *table);
void report_findings(struct document *doc, const struct result_table *table);
/* Lists, the second where there is something to say. */
void report_checked(struct document *doc, const struct result_table *table);
void report_crossovers(struct document *doc, const struct result_table *table);
void report_plots(struct document *doc, const struct result_table *table,
                  const struct plots *plots);
/* Verdicts on the article's claims, and what studies found; nothing where there are none. */
void report_claims(struct document *doc, const struct result_table *table);
/* Nothing where no case has two formats. */
void report_trade(struct document *doc, const struct result_table *table);
void report_cases(struct document *doc, const struct result_table *table);
void report_counters(struct document *doc, const struct result_table *table); /* if any are there */
void report_run(struct document *doc, const struct result_table *table);
void report_left_out(struct document *doc, const struct result_table *table,
                     const struct plots *plots);

/* e.g. "decode, 16k cached, batch 8 ragged, fp32, 2 threads". */
void report_case(const struct result_row *row, char *text, unsigned long size);

/* Of the families the one with the most rows; "" if there is none. */
const char *report_leader(const struct result_table *table);

/* e.g. "285 GFLOP/s (276 to 287)", or why it is not there. */
void report_ceiling(const json_t *ceiling, const char *unit, char *text, unsigned long size);

/* A list of objects by two of their texts, folded if it is long; nothing if it is empty. */
void report_entries(struct document *doc, const json_t *list, const char *name_key,
                    const char *text_key, const char *title);

/* Plots that could not be drawn. */
void report_plots_missing(struct document *doc, const struct plots *plots);

#endif
