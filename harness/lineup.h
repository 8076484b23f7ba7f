/* SPDX-License-Identifier: MIT
 *
 * Several runs side by side: of each kernel and case what every run has of it. */
#ifndef MLABENCH_LINEUP_H
#define MLABENCH_LINEUP_H

#include "harness/error.h"
#include "harness/runs.h"

#include <stdbool.h>

struct lineup_row {
    const struct result_row *of[RUNS_MOST]; /* NULL: this run has not timed it */
    const struct result_row *any;           /* the first that there is */
    bool
        all_cpus; /* the runs' numbers of threads may differ: each is all the CPUs of its machine */
    int group;    /* of rows that are alike but for kernel and threads, in order of appearance */
    int runs;     /* that have it */
};

struct lineup {
    const struct stored_runs *runs;
    struct lineup_row *rows; /* [count], malloc'ed; by group, threads (all CPUs last), kernel */
    int count;
};

/* Rows are matched by name. Where machines have different numbers of CPUs, there are also rows for
 * all CPUs of each, and then none for a number of threads that is all CPUs of every run that has
 * it. `runs` is borrowed. Returns 0 or MLA_MACHINE. */
int lineup_create(const struct stored_runs *runs, struct lineup *lineup, struct mla_error *error);
void lineup_destroy(struct lineup *lineup);

/* Whether two rows are of one case: alike but for the kernel. */
bool lineup_same_case(const struct lineup_row *a, const struct lineup_row *b);

/* As report_case, with "all CPUs" instead of a number of threads where that is meant. */
void lineup_case(const struct lineup_row *row, char *text, unsigned long size);

#endif
