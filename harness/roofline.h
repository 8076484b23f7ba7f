/* SPDX-License-Identifier: MIT
 *
 * The roofs of a machine: FMA peak by instruction set, bandwidth by level and access, each for
 * several numbers of threads. */
#ifndef MLABENCH_ROOFLINE_H
#define MLABENCH_ROOFLINE_H

#include "harness/bandwidth.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <jansson.h>

/* The members of what is measured that hold bandwidths, by access. */
extern const char *const roofline_lists[ACCESSES];

/* Measures in child processes, some 4 seconds for each number of threads, and puts into `roofs`:
 *   pinning          {THREADS: in words}
 *   fma_peak_gflops  {THREADS: {ISA: {median, min, max, samples} or {missing}}}
 *   read_bandwidth_gbs, write_bandwidth_gbs, non_temporal_write_bandwidth_gbs
 *                    {THREADS: {LEVEL: {median, min, max, samples, bytes} or {missing}}}
 * More threads than this process may use CPUs are missing. Returns 0, MLA_FAILED, MLA_MACHINE or
 * MLA_INTERRUPTED. */
int roofline_measure(const int *threads, int count, struct progress *progress, json_t *roofs,
                     struct mla_error *error);

#endif
