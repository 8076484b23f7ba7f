/* SPDX-License-Identifier: MIT
 *
 * vec.h for AVX2 with FMA. */
#ifndef MLABENCH_SIMD_VEC_AVX2_H
#define MLABENCH_SIMD_VEC_AVX2_H

#include <immintrin.h>

#define VEC_WIDTH 8

typedef __m256 vec;

static inline vec vec_load(const float *p)
{
    return _mm256_load_ps(p);
}

static inline vec vec_broadcast(float x)
{
    return _mm256_set1_ps(x);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline float vec_reduce_add(vec a)
{
    __m128 quad = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 pair = _mm_add_ps(quad, _mm_movehl_ps(quad, quad));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
}

#endif
