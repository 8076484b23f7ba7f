/* SPDX-License-Identifier: MIT
 *
 * IEEE binary16: 5 bits of exponent, 10 of mantissa. */
#ifndef MLABENCH_FORMATS_FP16_H
#define MLABENCH_FORMATS_FP16_H

#include <stdint.h>
#include <string.h>

/* To nearest, ties to even; 65520 and more becomes infinite, and NaN stays one. */
static inline uint16_t fp16_code(float value)
{
    uint32_t bits, sign, rounded;
    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    if (bits > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (bits >> 13 & 0x3ff));
    if (bits >= 0x477ff000)
        return (uint16_t)(sign | 0x7c00);
    if (bits < 0x38800000) {
        /* Beside 1/2, what floats can tell apart are multiples of 2^-24, as here. */
        float magnitude;
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&rounded, &magnitude, sizeof rounded);
        return (uint16_t)(sign | (rounded - 0x3f000000));
    }
    rounded = bits + 0xfff + (bits >> 13 & 1);
    return (uint16_t)(sign | (rounded - 0x38000000) >> 13);
}

/* Exact; a signalling NaN becomes a quiet one. */
static inline float fp16_value(uint16_t code)
{
    uint32_t magnitude = (uint32_t)code << 13 & 0x0fffe000, bits;
    float value;
    memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p112f; /* from one exponent's bias to the other's, subnormals too */
    memcpy(&bits, &value, sizeof bits);
    if (magnitude >= 0x0f800000)
        bits = 0x7f800000 | magnitude | (magnitude > 0x0f800000 ? 0x400000u : 0);
    bits |= (uint32_t)(code & 0x8000) << 16;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline void fp16_encode(int64_t count, const float *values, uint16_t *codes)
{
    for (int64_t i = 0; i < count; i++)
        codes[i] = fp16_code(values[i]);
}

static inline void fp16_decode(int64_t count, const uint16_t *codes, float *values)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = fp16_value(codes[i]);
}

#endif
