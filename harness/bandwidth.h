/* SPDX-License-Identifier: MIT
 *
 * Bandwidth of each level of the memory, by a team of threads that start together, each on memory
 * of its own. */
#ifndef MLABENCH_BANDWIDTH_H
#define MLABENCH_BANDWIDTH_H

#include "harness/ceiling.h"
#include "harness/cpu.h"
#include "harness/error.h"

#include <stdint.h>

enum ceiling_level { CEILING_L1, CEILING_L2, CEILING_L3, CEILING_DRAM, CEILING_LEVELS };
extern const char *const ceiling_level_names[CEILING_LEVELS]; /* "L1", "L2", "L3", "DRAM" */

/* Ordinary stores make the caches fetch each line before it is written and write it back later; the
 * bytes counted are those stored. Non-temporal stores go past the caches: of DRAM alone. */
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_STREAM, ACCESSES };
extern const char *const access_names[ACCESSES]; /* "read", "write", "non-temporal write" */

struct bandwidth {
    struct ceiling gbs;       /* 1e9 bytes per second, all threads together */
    int64_t bytes_per_thread; /* working set, each thread's own */
    char missing[128];        /* why there are no samples */
};

/* Measures with the best instruction set, on the present team as it is pinned, in about 0.3 s; more
 * for DRAM, whose memory has to be touched first. What cannot be measured is `missing` and no
 * failure. Returns 0 or MLA_MACHINE (no memory). */
int bandwidth_measure(enum ceiling_level level, enum access access, int threads,
                      struct bandwidth *bandwidth, struct mla_error *error);

/* The working set of one thread for a level, in bytes: half of L1 or of L2; half of its share of L3
 * if that is at least 4 times L2; 4 times the L3 caches in use for DRAM, but 256 MiB at least and
 * half of `available` memory (bytes, 0: unknown) at most. Or 0, with the reason in `missing`. */
int64_t ceiling_working_set(enum ceiling_level level, int threads, const struct cpu_info *cpu,
                            uint64_t available, char missing[128]);

#endif
