/* SPDX-License-Identifier: MIT
 *
 * 8-bit floats of the kind E4M3 FN (Micikevicius et al. 2022, "FP8 formats for deep learning"): 4
 * bits of exponent with bias 7, 3 of mantissa, the largest 448, the least subnormal 2^-9, no
 * infinities, NaN 0x7f and 0xff. */
#ifndef MLABENCH_FORMATS_E4M3_H
#define MLABENCH_FORMATS_E4M3_H

#include "kernels/formats/scale.h"

#include <string.h>

#define E4M3_MOST 448.0f
enum { E4M3_NAN = 0x7f };

/* To nearest, ties to even; beyond 448, and from an infinity, 448; NaN stays one. */
static inline uint8_t e4m3_code(double value)
{
    uint64_t bits, sign;
    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 56 & 0x80;
    bits &= INT64_MAX;
    double magnitude = fabs(value);
    if (isnan(value))
        return (uint8_t)(sign | E4M3_NAN);
    if (magnitude >= E4M3_MOST)
        return (uint8_t)(sign | (E4M3_NAN - 1));
    if (magnitude < 0x1p-6)
        return (uint8_t)(sign | (uint64_t)to_integer(magnitude * 0x1p9));
    uint64_t rounded = bits + ((1ull << 48) - 1) + (bits >> 49 & 1);
    return (uint8_t)(sign | ((rounded >> 49) - ((1023 - 7) << 3)));
}

/* Exact. */
static inline float e4m3_value(uint8_t code)
{
    uint32_t magnitude = (uint32_t)(code & 0x7f) << 20, bits;
    float value;
    memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p120f; /* from one exponent's bias to the other's, subnormals too */
    memcpy(&bits, &value, sizeof bits);
    if ((code & 0x7f) == E4M3_NAN)
        bits = 0x7fc00000;
    bits |= (uint32_t)(code & 0x80) << 24;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Values that share a scale; the quotients are rounded once. */
static inline float e4m3_encode(int64_t count, const float *values, uint8_t *codes)
{
    float scale = scale_for(largest_finite(count, values), E4M3_MOST);
    for (int64_t i = 0; i < count; i++)
        codes[i] = e4m3_code((double)values[i] / scale);
    return scale;
}

static inline void e4m3_decode(int64_t count, const uint8_t *codes, float scale, float *values)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = e4m3_value(codes[i]) * scale;
}

#endif
