/* SPDX-License-Identifier: MIT
 *
 * Whether one build's kernels are slower than another's, and how sure that is. Nothing is measured
 * here; harness/gate_run.h does. */
#ifndef MLABENCH_GATE_H
#define MLABENCH_GATE_H

#include "harness/error.h"
#include "harness/paired.h"

#include <stdint.h>

struct gate_rule {
    double limit; /* of a change that matters, e.g. 0.03; estimates beyond half of it alarm */
    double sure;  /* e.g. 0.95: that no case of the run alarms falsely; and of the intervals */
};

/* One kernel in one case: logarithms of ratios of times within a round. */
struct gate_series {
    double *head, *control; /* [n] after / before; before / before */
    int32_t *process;       /* [n] 0 to processes - 1: which one the round ran in */
    int n;
    int32_t processes;
};

/* Room for processes times rounds. Whatever it returns, gate_series_free is to follow. */
int gate_series_create(struct gate_series *series, int32_t processes, int rounds,
                       struct mla_error *error);
void gate_series_free(struct gate_series *series);

enum gate_verdict {
    GATE_EQUAL, /* the intervals leave no room for a change of the limit */
    GATE_FASTER,
    GATE_SLOWER,
    GATE_UNRESOLVED,
};
extern const char *const gate_verdict_names[]; /* "equal", ... */

struct gate_finding {
    enum gate_verdict verdict;
    struct paired head, control;
    double low, high; /* of the bootstrap over processes, of head */
    double p;         /* of head, corrected for the number of cases */
    const char *why;  /* unresolved, in words; else NULL. Static */
};

/* Judges `count` series together. A change is one if its p, after Holm's correction, is at most
 * 1 - sure, the bootstrap's interval excludes 0 on the same side, and the estimate is beyond half
 * the limit. If the control did half as much, nothing is concluded. */
void gate_judge(const struct gate_rule *rule, const struct gate_series *series, int count,
                uint64_t seed, struct gate_finding *findings);

#endif
