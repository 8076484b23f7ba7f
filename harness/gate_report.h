/* SPDX-License-Identifier: MIT
 *
 * What a gate has found, for readers and programs. */
#ifndef MLABENCH_GATE_REPORT_H
#define MLABENCH_GATE_REPORT_H

#include "harness/gate_run.h"

#include <jansson.h>

/* How many comparisons came to what. */
struct gate_counts {
    int comparisons;
    int verdicts[GATE_UNRESOLVED + 1]; /* of those timed */
    int cache, error;                  /* of those timed: what grew beyond its limit */
    int broken;                        /* right before and no longer */
    int wrong_before;                  /* neither timed nor broken */
};

struct gate_counts gate_count(const struct gate_run *run);

/* A line per comparison, then the counts. */
void gate_print(const struct gate_run *run);

/* The same as an object, with all figures: results/README.md explains it. A new reference. */
json_t *gate_json(const struct gate_run *run);

#endif
