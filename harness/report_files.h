/* SPDX-License-Identifier: MIT
 *
 * The folder of a report, whatever the report is of. */
#ifndef MLABENCH_REPORT_FILES_H
#define MLABENCH_REPORT_FILES_H

#include "harness/document.h"
#include "harness/error.h"
#include "harness/plots.h"
#include "harness/report.h"

/* Makes it, with data, plots and tables in it. */
int report_make_folders(const char *out_folder, struct mla_error *error);

/* Writes the page in every format; `fill` writes it into one document. */
int report_write_pages(const char *out_folder,
                       void (*fill)(struct document *doc, const void *context), const void *context,
                       struct mla_error *error);

void report_note_plots(const struct plots *plots, struct report_outcome *outcome);

#endif
