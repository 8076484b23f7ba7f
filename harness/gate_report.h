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

/* A cache must not grow at all, an error by no more than a little. */
bool gate_cache_grew(const struct gate_comparison *one);
bool gate_error_grew(const struct gate_comparison *one);
bool gate_broken(const struct gate_comparison *one);

/* Why, where the figures do not say it; "" where they do. Borrowed. */
const char *gate_reason(const struct gate_comparison *one);

/* Of a logarithm of a ratio. */
double gate_percent(double log_ratio);

struct gate_counts gate_count(const struct gate_run *run);

/* A line per comparison, then the counts. */
void gate_print(const struct gate_run *run);

/* The same as an object, with all figures: results/README.md explains it. A new reference. */
json_t *gate_json(const struct gate_run *run);

#endif
