/* SPDX-License-Identifier: MIT
 *
 * What came of kernels in cases as JUnit XML, which CI systems (GitLab, Jenkins, reporters for
 * GitHub Actions) show test by test:
 *
 *   testsuites name=TITLE tests failures errors skipped time
 *     testsuite name=KERNEL           one per kernel that had a case
 *       properties                    version, commit, seed, suite, cpu
 *       testcase classname="mlabench.KERNEL" name=CASE time
 *         failure message="CHECK: REASON" type=CHECK, inside what reproduces it, if anything does
 *         skipped message=REASON
 *
 * There is one testcase per kernel and case: several failures of one (a certificate's checks) are
 * one failure that names them all, and what had an outcome before the run was interrupted is not
 * skipped as well. */
#ifndef MLABENCH_JUNIT_H
#define MLABENCH_JUNIT_H

#include "harness/catalogue.h"
#include "harness/error.h"
#include "harness/tally.h"

#include <jansson.h>

/* Whether the file can be written, before anybody waits for what goes into it. Makes the folders
 * above it; what is in the file stays. Returns 0, MLA_BAD_INPUT or MLA_MACHINE. */
int junit_check(const char *path, struct mla_error *error);

/* Writes PATH.part and renames it, so that the file is always whole. `title`: of all, e.g.
 * "mlabench verify"; `catalogue`: nothing but its names is looked at; `context`: the context object
 * of a result, borrowed. Returns likewise. */
int junit_write(const char *path, const char *title, const struct tally *tally,
                const struct catalogue *catalogue, const json_t *context, struct mla_error *error);

#endif
