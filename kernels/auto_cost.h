/* SPDX-License-Identifier: MIT
 *
 * What a call costs in either order over a cached latent, in FLOP at the FMA peak: the FLOPs of
 * each part divided by the share of the peak that its loops reach. */
#ifndef MLABENCH_AUTO_COST_H
#define MLABENCH_AUTO_COST_H

#include "kernels/kernel.h"
#include "kernels/simd/loops.h"

#pragma GCC visibility push(hidden)

struct auto_cost {
    double absorbed, reexpanded;
};

struct auto_cost auto_cost(const struct simd_loops *loops, const struct mla_problem *problem,
                           const struct mla_seq *seqs, int32_t batch);

#pragma GCC visibility pop

#endif
