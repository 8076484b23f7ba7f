/* SPDX-License-Identifier: MIT
 *
 * The scale that codes of a small range share. */
#ifndef MLABENCH_FORMATS_SCALE_H
#define MLABENCH_FORMATS_SCALE_H

#include <math.h>
#include <stdint.h>

/* The nearest integer, ties to even, for magnitudes below 2^51: beside such a number doubles tell
 * nothing finer apart. Without SSE4.1 rint is a call. */
static inline double to_integer(double value)
{
    return (value + 0x1.8p52) - 0x1.8p52;
}

/* The largest magnitude among finite values; 0 if there is none. */
static inline float largest_finite(int64_t count, const float *values)
{
    float largest = 0;
    for (int64_t i = 0; i < count; i++) {
        float magnitude = fabsf(values[i]);
        if (magnitude > largest && magnitude < INFINITY)
            largest = magnitude;
    }
    return largest;
}

/* The float nearest to largest / most, or the next above, so that no value lies beyond `most`
 * scales; 1 where all values are 0. */
static inline float scale_for(float largest, float most)
{
    float scale = largest / most;
    if (largest == 0)
        return 1;
    return (double)scale * most < largest ? nextafterf(scale, INFINITY) : scale;
}

#endif
