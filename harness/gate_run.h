/* SPDX-License-Identifier: MIT
 *
 * Two builds of the kernels over a suite: what their caches take, how right they are, and, timed
 * against each other, which is slower (harness/gate.h). */
#ifndef MLABENCH_GATE_RUN_H
#define MLABENCH_GATE_RUN_H

#include "harness/gate_case.h"
#include "harness/progress.h"

struct gate_run {
    const struct suite *suite;
    const struct gate_libraries *libraries;
    struct gate_rule rule;
    int processes, rounds; /* of the first stage: processes per comparison, rounds in each */
    double minutes;        /* since the start, after which nothing is timed again */
    uint64_t seed;
    bool quiet;
    struct gate_comparison *comparisons; /* [count], made by gate_run */
    int count;
    int cut;        /* comparisons that would have been timed again, had there been time */
    int64_t end_ns; /* when there is none left */
    struct progress progress;
};

/* At most so many. */
enum { GATE_STAGES = 4 };

/* Compares the kernels that both builds have and the suite's cases want. What alarms is timed again
 * in the next stage, in new processes, and what is not resolved in twice as many: a change is one
 * when it has alarmed twice, and what is found equal is equal. What alarms comes before what is in
 * doubt, so that it is settled before the time is up. Returns 0 whatever was found,
 * MLA_BAD_INPUT if there is nothing to compare, MLA_MACHINE or MLA_INTERRUPTED. gate_run_free is to
 * follow. */
int gate_run(struct gate_run *run, struct mla_error *error);
void gate_run_free(struct gate_run *run);

/* Both passed verification, so that they were timed. */
bool gate_timed(const struct gate_comparison *comparison);

#endif
