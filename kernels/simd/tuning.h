/* SPDX-License-Identifier: MIT
 *
 * Sizes of the inner loops, per instruction set; tiles are 4 rows high, so that they divide the
 * heads of every model.
 *
 *   SCORES_KEYS   keys in a tile of scores
 *   VALUES_WIDTH  vectors of columns in a tile of weighted sums
 *   GROUP         keys whose rows stay in the first-level cache while all tiles of queries pass
 *   INTEGER_KEYS, INTEGER_WIDTH  the former two, of the loops on integers; measured with V3's heads
 *                 and 16,384 keys in int8 on one thread of a Zen 4, core as % of the fp32 FMA peak
 *   RATES         shares of the FMA peak of `--isa` at 4,096 cached and 192 new tokens of
 *                 DeepSeek-V2-Lite, for the choice of `auto`
 *
 * Each was compared with its neighbours in the same rounds, on one thread of a Zen 5 with 48 kB of
 * L1 and 1 MB of L2; decode, 2,048 cached tokens, fp32, core as % of the FMA peak. Lengths that are
 * the same for all sets stand where they are used: SIMD_BLOCK in loops.h, spans and jobs with the
 * forms in kernels/vector, waves in kernels/vector/job.c.
 *
 * What bounds the tiles (`make mca` has the table): a step of a tile of scores, 4 rows by k keys,
 * takes 4 k multiply-adds and 4 + k loads, one of weighted sums, 4 rows by w vectors, 4 w and 4 +
 * w; with two multiply-adds and two loads a cycle, 12 or more of the one hide the other, and 12 of
 * latency 4 are what two units need, so that what registers allow (16: 12 sums; 32: 24) is enough
 * for both. Not hidden are the sums across lanes at the end of a tile of scores: 4 k of them for
 * 4 k d / VEC_WIDTH multiply-adds, which is why AVX-512 with heads of 192 + 128 reaches less than
 * with latents of 576; and where bf16 rows are widened as they are read, Intel's cores with AVX-512
 * multiply on the ports that widen: two operations a vector of 16 leave 24 of 36 slots. One
 * operation (vpermw) is predicted to reach no more there, and is measured at 72 % of the peak with
 * V2-Lite instead of 83; widening groups of keys and strips of values into L1 first at 73 %, rows
 * through a panel at 71 %. */
#ifndef MLABENCH_SIMD_TUNING_H
#define MLABENCH_SIMD_TUNING_H

#if defined(ISA_avx512)
/* V2-Lite | V3: 4 keys 69 | 74, 5: 74 | 80, 6: 76 | 81. Group of 3: 56 | 56, 6: 75 | 79,
 * 12: 77 | 80, 18: 72 | 77. Width 6 with a group of 12: 77 | 80, 4: 78 | 83; but `make mca`
 * predicts no more than 76 to 83 % for width 4 on Ice Lake and Sapphire Rapids, and 99 % for 6. */
#define SCORES_KEYS  6
#define VALUES_WIDTH 6
#define GROUP        12
/* With vpdpwssd | vpmaddwd and vpaddd: 6 x 6 (spills) 109 | 102, 4 x 4 143 | 111, 3 x 3 150 | 121,
 * 3 x 4 153 | 117, 4 x 3 142 | 120. */
#define INTEGER_KEYS 3
#ifdef ISA_avx512vnni
#define INTEGER_WIDTH 4
#else
#define INTEGER_WIDTH 3
#endif
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.87, .expanded = 0.75, .expanding = 0.86, .weights = 0.55 \
    }
#elif defined(ISA_avx2)
/* V2-Lite | V3: 2 keys 83 | 83, 3: 89 | 91, 4 (spills): 68 | 68. Width 2: 86 | 88, 3: 89 | 91.
 * Group of 3: 88 | 90, 6: 89 | 91, 9: 89 | 91, 12: 89 | 91. */
#define SCORES_KEYS   3
#define VALUES_WIDTH  3
#define GROUP         6
/* 3 x 3: 115, 3 x 2: 117, 2 x 3: 113, 2 x 2: 120. */
#define INTEGER_KEYS  2
#define INTEGER_WIDTH 2
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.93, .expanded = 0.86, .expanding = 0.925, .weights = 0.7 \
    }
#else
/* V2-Lite | V3, SSE2: 1 key 74 | 76, 2: 73 | 74, 3: 65 | 65. With 2 keys: width 1: 68 | 69,
 * 2: 73 | 74, 3: 65 | 65; group of 4: 73 | 74, 6: 73 | 74, 12: 72 | 73. */
#define SCORES_KEYS   1
#define VALUES_WIDTH  2
#define GROUP         6
#define INTEGER_KEYS  2
#define INTEGER_WIDTH 2
#define RATES                                                                  \
    {                                                                          \
        .absorbed = 0.72, .expanded = 0.68, .expanding = 0.74, .weights = 0.55 \
    }
#endif

#endif
