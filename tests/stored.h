/* SPDX-License-Identifier: MIT
 *
 * Results as a run would have stored them, made up for tests of what reads them. */
#ifndef MLABENCH_TESTS_STORED_H
#define MLABENCH_TESTS_STORED_H

#include <jansson.h>

/* A result without timings of a machine of two CPUs. A new reference. */
json_t *stored_result(const char *cpu, const char *host);

/* context.mlabench of a result; borrowed. */
json_t *stored_own(json_t *root);

/* The name of the decode case of model tiny with so many tokens cached. Static. */
const char *stored_case(int cached);

/* Adds repetitions of a kernel in that case, of so many ns each, on a machine whose FMA peak was
 * `peak` GFLOP/s. */
void stored_times(json_t *root, int cached, const char *kernel, const double *ns, int count,
                  double peak);

/* Makes the result a shard of a suite of cases with 1, 2, ... tokens cached, one in each of
 * `count` shards, and times its case. */
void stored_shard(json_t *root, int index, int count);

/* Writes it into the test's temporary folder (tests/cli.h) and gives up the reference. */
void stored_write(json_t *root, const char *name);

#endif
