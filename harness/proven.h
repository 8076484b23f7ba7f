/* SPDX-License-Identifier: MIT
 *
 * Where each kernel was proven right: in this run; elsewhere, as make test-avx512 left it in
 * proofs.json; or nowhere. */
#ifndef MLABENCH_PROVEN_H
#define MLABENCH_PROVEN_H

#include "harness/catalogue.h"
#include "harness/suite.h"
#include "harness/tally.h"

#include <jansson.h>
#include <stdbool.h>

/* {commit, dirty, kernels {NAME: {where, cases}}} and the program that it is to hold for. */
struct proofs {
    const json_t *found; /* NULL: there are none. Borrowed */
    const char *commit;  /* of the program */
    bool dirty;          /* as build_dirty */
};

/* context.mlabench.proven: [{kernel, where, cases, reason}], one entry per kernel that a case of
 * the suite wants. A new reference. */
json_t *proven_list(const struct suite *suite, const struct catalogue *catalogue,
                    const struct tally *tally, const struct proofs *proofs);

/* The same with the proofs.json beside this program. */
json_t *proven_by_program(const struct suite *suite, const struct catalogue *catalogue,
                          const struct tally *tally);

#endif
