/* SPDX-License-Identifier: MIT
 *
 * Sizes of the inner loops, per instruction set.
 *
 * SCORES_KEYS    keys in a tile of scores: 4 rows x SCORES_KEYS accumulators
 * VALUES_WIDTH   vectors of columns in a tile of weighted sums: 4 rows x VALUES_WIDTH accumulators
 * GROUP          keys whose rows stay in the first-level cache while all tiles of queries pass
 * RATES          shares of the FMA peak, for the choice of `auto`: DeepSeek-V2-Lite, 4,096 cached
 * and 192 new tokens
 */
#ifndef MLABENCH_SIMD_TUNING_H
#define MLABENCH_SIMD_TUNING_H

#if defined(ISA_avx512)
#define SCORES_KEYS  6
#define VALUES_WIDTH 6
#define GROUP        6
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.87, .expanded = 0.75, .expanding = 0.86, .weights = 0.55 \
    }
#elif defined(ISA_avx2)
#define SCORES_KEYS  3
#define VALUES_WIDTH 3
#define GROUP        6
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.93, .expanded = 0.86, .expanding = 0.925, .weights = 0.7 \
    }
#else
#define SCORES_KEYS  2
#define VALUES_WIDTH 2
#define GROUP        6
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.72, .expanded = 0.68, .expanding = 0.74, .weights = 0.55 \
    }
#endif

#endif
