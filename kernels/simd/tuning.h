/* SPDX-License-Identifier: MIT
 *
 * Sizes of the inner loops, per instruction set; tiles are 4 rows high, so that they divide the
 * heads of every model.
 *
 *   SCORES_KEYS   keys in a tile of scores
 *   VALUES_WIDTH  vectors of columns in a tile of weighted sums
 *   GROUP         keys whose rows stay in the first-level cache while all tiles of queries pass
 *   RATES         shares of the FMA peak of `--isa` at 4,096 cached and 192 new tokens of
 *                 DeepSeek-V2-Lite, for the choice of `auto`
 *
 * Each was compared with its neighbours in the same rounds, on one thread of a Zen 5 with 48 kB of
 * L1 and 1 MB of L2; decode, 2,048 cached tokens, fp32, core as % of the FMA peak. */
#ifndef MLABENCH_SIMD_TUNING_H
#define MLABENCH_SIMD_TUNING_H

#if defined(ISA_avx512)
/* V2-Lite | V3: 4 keys 69 | 74, 5: 74 | 80, 6: 76 | 81. Group of 3: 56 | 56, 6: 75 | 79,
 * 12: 77 | 80, 18: 72 | 77. Width 6 with a group of 12: 77 | 80, 4: 78 | 83; but `make mca`
 * predicts no more than 76 to 83 % for width 4 on Ice Lake and Sapphire Rapids, and 99 % for 6. */
#define SCORES_KEYS  6
#define VALUES_WIDTH 6
#define GROUP        12
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.87, .expanded = 0.75, .expanding = 0.86, .weights = 0.55 \
    }
#elif defined(ISA_avx2)
/* V2-Lite | V3: 2 keys 83 | 83, 3: 89 | 91, 4 (spills): 68 | 68. Width 2: 86 | 88, 3: 89 | 91.
 * Group of 3: 88 | 90, 6: 89 | 91, 9: 89 | 91, 12: 89 | 91. */
#define SCORES_KEYS  3
#define VALUES_WIDTH 3
#define GROUP        6
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.93, .expanded = 0.86, .expanding = 0.925, .weights = 0.7 \
    }
#else /* as many accumulators as 16 registers hold beside a product; not compared */
#define SCORES_KEYS  2
#define VALUES_WIDTH 2
#define GROUP        6
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.72, .expanded = 0.68, .expanding = 0.74, .weights = 0.55 \
    }
#endif

#endif
