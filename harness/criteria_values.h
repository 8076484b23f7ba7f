/* SPDX-License-Identifier: MIT
 *
 * The numbers that other projects' tests are fed with: their distributions and their types. */
#ifndef MLABENCH_CRITERIA_VALUES_H
#define MLABENCH_CRITERIA_VALUES_H

#include <stdint.h>

enum dtype { DTYPE_FP32, DTYPE_BF16, DTYPE_FP16 };

/* The nearest number of the type, ties to even, subnormals included; infinite beyond its largest.
 */
double dtype_round(enum dtype dtype, double x);
void dtype_round_all(enum dtype dtype, int64_t count, float *values);

enum distribution {
    NORMAL,       /* torch.randn: mean 0, standard deviation 1. Ours (random.h) ends at 4.9 */
    TENTH_NORMAL, /* that / 10, clipped to -1 .. 1 */
    UNIT,         /* torch.rand: uniform on 0 .. 1, 1 excluded */
    SYMMETRIC,    /* uniform on -1 .. 1 */
};

/* `count` elements of a stream, rounded to the type. The same for any number of threads. */
void values_fill(enum distribution distribution, enum dtype dtype, uint64_t seed, uint32_t stream,
                 int64_t count, float *values, int threads);

#endif
