/* SPDX-License-Identifier: MIT
 *
 * What a LaTeX document (scripts/paper) says of a run and shows of it. */
#ifndef MLABENCH_REPORT_TEX_H
#define MLABENCH_REPORT_TEX_H

#include "harness/error.h"
#include "harness/plots.h"
#include "harness/result_table.h"

/* Writes below out_folder, which has a folder tex:
 *   run.tex         \newcommand{\RunCommit}{...} and the like
 *   machine.tex     a tabular: machine and program
 *   ceilings.tex    a tabular: FMA peak and read bandwidths
 *   accounting.tex  \item per sentence
 *   limits.tex      paragraphs: noise, controls, what failed, was skipped or could not be drawn
 *   figures.tex     \plotfamily{MODEL} and \plotfigure{NAME}{caption}, in order
 *   tables.tex      \plottable, \plotlongtable or, of what is too long to print, \plotothertable
 *                   {NAME}{title}, likewise
 * Returns 0, MLA_BAD_INPUT or MLA_MACHINE. */
int report_tex(const struct result_table *table, const struct plots *plots, const char *out_folder,
               struct mla_error *error);

/* The paragraphs of limits.tex. */
void report_tex_limits(FILE *file, const struct result_table *table, const struct plots *plots);

#endif
