/* SPDX-License-Identifier: MIT
 *
 * vec.h for AVX-512 F, BW, DQ and VL. */
#ifndef MLABENCH_SIMD_VEC_AVX512_H
#define MLABENCH_SIMD_VEC_AVX512_H

#include <immintrin.h>

#define VEC_WIDTH 16

typedef __m512 vec;

static inline vec vec_load(const float *p)
{
    return _mm512_load_ps(p);
}

static inline vec vec_broadcast(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline float vec_reduce_add(vec a)
{
    return _mm512_reduce_add_ps(a);
}

#endif
