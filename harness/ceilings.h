/* SPDX-License-Identifier: MIT
 *
 * What the machine can do at most, measured in the same run as the kernels: fp32 FMA peak and read
 * bandwidth, by a number of threads that start together. Call from one thread, outside parallel
 * regions. */
#ifndef MLABENCH_CEILINGS_H
#define MLABENCH_CEILINGS_H

#include "harness/bandwidth.h"
#include "harness/cpu.h"
#include "harness/error.h"

#include <stdint.h>

struct ceilings {
    int threads;
    const char *isa; /* of the loops: the best that runs here */
    char pinning[CPU_PINNING_MAX];
    struct ceiling fma_gflops;
    struct bandwidth read[CEILING_LEVELS];
};

/* All of it for one number of threads, one to two seconds. Pins the team. Returns 0, MLA_BAD_INPUT
 * or MLA_MACHINE. */
int ceilings_measure(int threads, struct ceilings *ceilings, struct mla_error *error);

/* The FMA peak in GFLOP/s of one instruction set (NULL: the best), on the present team as it is
 * pinned, in about 0.15 s. A name that is unknown or that the CPU lacks is MLA_BAD_INPUT. */
int ceiling_fma_peak(int threads, const char *isa, struct ceiling *gflops, struct mla_error *error);

/* GFLOP/s of one burst of about `ms` milliseconds with the best instruction set, on the present
 * team: the FMA peak at this moment, to be interleaved with kernels. The iterations are calibrated
 * by the first call and the same ever after. */
double ceiling_fma_burst(int threads, double ms);

#endif
