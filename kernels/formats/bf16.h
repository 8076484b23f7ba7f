/* SPDX-License-Identifier: MIT
 *
 * bfloat16: the upper half of a float. */
#ifndef MLABENCH_FORMATS_BF16_H
#define MLABENCH_FORMATS_BF16_H

#include <stdint.h>
#include <string.h>

/* To nearest, ties to even; what is too large becomes infinite, and NaN stays one. */
static inline void bf16_encode(int64_t count, const float *values, uint16_t *codes)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
        uint32_t nan = bits | 0x400000;
        codes[i] = (uint16_t)(((bits & 0x7fffffff) > 0x7f800000 ? nan : rounded) >> 16);
    }
}

/* Exact. */
static inline void bf16_decode(int64_t count, const uint16_t *codes, float *values)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)codes[i] << 16;
        memcpy(&values[i], &bits, sizeof bits);
    }
}

#endif
