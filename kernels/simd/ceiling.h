/* SPDX-License-Identifier: MIT
 *
 * The loops behind the ceilings that kernels are held against: one thread's share each. */
#ifndef MLABENCH_SIMD_CEILING_H
#define MLABENCH_SIMD_CEILING_H

#include <stdint.h>

struct simd_ceiling {
    const char *isa;
    int32_t chains; /* of fma: independent recurrences, each `width` floats wide */
    int32_t width;

    /* The recurrence a <- factor a + addend, `iterations` times in each chain, on registers alone.
     * Chain number i starts at i + 1. Returns the sum of all lanes of all chains. With factor -1 it
     * alternates between two values, so it neither overflows nor settles. An iteration is
     * 2 chains width FLOP. */
    float (*fma)(int64_t iterations, float factor, float addend);

    /* The sum of count floats, `passes` times: a multiple of SIMD_READ_STEP, 64-byte aligned. */
    float (*read)(const float *data, int64_t count, int64_t passes);

    /* Stores n in each of the same floats in pass number n = 1 ... passes. `stream` does so past
     * the caches, and is NULL where there are no such stores; what it stored is ordered before
     * whatever follows. */
    void (*write)(float *data, int64_t count, int64_t passes);
    void (*stream)(float *data, int64_t count, int64_t passes);
};

#define SIMD_READ_STEP 128

#define SIMD_ISA(name) extern const struct simd_ceiling simd_ceiling_##name;
#include "kernels/simd/isas.def"
#undef SIMD_ISA

#endif
