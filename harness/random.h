/* SPDX-License-Identifier: MIT
 *
 * Seeded numbers from a counter-based generator: element i of a stream depends on (seed, stream, i)
 * alone, so any part can be made by any thread, and the bits are the same on every machine (integer
 * arithmetic, exact conversions, one rounding). */
#ifndef MLABENCH_RANDOM_H
#define MLABENCH_RANDOM_H

#include <stdint.h>

/* Streams in use, so that no two arrays share their numbers. */
enum random_stream {
    RANDOM_Q = 1,
    RANDOM_ROWS,
    RANDOM_WKV_B,
    RANDOM_LENGTHS,
    RANDOM_SAMPLE,
    RANDOM_ORDER,
    RANDOM_SINKS,
    RANDOM_TOP_K,
    RANDOM_PAGES,
    RANDOM_TARGETS,
    RANDOM_COLUMNS,
    RANDOM_CASE,
    RANDOM_BOOTSTRAP,
    RANDOM_DUEL,
    RANDOM_GRADIENT,
    RANDOM_LAYER = 100, /* and up: the layer's weights and hidden states */
};

/* 128 random bits: Philox-4x32-10 (Salmon et al. 2011). */
void random_bits(uint64_t seed, uint32_t stream, uint64_t counter, uint32_t out[4]);

/* Uniform on 0 .. bound - 1, bound > 0. */
uint64_t random_below(uint64_t seed, uint32_t stream, uint64_t counter, uint64_t bound);

/* Puts `count` numbers in a random order (Fisher and Yates), from draws counter, counter + 1, ...
 */
void random_shuffle(uint64_t seed, uint32_t stream, uint64_t counter, int32_t *numbers,
                    int64_t count);

/* Elements first .. first + count - 1 of a stream of nearly normal numbers (the sum of 8 uniform
 * ones, so none is beyond 4.9 standard deviations), mean 0, standard deviation sd. */
void random_normal(uint64_t seed, uint32_t stream, uint64_t first, int64_t count, double sd,
                   float *out);

#endif
