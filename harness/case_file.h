/* SPDX-License-Identifier: MIT
 *
 * case.json: one case in full, with the model that it is about, so that it can be had again
 * wherever and whenever. */
#ifndef MLABENCH_CASE_FILE_H
#define MLABENCH_CASE_FILE_H

#include "harness/error.h"
#include "harness/suite.h"

#include <jansson.h>
#include <stdint.h>

#define CASE_FILE_NAME "case.json"

/* Adds to `root` what case_file_read wants: schema_version, seed, kernel, kernel_time_limit_s, case
 * and model. `seed`: of this very case. */
int case_file_fill(json_t *root, const struct bench_case *c, uint64_t seed, const char *kernel,
                   double kernel_time_limit_s, struct mla_error *error);

/* FOLDER/case.json as a suite of one case, for its kernel or for `kernels` (globs; NULL: none
 * given). Refuses what it cannot honour with MLA_BAD_INPUT, the message naming file, field, what
 * was found and what is accepted; also MLA_MACHINE. */
int suite_replay(const char *folder, const char *kernels, struct suite *suite, uint64_t *seed,
                 struct mla_error *error);

#endif
