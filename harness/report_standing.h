/* SPDX-License-Identifier: MIT
 *
 * Who is fastest in a case, and how surely. */
#ifndef MLABENCH_REPORT_STANDING_H
#define MLABENCH_REPORT_STANDING_H

#include "harness/control.h"
#include "harness/result_table.h"

struct standing {
    const struct result_row *best,
        *second;            /* by medians; second is NULL where there is one alone */
    struct contest contest; /* of the second against the best */
    double times;           /* second's median over best's, or NAN */
    bool sure; /* that all others are slower; if not, the contest is of one that is not */
};

/* Whether two rows are of one case: the same model (baselines are other models), work and threads.
 */
bool standing_compete(const struct result_row *a, const struct result_row *b);

/* Whether a row competes with none: of the kernel `auto`, which calls one of the others, where
 * another kernel of the same order takes as long within 10 %, and is not surely slower. */
bool standing_left_out(const struct result_table *table, const struct result_row *row);

/* Of the rows that compete with this one, itself included, without those that are left out. */
struct standing standing_of(const struct result_table *table, const struct result_row *of);

/* Whether no earlier row competes with this one: each case has one such row. */
bool standing_leads(const struct result_table *table, const struct result_row *row);

/* Whether the best is surely faster than the second, e.g. "sure: second takes 20 % to 25 % more".
 */
void standing_words(const struct standing *standing, char *text, unsigned long size);

#endif
