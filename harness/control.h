/* SPDX-License-Identifier: MIT
 *
 * The standing A/A control: in every case the fastest kernel is timed twice in each round, from two
 * sets of memory. What it differs by from itself is what the machine, the order and the place in
 * memory do to anything, so a smaller difference between kernels says nothing. */
#ifndef MLABENCH_CONTROL_H
#define MLABENCH_CONTROL_H

#include "harness/paired.h"
#include "harness/result_table.h"

#include <jansson.h>
#include <stdbool.h>

/* As sure as the intervals between kernels of a run are. */
#define CONTROL_SURE 0.95

/* An element of context.mlabench.controls: log_ratios [rounds] of the control over the kernel, in
 * the case and beside the kernels that were timed together (an array of names, which is taken
 * over). With no rounds, `reason` says why. A new reference. */
json_t *control_json(const char *case_name, const char *kernel, json_t *kernels,
                     const double *log_ratios, int rounds, const char *reason);

/* How far the control of the rounds of rows a and b (which may be the same) moved: |log(second copy
 * / first)|, the median of the rounds. NAN if they had none. */
double control_moved(const struct result_table *table, const struct result_row *a,
                     const struct result_row *b);

enum contest_verdict {
    CONTEST_SLOWER, /* b is slower than a */
    CONTEST_FASTER,
    CONTEST_UNRESOLVED,
};

struct contest {
    enum contest_verdict verdict;
    struct paired change; /* of log(b / a) over the rounds that have both */
    const char *why;      /* unresolved, in words; else NULL. Static */
    bool level;           /* unresolved although there were rounds enough, and a control */
};

/* Whether row b of a result is slower than row a, of the same case. A difference counts if the
 * exact sign-test interval over the rounds excludes none and if it is more than twice what the
 * control of the rounds did. */
struct contest contest(const struct result_table *table, const struct result_row *a,
                       const struct result_row *b);

#endif
