/* SPDX-License-Identifier: MIT
 *
 * Integers from -127 to 127 times a scale. */
#ifndef MLABENCH_FORMATS_INT8_H
#define MLABENCH_FORMATS_INT8_H

#include "kernels/formats/scale.h"

#define INT8_MOST 127.0f

/* To nearest, ties to even; an infinity becomes +-127. NaN has no code: see int8_encode. */
static inline int8_t int8_code(double value)
{
    if (value >= INT8_MOST)
        return 127;
    if (value <= -INT8_MOST)
        return -127;
    return (int8_t)to_integer(value);
}

/* Values that share a scale; the quotients are rounded once. Where one is NaN the scale is, and
 * therefore all of them. */
static inline float int8_encode(int64_t count, const float *values, int8_t *codes)
{
    float scale = scale_for(largest_finite(count, values), INT8_MOST), nan = 0;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(values[i])) {
            nan = values[i];
            codes[i] = 0;
        } else {
            codes[i] = int8_code((double)values[i] / scale);
        }
    }
    return isnan(nan) ? nan : scale;
}

static inline void int8_decode(int64_t count, const int8_t *codes, float scale, float *values)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)codes[i] * scale;
}

#endif
