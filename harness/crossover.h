/* SPDX-License-Identifier: MIT
 *
 * Where the absorbed and the re-expanded order over a cached latent cost the same: a query more
 * costs little once the keys are expanded, so re-expanding wins from some number of new tokens on.
 *
 * A group of rows has one model, format, batch, number of threads and of cached tokens; its kernels
 * are of either order, and `auto`, which chooses one for each call. */
#ifndef MLABENCH_CROSSOVER_H
#define MLABENCH_CROSSOVER_H

#include "harness/result_table.h"

#define CROSSOVER_POINTS_MAX 64
#define CROSSOVER_POINTS_MIN 3

/* Of absorbed / re-expanded, interpolated between neighbouring numbers of new tokens as a straight
 * line on logarithmic axes. */
struct crossing {
    int count;              /* how often the ratio passes 1; -1: a figure is missing */
    double first, last;     /* new tokens there, if count > 0 */
    double low, high;       /* likewise, of the quartiles of the rounds' own ratios; NAN unless each
                               of the three passes 1 once; 0: it has no rounds */
    bool absorbed_at_first; /* whether absorbing costs less at the least number of new tokens */
};

struct crossover {
    const struct result_row *leader; /* the group's first row */
    /* A row each of the pair of kernels compared, one of each order, of one instruction set and the
     * fastest over `tokens`, the numbers of new tokens that both were timed at: as many as any such
     * pair has, ascending. */
    const struct result_row *absorbed, *reexpanded;
    int64_t tokens[CROSSOVER_POINTS_MAX];
    int count;
    struct crossing measured, by_flops; /* of median times, and of the pair's `flops` */
    double auto_worst;     /* median of `auto` / that of the fastest other kernel, at its worst;
                              NAN: none */
    int64_t auto_worst_at; /* new tokens */
};

bool crossover_same_group(const struct result_row *a, const struct result_row *b);

/* The row of a kernel of the group at a number of new tokens, or NULL. */
const struct result_row *crossover_row(const struct result_table *table,
                                       const struct result_row *leader, const char *kernel,
                                       int64_t new_tokens);

/* Of the group that the row with this index leads. False if it leads none, or if no two kernels can
 * be compared at CROSSOVER_POINTS_MIN numbers of new tokens. */
bool crossover_at(const struct result_table *table, int index, struct crossover *crossover);

/* Which order `is_better` (a verb, e.g. "is faster") up to where, e.g. "absorbing is faster up to
 * about 172 new tokens at once (168 to 177 by the rounds' quartiles)"; "" if a figure is missing.
 */
void crossover_words(const struct crossover *crossover, const struct crossing *crossing,
                     const char *is_better, char *text, unsigned long size);

/* e.g. "128k cached, batch 8 ragged, fp32, 2 threads". */
void crossover_case(const struct result_row *leader, char *text, unsigned long size);

#endif
