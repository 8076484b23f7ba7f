/* SPDX-License-Identifier: MIT
 *
 * How each kernel fared in verification. */
#ifndef MLABENCH_TALLY_H
#define MLABENCH_TALLY_H

#include "harness/catalogue.h"
#include "harness/error.h"

#include <jansson.h>
#include <stdbool.h>

struct kernel_tally {
    int passed, failed, skipped; /* cases */
    double worst_ratio;          /* of o or lse, among those that passed */
    char worst_case[200];
    char reason[640]; /* of the first failure, else of the first skip */
};

enum outcome_kind { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED };

/* What came of one kernel in one case. A certificate may fail several checks: one outcome each. */
struct outcome {
    enum outcome_kind kind;
    int kernel; /* in the catalogue */
    char *case_name;
    char *reason;    /* failed or skipped; else NULL, as below. Malloc'ed, as all texts are */
    char *check;     /* failed: which one */
    char *reproduce; /* failed: the command that shows it again */
    double seconds;  /* that verifying took; 0 when skipped */
};

struct tally {
    struct kernel_tally *kernels; /* [catalogue count], malloc'ed */
    int count;
    int passed, failed, skipped; /* (kernel, case) pairs */
    struct outcome *outcomes;    /* [outcome_count] in the order in which they came, malloc'ed */
    int outcome_count;
    bool keeps_outcomes; /* else there are none; set before the run by whoever wants them */
    bool incomplete;     /* there was no memory for all of the outcomes */
};

int tally_create(struct tally *tally, const struct catalogue *catalogue, struct mla_error *error);
void tally_destroy(struct tally *tally);

void tally_pass(struct tally *tally, int kernel, const char *case_name, double ratio,
                double seconds);

/* What there is to say of a failure; borrowed. */
struct failure {
    const char *check, *reason, *reproduce;
    double seconds;
};
void tally_fail(struct tally *tally, int kernel, const char *case_name,
                const struct failure *failure);
void tally_skip(struct tally *tally, int kernel, const char *case_name, const char *reason);

/* A line per kernel that had a case, then `N passed, N failed, N skipped`. */
void tally_print(const struct tally *tally, const struct catalogue *catalogue);

/* The same as an object. A new reference. */
json_t *tally_json(const struct tally *tally, const struct catalogue *catalogue);

#endif
