/* SPDX-License-Identifier: MIT
 *
 * What a run's checks came to. */
#ifndef MLABENCH_REPORT_CHECKED_H
#define MLABENCH_REPORT_CHECKED_H

#include "harness/result_table.h"

struct checked {
    const struct result_row *worst; /* by error over limit; NULL where no error is known */
    int64_t queries_checked, queries;
    int controls, controls_moved; /* A/A controls, and those that surely (95 %) differ from none */
    double control_most;          /* the largest of their medians, in % */
};

struct checked checked_of(const struct result_table *table);

#endif
