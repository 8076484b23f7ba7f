/* SPDX-License-Identifier: MIT */
#include "harness/criteria_values.h"

#include "harness/random.h"

#include <math.h>

/* Bits of the significand, the leading one included, and the exponents of the smallest normal
 * number and of the largest one. */
static const struct format {
    int digits, least, most;
} formats[] = {
    [DTYPE_FP32] = {24, -126, 127},
    [DTYPE_BF16] = {8, -126, 127},
    [DTYPE_FP16] = {11, -14, 15},
};

double dtype_round(enum dtype dtype, double x)
{
    const struct format *f = &formats[dtype];
    if (x == 0 || !isfinite(x))
        return x;
    int exponent = ilogb(x) > f->least ? ilogb(x) : f->least;
    double unit = ldexp(1, exponent - f->digits + 1);
    double rounded = rint(x / unit) * unit;
    return fabs(rounded) >= ldexp(1, f->most + 1) ? copysign(INFINITY, x) : rounded;
}

void dtype_round_all(enum dtype dtype, int64_t count, float *values)
{
    for (int64_t i = 0; i < count && dtype != DTYPE_FP32; i++)
        values[i] = (float)dtype_round(dtype, values[i]);
}

static double unit(uint64_t seed, uint32_t stream, uint64_t counter)
{
    const uint64_t steps = 1 << 24; /* those of fp32 below 1 */
    return (double)random_below(seed, stream, counter, steps) / (double)steps;
}

static void fill_part(enum distribution distribution, uint64_t seed, uint32_t stream, int64_t first,
                      int64_t count, float *values)
{
    if (distribution == NORMAL || distribution == TENTH_NORMAL) {
        double sd = distribution == NORMAL ? 1 : 0.1;
        random_normal(seed, stream, (uint64_t)first, count, sd, values);
    }
    for (int64_t i = 0; i < count; i++) {
        if (distribution == TENTH_NORMAL)
            values[i] = fminf(fmaxf(values[i], -1), 1);
        else if (distribution == UNIT)
            values[i] = (float)unit(seed, stream, (uint64_t)(first + i));
        else if (distribution == SYMMETRIC)
            values[i] = (float)(2 * unit(seed, stream, (uint64_t)(first + i)) - 1);
    }
}

void values_fill(enum distribution distribution, enum dtype dtype, uint64_t seed, uint32_t stream,
                 int64_t count, float *values, int threads)
{
    enum { CHUNK = 4096 };
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t first = 0; first < count; first += CHUNK) {
        int64_t n = count - first < CHUNK ? count - first : CHUNK;
        fill_part(distribution, seed, stream, first, n, values + first);
        dtype_round_all(dtype, n, values + first);
    }
}
