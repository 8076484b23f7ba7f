/* SPDX-License-Identifier: MIT
 *
 * The vectorised 2^x over every float that a softmax can give it: scores less their maximum. */
#include "harness/cpu.h"
#include "kernels/simd/loops.h"
#include "tests/sanitized.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AT_ONCE = 4096 };

static const struct simd_loops *const all_loops[] = {
#define SIMD_ISA(name) &simd_loops_##name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
};
enum { ISAS = sizeof all_loops / sizeof all_loops[0] };

static const uint32_t minus_zero = 0x80000000, minus_infinity = 0xff800000;

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^x in double: exp2 of the C library would take a minute over all floats. Taylor's series of
 * exp(f ln 2), |f| <= 1/2, whose remainder is below 2^-57. */
static double power_of_2(double x)
{
    static const double ln2 = 0.693147180559945309417;
    const double round = 0x1.8p52 + 1023; /* see vec_exp2.h */
    double sum = x + round, t = (x - (sum - round)) * ln2, p = 1, scale;
#pragma GCC unroll 13
    for (int k = 13; k > 0; k--)
        p = 1 + p * (t * (1.0 / k));
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    bits <<= 52;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* In units in the last place of floats as large as the right result, at least of those from 2^-126
 * on. */
static double error_ulp(double right, float y)
{
    double ulps_per_one;
    uint64_t bits, least = 1023 - 126;
    memcpy(&bits, &right, sizeof bits);
    uint64_t exponent = bits >> 52;
    bits = (2 * 1023 + 23 - (exponent > least ? exponent : least)) << 52;
    memcpy(&ulps_per_one, &bits, sizeof bits);
    return fabs(y - right) * ulps_per_one;
}

/* Where 2^x is no more than a rounding away from 1, or is taken for 0. */
static void check_constant(const struct simd_loops *loops, const float *x, const float *y)
{
    int wrong = 0;
    for (int i = 0; i < AT_ONCE; i++)
        wrong += y[i] != (x[i] > -1 ? 1.0f : 0.0f);
    cr_assert(wrong == 0, "%s: %d of %d from 2^%a on", loops->isa, wrong, AT_ONCE, x[0]);
}

/* The worst error of the AT_ONCE floats from `bits` on. */
static double worst_of(const struct simd_loops *loops, uint32_t bits)
{
    static float x[AT_ONCE], y[AT_ONCE];
    static double right[AT_ONCE], errors[AT_ONCE];
    double worst = 0;
    for (uint32_t i = 0; i < AT_ONCE; i++)
        x[i] = of_bits(bits + i);
    loops->exp2(AT_ONCE, x, y);
    if (x[0] > -0x1p-26f || x[0] <= -126.5f) {
        check_constant(loops, x, y);
        return 0;
    }
    for (int i = 0; i < AT_ONCE; i++) {
        right[i] = x[i] <= -126.5f ? 0 : power_of_2(x[i]);
        errors[i] = error_ulp(right[i], y[i]);
    }
    cr_assert(fabs(right[0] / exp2(x[0]) - 1) < 1e-15);
    for (int i = 0; i < AT_ONCE; i++)
        worst = errors[i] > worst ? errors[i] : worst;
    return worst;
}

static const struct simd_loops *loops_of(const char *isa)
{
    for (int i = 0; i < ISAS; i++)
        if (strcmp(all_loops[i]->isa, isa) == 0 && cpu_has_isa(isa))
            return all_loops[i];
    return NULL;
}

static void check(const char *isa, double limit)
{
    const struct simd_loops *loops = loops_of(isa);
    if (!loops)
        cr_skip_test("not run: this CPU lacks %s", isa);
    double worst = 0;
    const uint32_t step = SANITIZED ? 16 * AT_ONCE : AT_ONCE;
    for (uint32_t bits = minus_zero; bits < minus_infinity; bits += step)
        worst = fmax(worst, worst_of(loops, bits));
    cr_assert(worst <= limit, "%s: %.4f ulp", isa, worst);
    /* What the header states is not far off. */
    cr_assert(worst > limit - (SANITIZED ? 0.1 : 0.01), "%s: %.4f ulp", isa, worst);
}

Test(exp2, scalar)
{
    check("scalar", 1.08);
}

Test(exp2, avx2)
{
    check("avx2", 0.88);
}

Test(exp2, avx512)
{
    check("avx512", 0.88);
}

Test(exp2, what_is_no_number)
{
    for (int isa = 0; isa < ISAS; isa++) {
        if (!cpu_has_isa(all_loops[isa]->isa))
            continue;
        float x[SIMD_CHUNK] = {-INFINITY, NAN, -NAN, INFINITY - INFINITY}, y[SIMD_CHUNK];
        all_loops[isa]->exp2(SIMD_CHUNK, x, y);
        cr_assert(y[0] == 0);
        cr_assert(isnan(y[1]) && isnan(y[2]) && isnan(y[3]));
    }
}
