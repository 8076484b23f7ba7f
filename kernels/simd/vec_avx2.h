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
    return _mm256_loadu_ps(p);
}

static inline void vec_store(float *p, vec a)
{
    _mm256_storeu_ps(p, a);
}

#define VEC_STREAM(p, a) _mm256_stream_ps(p, a)

static inline vec vec_broadcast(float x)
{
    return _mm256_set1_ps(x);
}

static inline vec vec_load4(const float *p)
{
    return _mm256_broadcast_ps((const __m128 *)(const void *)p);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

static inline vec vec_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline void vec_accumulate(vec *c, vec a, vec b)
{
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(*c) : "x"(a), "x"(b));
}

static inline float vec_reduce_add(vec a)
{
    __m128 quad = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 pair = _mm_add_ps(quad, _mm_movehl_ps(quad, quad));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
}

static inline float4 vec_fold_add(vec a)
{
    return (float4)_mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
}

static inline float4 vec_fold_max(vec a)
{
    return (float4)_mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
}

/* a0 + a2, b0 + b2, a1 + a3, b1 + b3 of each quad. */
static inline vec vec_halve2(vec a, vec b)
{
    return vec_add(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
}

static inline float4 vec_sum4(vec a, vec b, vec c, vec d)
{
    __m256d ab = _mm256_castps_pd(vec_halve2(a, b)), cd = _mm256_castps_pd(vec_halve2(c, d));
    return vec_fold_add(vec_add(_mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd)),
                                _mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd))));
}

static inline vec vec_low_exponent(vec a)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 23));
}

/* One shuffle, as the two of zero extension and shift compete with multiply-adds for issue ports.
 */
static inline vec vec_load_bf16(const uint16_t *p)
{
    const __m256i upper_halves =
        _mm256_setr_epi8(-1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7, -1, -1, 8, 9, -1,
                         -1, 10, 11, -1, -1, 12, 13, -1, -1, 14, 15);
    __m256i twice = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm256_castsi256_ps(_mm256_shuffle_epi8(twice, upper_halves));
}

static inline vec vec_load_fp16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline vec vec_load_int8(const int8_t *p)
{
    __m128i codes = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
}

/* As fp16 with the same bits of exponent and mantissa, whose bias is larger by 8. */
static inline vec vec_load_e4m3(const uint8_t *p)
{
    __m128i wide = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)p));
    __m128i magnitude = _mm_slli_epi16(_mm_and_si128(wide, _mm_set1_epi16(0x7f)), 7);
    __m128i sign = _mm_and_si128(wide, _mm_set1_epi16(INT16_MIN));
    __m128i nan = _mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x7f << 7));
    vec values = _mm256_cvtph_ps(_mm_or_si128(_mm_or_si128(magnitude, sign), nan));
    return vec_mul(values, vec_broadcast(0x1p8f));
}

#endif
