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
    return _mm512_loadu_ps(p);
}

static inline void vec_store(float *p, vec a)
{
    _mm512_storeu_ps(p, a);
}

#define VEC_STREAM(p, a) _mm512_stream_ps(p, a)

static inline vec vec_broadcast(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec vec_load4(const float *p)
{
    return _mm512_broadcast_f32x4(_mm_loadu_ps(p));
}

static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline void vec_accumulate(vec *c, vec a, vec b)
{
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(*c) : "v"(a), "v"(b));
}

static inline float vec_reduce_add(vec a)
{
    return _mm512_reduce_add_ps(a);
}

static inline float4 vec_fold_add(vec a)
{
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    return (float4)_mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

static inline float4 vec_fold_max(vec a)
{
    __m256 half = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    return (float4)_mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

/* a0 + a2, b0 + b2, a1 + a3, b1 + b3 of each quad. */
static inline vec vec_halve2(vec a, vec b)
{
    return vec_add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
}

static inline float4 vec_sum4(vec a, vec b, vec c, vec d)
{
    __m512d ab = _mm512_castps_pd(vec_halve2(a, b)), cd = _mm512_castps_pd(vec_halve2(c, d));
    return vec_fold_add(vec_add(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                                _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd))));
}

static inline vec vec_low_exponent(vec a)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a), 23));
}

static inline vec vec_load_bf16(const uint16_t *p)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

static inline vec vec_load_fp16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

static inline vec vec_load_int8(const int8_t *p)
{
    __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)p);
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes));
}

/* As fp16 with the same bits of exponent and mantissa, whose bias is larger by 8. */
static inline vec vec_load_e4m3(const uint8_t *p)
{
    __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
    __m256i magnitude = _mm256_slli_epi16(_mm256_and_si256(wide, _mm256_set1_epi16(0x7f)), 7);
    __m256i sign = _mm256_and_si256(wide, _mm256_set1_epi16(INT16_MIN));
    __m256i nan = _mm256_cmpeq_epi16(magnitude, _mm256_set1_epi16(0x7f << 7));
    vec values = _mm512_cvtph_ps(_mm256_or_si256(_mm256_or_si256(magnitude, sign), nan));
    return vec_mul(values, vec_broadcast(0x1p8f));
}

#endif
