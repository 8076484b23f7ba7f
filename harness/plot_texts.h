/* SPDX-License-Identifier: MIT
 *
 * What goes with a picture in a paper: its caption and the table behind it. */
#ifndef MLABENCH_PLOT_TEXTS_H
#define MLABENCH_PLOT_TEXTS_H

#include "harness/plot_data.h"
#include "harness/plot_draw.h"
#include "harness/tex_table.h"

/* Writes, once the data is there,
 *   captions/NAME.txt, .tex  the caption, plain, and for \caption{}
 *   tables/NAME.csv          all of data/NAME.tsv, with the panel and the series of each line
 *   tables/NAME.tex          what of it a page can show (plot_table)
 * into out_folder, which has these folders. Returns 0, MLA_BAD_INPUT or MLA_MACHINE. */
int plot_texts(const char *out_folder, const struct plot_draft *draft, struct mla_error *error);

/* The panel and the series that a block of the data belongs to: false for what follows those of the
 * panels. Either may be "". */
bool plot_block_place(const struct plot_draft *draft, int block, const char **panel,
                      const char **series);

/* The data as a table: fewer columns, units in the headings, three digits; where the context is
 * what counts, a column for each. Leaves in `note` what the .csv has beside it. */
void plot_table(const struct plot_draft *draft, const struct plot_data *data,
                struct tex_table *table, char *note, size_t size);

#endif
