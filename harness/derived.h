/* SPDX-License-Identifier: MIT
 *
 * What counters say of a repetition once set against each other and against the work done. */
#ifndef MLABENCH_DERIVED_H
#define MLABENCH_DERIVED_H

#include <jansson.h>

/* Of the repetition, all steps and threads together. */
struct derived_work {
    double flops;  /* by accounting */
    double tokens; /* new ones */
    double line;   /* bytes that a miss of L3 fetches; 0: not known */
};

/* The figures, in the order of every table: name in result.json, heading, and the definition in
 * words. */
struct derived_figure {
    const char *name, *title, *definition;
    const char *above, *below; /* the fraction: counters, or "flops" or "tokens" of the work */
    double scale;              /* of above; 0: bytes of a line */
};
#define DERIVED_FIGURES 8
extern const struct derived_figure derived_figures[DERIVED_FIGURES];

/* {NAME: number, or null with a reason in *missing}, from an entry's counters and counters_missing.
 * New references. */
json_t *derived_json(const json_t *counters, const json_t *counters_missing,
                     const struct derived_work *work, json_t **missing);

#endif
