/* SPDX-License-Identifier: MIT
 *
 * How each kernel fared in verification. */
#ifndef MLABENCH_TALLY_H
#define MLABENCH_TALLY_H

#include "harness/catalogue.h"
#include "harness/error.h"

#include <jansson.h>

struct kernel_tally {
    int passed, failed, skipped; /* cases */
    double worst_ratio;          /* of o or lse, among those that passed */
    char worst_case[200];
    char reason[640]; /* of the first failure, else of the first skip */
};

struct tally {
    struct kernel_tally *kernels; /* [catalogue count], malloc'ed */
    int count;
    int passed, failed, skipped; /* (kernel, case) pairs */
};

int tally_create(struct tally *tally, const struct catalogue *catalogue, struct mla_error *error);
void tally_destroy(struct tally *tally);

void tally_pass(struct tally *tally, int kernel, const char *case_name, double ratio);
void tally_fail(struct tally *tally, int kernel, const char *case_name, const char *reason);
void tally_skip(struct tally *tally, int kernel, const char *case_name, const char *reason);

/* A line per kernel that had a case, then `N passed, N failed, N skipped`. */
void tally_print(const struct tally *tally, const struct catalogue *catalogue);

/* The same as an object. A new reference. */
json_t *tally_json(const struct tally *tally, const struct catalogue *catalogue);

#endif
