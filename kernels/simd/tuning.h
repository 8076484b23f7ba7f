/* SPDX-License-Identifier: MIT
 *
 * Sizes of the inner loops, per instruction set.
 *
 * SCORES_KEYS    keys in a tile of scores: 4 rows x SCORES_KEYS accumulators
 * VALUES_WIDTH   vectors of columns in a tile of weighted sums: 4 rows x VALUES_WIDTH accumulators
 * GROUP          keys whose rows stay in the first-level cache while all tiles of queries pass
 */
#ifndef MLABENCH_SIMD_TUNING_H
#define MLABENCH_SIMD_TUNING_H

#if defined(ISA_avx512)
#define SCORES_KEYS  6
#define VALUES_WIDTH 6
#define GROUP        6
#elif defined(ISA_avx2)
#define SCORES_KEYS  3
#define VALUES_WIDTH 3
#define GROUP        6
#else
#define SCORES_KEYS  2
#define VALUES_WIDTH 2
#define GROUP        6
#endif

#endif
