/* SPDX-License-Identifier: MIT
 *
 * What a result.json shows: a page, plots and tables, made of nothing but that file. */
#ifndef MLABENCH_REPORT_H
#define MLABENCH_REPORT_H

#include "harness/error.h"

#include <stdbool.h>

struct report_outcome {
    bool plotted;   /* every plot of the report was drawn */
    char note[512]; /* otherwise why not; the report says so too */
};

/* Reads one result.json and writes into out_folder, which is made if need be:
 *   report.html, report.md    the same page twice; the HTML has its plots inside
 *   plots/NAME.svg .pdf .png  drawn by gnuplot with the scripts in scripts_folder
 *   data/NAME.tsv             what each plot shows
 *   captions/NAME.txt .tex    what it is, for a paper
 *   tables/NAME.csv .tex      the table behind it
 *   tables/NAME.csv           cases, repetitions, kv_cache, counters, trade
 *   tex/NAME.tex              machine, accounting, limits, and lists of the plots and tables
 * Without gnuplot the rest is written all the same, and 0 returned. Returns MLA_BAD_INPUT for a
 * malformed file and MLA_MACHINE where something cannot be read or written. */
int report_write(const char *result_path, const char *out_folder, const char *scripts_folder,
                 struct report_outcome *outcome, struct mla_error *error);

#endif
