/* SPDX-License-Identifier: MIT
 *
 * exp(x) for x <= 0, -inf and NaN. Worst error over all such floats, measured by
 * tests/test_exp.c: 1.03 ulp (AVX2, AVX-512), 0.99 ulp (scalar, without fused multiply-adds).
 * exp(0) is 1 exactly; denormal results are kept.
 *
 * x = n ln 2 + r, |r| <= ln 2 / 2; exp(r) by a polynomial of degree 6, minimax in relative error
 * (3.1e-9). */
#ifndef MLABENCH_SIMD_VEC_EXP_H
#define MLABENCH_SIMD_VEC_EXP_H

#include "kernels/simd/vec.h"

static inline vec vec_exp(vec x)
{
    /* Adding and taking away 1.5 2^23 rounds to a whole number. */
    const vec round = vec_broadcast(0x1.8p23f);
    x = vec_max(vec_broadcast(-104.0f), x); /* its exponential rounds to 0; NaN stays */
    vec n = vec_sub(vec_fma(x, vec_broadcast(0x1.715476p+0f), round), round);
    /* ln 2 in two parts; the first has few enough bits for n times it to be exact. */
    vec r = vec_fma(n, vec_broadcast(-0x1.62ep-1f), x);
    r = vec_fma(n, vec_broadcast(-0x1.0bfbe8p-15f), r);
    vec p = vec_broadcast(0x1.6a2352p-10f);
    p = vec_fma(p, r, vec_broadcast(0x1.123a6cp-7f));
    p = vec_fma(p, r, vec_broadcast(0x1.5558f4p-5f));
    p = vec_fma(p, r, vec_broadcast(0x1.555490p-3f));
    p = vec_fma(p, r, vec_broadcast(0x1.fffffcp-2f));
    p = vec_add(vec_fma(vec_mul(p, r), r, r), vec_broadcast(1.0f));
    return vec_exp2(p, n);
}

#endif
