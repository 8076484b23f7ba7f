/* SPDX-License-Identifier: MIT
 *
 * What a comparison of two stored runs has found, for readers and programs. */
#ifndef MLABENCH_COMPARE_REPORT_H
#define MLABENCH_COMPARE_REPORT_H

#include "harness/compare.h"

#include <jansson.h>

/* What is compared and how far, a line per kernel and case, what only one run has, the counts. */
void compare_print(const struct comparison *comparison);

/* The same as an object, with all figures: results/README.md explains it. A new reference. */
json_t *compare_json(const struct comparison *comparison);

/* As JUnit XML: slower, larger and newly failing ones are failures, what is unresolved or in one
 * run alone is skipped. Returns 0, MLA_BAD_INPUT or MLA_MACHINE. */
int compare_junit(const char *path, const struct comparison *comparison, struct mla_error *error);

/* For all three: "slower", "faster", "equal", "unresolved", or "not compared" between machines. */
const char *compare_verdict(const struct comparison *comparison, const struct compare_row *row);
/* Why a row that only one run has is not in the other: its reason if it was skipped or failed. */
const char *compare_absence(const struct comparison *comparison, const struct lineup_row *row);
/* Median of a counter per step; NAN if it could not be had in every repetition that was to count
 * it. */
double compare_counter(const struct result_row *row, const char *name);

#endif
