/* SPDX-License-Identifier: MIT
 *
 * What the article that began this project claims, and what a run says of it. Each claim is one
 * function in a file of its own and one line in claims.c. Verdicts come from a result.json alone:
 * its timed cases and its studies. */
#ifndef MLABENCH_CLAIMS_H
#define MLABENCH_CLAIMS_H

#include "harness/result_table.h"

#include <jansson.h>

enum verdict_of_claim { CLAIM_HOLDS, CLAIM_CONDITIONS, CLAIM_FAILS, CLAIM_UNMEASURED };
extern const char *const claim_verdicts[]; /* "holds", "holds under conditions", ... */

/* A claim with what was found, while it is judged:
 *   id, claim, criterion   what it says, and what decides
 *   baseline, measured     sentences
 *   verdict                one of claim_verdicts
 *   figure                 the plot that shows it, as in plots/NAME.svg, or ""
 *   evidence               [{name, value, unit}], the figures that the verdict rests on
 *   missing                [sentence], what the run lacks for it */
struct claim {
    const char *id; /* lower case, digits, '-' */
    const char *says;
    const char *criterion;
    const char *figure; /* "" where `judge` sets it, as it depends on what was run */
    void (*judge)(const struct result_table *table, json_t *claim);
};

/* All verdicts, a new array. */
json_t *claims_judge(const struct result_table *table);

/* For judges. */
void claim_verdict(json_t *claim, enum verdict_of_claim verdict);
__attribute__((format(printf, 3, 4))) void claim_say(json_t *claim, const char *key,
                                                     const char *format, ...);
/* A figure; NAN becomes null. */
void claim_evidence(json_t *claim, const char *unit, double value, const char *name_format, ...)
    __attribute__((format(printf, 4, 5)));
__attribute__((format(printf, 2, 3))) void claim_missing(json_t *claim, const char *format, ...);

/* What a study found, or NULL, which is noted as missing in the claim. */
const json_t *claim_study(const struct result_table *table, json_t *claim, const char *name);
/* One of its single figures; NAN where there is none. */
double study_figure_of(const json_t *study, const char *name);
/* The value of a column in a row of a study: borrowed, NULL where there is none. */
const json_t *study_value(const json_t *study, size_t row, const char *column);
/* As text (""), and as a number (NAN). */
const char *study_text(const json_t *study, size_t row, const char *column);
double study_number(const json_t *study, size_t row, const char *column);
size_t study_rows(const json_t *study);

#endif
