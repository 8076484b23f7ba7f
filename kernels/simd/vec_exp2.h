/* SPDX-License-Identifier: MIT
 *
 * 2^x for x <= 0, -inf and NaN. Worst error over all such floats, measured by tests/test_exp2.c:
 * 0.88 ulp (AVX2, AVX-512), 1.08 ulp (scalar, without fused multiply-adds). 2^0 is 1
 * exactly; at -126.5 and below it is 0.
 *
 * x = n + f, n whole, |f| <= 1/2, both exact; 2^f by a polynomial of degree 6, minimax in relative
 * error (3.0e-9) among those with floats for coefficients that are 1 at 0. */
#ifndef MLABENCH_SIMD_VEC_EXP2_H
#define MLABENCH_SIMD_VEC_EXP2_H

#include "kernels/simd/vec.h"

static inline vec vec_exp2(vec x)
{
    /* Adding 1.5 2^23 rounds to a whole number, and 127 more leaves the exponent of 2^n in the low
     * bits of the sum: 0 stands for the number 0. */
    const vec round = vec_broadcast(0x1.8000fep23f);
    x = vec_max(vec_broadcast(-127.0f), x); /* NaN stays */
    vec sum = vec_add(x, round);
    vec f = vec_sub(x, vec_sub(sum, round));
    vec p = vec_broadcast(0x1.416b5p-13f);
    p = vec_fma(p, f, vec_broadcast(0x1.5f082ep-10f));
    p = vec_fma(p, f, vec_broadcast(0x1.3b2dep-7f));
    p = vec_fma(p, f, vec_broadcast(0x1.c6af7cp-5f));
    p = vec_fma(p, f, vec_broadcast(0x1.ebfbdcp-3f));
    p = vec_fma(p, f, vec_broadcast(0x1.62e43p-1f));
    p = vec_fma(p, f, vec_broadcast(1.0f));
    return vec_mul(p, vec_low_exponent(sum));
}

#endif
