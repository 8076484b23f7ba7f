/* SPDX-License-Identifier: MIT
 *
 * How one plot comes about, for the files that make one kind each: begin, print the data, finish.
 *
 * A plot is made of panels, one below the other, and series (lines, or sets of marks). Its data
 * file has one block per panel and series, panel by panel, separated by two empty lines: gnuplot's
 * index is panel * (number of series) + series. A block without data holds one line of NaN. */
#ifndef MLABENCH_PLOT_DRAW_H
#define MLABENCH_PLOT_DRAW_H

#include "harness/out_file.h"
#include "harness/plots.h"

/* Distinct words in order. */
#define WORDS_MAX 48
struct words {
    char item[WORDS_MAX][96];
    int count;
};

/* Adds a word if it is new. Returns its index, or -1 if there is no room. */
int words_add(struct words *words, const char *word);

/* What gnuplot and SVG take for themselves becomes '_': model names are data. */
void plot_label(char *label, size_t size, const char *name);
/* The same of a text of several words. */
void plot_phrase(char *phrase, size_t size, const char *text);

struct plot_draft {
    struct plot *plot;
    struct words panels, series; /* series: names as style.gp knows them */
    struct words labels;         /* of the series in the legend; empty: their names */
    char x_label[96];
    char figure[64]; /* the script's name; "": that of the plot's kind */
    struct out_file data;
    int blocks; /* of the data, so far */
};

struct plot_maker {
    const struct result_table *table; /* NULL where several runs are drawn */
    const char *out_folder;
    char *scripts_folder; /* absolute: gnuplot runs in out_folder */
    struct plots *plots;
    char broken[256]; /* why gnuplot cannot run at all, once known */
};

/* Adds a plot and opens its data file, `columns` being the first line. The format gives the file's
 * name after the family. */
__attribute__((format(printf, 7, 8))) int
plot_begin(struct plot_maker *maker, enum plot_kind kind, const char *family, const char *columns,
           struct plot_draft *draft, struct mla_error *error, const char *format, ...);

/* Begins the next block, `rows` being how many lines will follow: none prints the line of NaN of
 * `columns` columns. Its comment is the series' name, after one that names the panel. Where it is
 * in parentheses the block helps to draw, and its lines are not of the file's columns. */
void plot_block(struct plot_draft *draft, const char *comment, int rows, int columns);

/* Closes the data and draws. */
int plot_finish(struct plot_maker *maker, struct plot_draft *draft, struct mla_error *error);

/* Notes what cannot be drawn. */
__attribute__((format(printf, 2, 3))) void plot_undrawable(struct plot_maker *maker,
                                                           const char *format, ...);

/* Rows that share family, phase, batch, format and (but in prefill, where they are the context)
 * the number of new tokens. */
bool plot_same_group(const struct result_row *a, const struct result_row *b);
/* The context that a row is drawn at. */
int64_t plot_context(const struct result_row *row);

/* Representative cases of a family, one per phase: with at least three quarters of the kernels that
 * any case of its phase has, then the smallest batch, then the longest context. Each is given by
 * one of its rows, at the most threads. */
#define PLOT_CASES_MAX 4
int plot_cases(const struct result_table *table, const char *family,
               const struct result_row *cases[PLOT_CASES_MAX]);
/* For a panel, e.g. "decode, 16k cached, batch 8 ragged, fp32, 2 threads"; threads 0 are left out.
 */
void plot_case_title(const struct result_row *row, int64_t threads, char *title, size_t size);

/* A format's place among format_names; of an unknown one their number. */
int plot_format(const struct result_row *row);

/* Series of the rows that go with `of`, by result_kernel_order. */
void plot_series(const struct result_table *table, const struct result_row *of,
                 bool (*go_together)(const struct result_row *, const struct result_row *),
                 struct words *series);

/* The row of a series in a case (result_same_work) at a number of threads, or NULL. Of a baseline,
 * which several kernels run, the fastest: the strongest claim that it can make. */
const struct result_row *plot_find(const struct result_table *table, const struct result_row *work,
                                   const char *series, int64_t threads);

/* One kind each. `family` is unused by plot_error. */
int plot_latency(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_kv_cache(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_error(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_stages(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_peak(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_crossover(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_roofline(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_trade(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_formats(struct plot_maker *maker, const char *family, struct mla_error *error);
int plot_counters(struct plot_maker *maker, const char *family, struct mla_error *error);
/* All studies of the run (study.h). */
int plot_studies(struct plot_maker *maker, struct mla_error *error);
/* Of the model and phase of a row; draws nothing where no case is in two runs. */
int plot_machines(struct plot_maker *maker, const struct lineup *lineup,
                  const struct lineup_row *of, struct mla_error *error);

#endif
