/* SPDX-License-Identifier: MIT
 *
 * The plots of a report: which there are, the data that each shows, and drawing them. */
#ifndef MLABENCH_PLOTS_H
#define MLABENCH_PLOTS_H

#include "harness/error.h"
#include "harness/lineup.h"
#include "harness/result_table.h"

#include <stdbool.h>

enum plot_kind {
    PLOT_LATENCY,   /* time per new token against context */
    PLOT_KV_CACHE,  /* bytes against context */
    PLOT_ERROR,     /* in units of the limit, all models */
    PLOT_STAGES,    /* shares of the time */
    PLOT_PEAK,      /* % of the FMA peak */
    PLOT_CROSSOVER, /* time per new token against new tokens: absorbed or re-expanded */
    PLOT_ROOFLINE,  /* GFLOP/s against FLOP per byte, under the machine's roofs */
    PLOT_TRADE,     /* time against error and bytes: kernels and formats */
    PLOT_FORMATS,   /* errors of formats and of arithmetic against context */
    PLOT_COUNTERS,  /* what event counters say of each kernel */
    PLOT_MACHINES,  /* % of each machine's own FMA peak */
    PLOT_STUDY,     /* what a study found */
    PLOT_KINDS,
};

struct plot {
    enum plot_kind kind;
    char name[96];   /* plots/NAME.svg, .pdf, .png and data/NAME.tsv; letters, digits, '.', '-' */
    char family[64]; /* the model, or "" for all */
    char title[256];
    char caption[1400];
    int table_rows; /* of tables/NAME.tex: above TEX_TABULAR_ROWS it is a longtable */
    bool drawn;
    char why_not[256]; /* if not */
};

struct plots {
    struct plot *items; /* malloc'ed; by family in order of appearance, then by kind */
    int count;
    char **undrawable; /* [undrawable_count] sentences: what the data cannot show, and why */
    int undrawable_count;
};

/* Writes data and plots below out_folder, whose data and plots folders exist. A plot that gnuplot
 * does not draw is no failure: see `drawn`. Returns 0 or MLA_MACHINE; the plots can be destroyed
 * in either case. */
int plots_draw(const struct result_table *table, const char *out_folder, const char *scripts_folder,
               struct plots *plots, struct mla_error *error);
/* The same of several runs. */
int plots_draw_lineup(const struct lineup *lineup, const char *out_folder,
                      const char *scripts_folder, struct plots *plots, struct mla_error *error);
void plots_destroy(struct plots *plots);

#endif
