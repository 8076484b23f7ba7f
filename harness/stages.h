/* SPDX-License-Identifier: MIT
 *
 * How long each thread of a kernel spends in each stage of `attend`. */
#ifndef MLABENCH_STAGES_H
#define MLABENCH_STAGES_H

#include "kernels/kernel.h"

#include <stdint.h>

/* One thread's clock, on a cache line of its own. */
struct stage_clock {
    _Alignas(64) int64_t since;
    enum mla_stage stage; /* MLA_STAGES: in none */
    int64_t total[MLA_STAGES];
    bool announced[MLA_STAGES];
    int64_t readings; /* of the clock */
};

/* `clocks` [threads]. */
void stages_reset(struct stage_clock *clocks, int threads);

/* To be mla_call's `enter`, with the clocks as its context. */
void stages_enter(void *clocks, int32_t thread, enum mla_stage stage);

/* Most readings of the clock by one thread. */
int64_t stages_readings(const struct stage_clock *clocks, int threads);

/* Mean over the threads, in ns; NAN for a stage that none announced. */
double stages_mean(const struct stage_clock *clocks, int threads, enum mla_stage stage);

#endif
