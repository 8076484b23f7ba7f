/* SPDX-License-Identifier: MIT
 *
 * What the machine can do at most, measured in the same run as the kernels: fp32 FMA peak and read
 * bandwidth, by a number of threads that start together. Call from one thread, outside parallel
 * regions. */
#ifndef MLABENCH_CEILINGS_H
#define MLABENCH_CEILINGS_H

#include "harness/cpu.h"
#include "harness/error.h"

#include <stdint.h>

/* Over `samples` samples; 0 samples: could not be measured, and the rest means nothing. */
struct ceiling {
    double median, min, max;
    int samples;
};

enum ceiling_level { CEILING_L2, CEILING_L3, CEILING_DRAM, CEILING_LEVELS };
extern const char *const ceiling_level_names[CEILING_LEVELS]; /* "L2", "L3", "DRAM" */

struct read_bandwidth {
    struct ceiling gbs;       /* 1e9 bytes per second, all threads together */
    int64_t bytes_per_thread; /* working set, each thread's own */
    char missing[128];        /* why there are no samples */
};

struct ceilings {
    int threads;
    const char *isa; /* of the loops: the best that runs here */
    char pinning[CPU_PINNING_MAX];
    struct ceiling fma_gflops;
    struct read_bandwidth read[CEILING_LEVELS];
};

/* All of it for one number of threads, about a second. Pins the team. Returns 0, MLA_BAD_INPUT or
 * MLA_MACHINE. */
int ceilings_measure(int threads, struct ceilings *ceilings, struct mla_error *error);

/* The FMA peak in GFLOP/s of one instruction set (NULL: the best), on the present team as it is
 * pinned, in about 0.15 s. A name that is unknown or that the CPU lacks is MLA_BAD_INPUT. */
int ceiling_fma_peak(int threads, const char *isa, struct ceiling *gflops, struct mla_error *error);

/* GFLOP/s of one burst of about `ms` milliseconds with the best instruction set, on the present
 * team: the FMA peak at this moment, to be interleaved with kernels. The iterations are calibrated
 * by the first call and the same ever after. */
double ceiling_fma_burst(int threads, double ms);

/* The working set of one thread for a level, in bytes: half of L2; half of its share of L3 if that
 * is at least twice L2; 4 times the L3 caches in use for DRAM, but 256 MiB at least and half of
 * `available` memory (bytes, 0: unknown) at most. Or 0, with the reason in `missing`. */
int64_t ceiling_working_set(enum ceiling_level level, int threads, const struct cpu_info *cpu,
                            uint64_t available, char missing[128]);

#endif
