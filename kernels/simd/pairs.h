/* SPDX-License-Identifier: MIT
 *
 * Products of 16-bit integers, added up in 32 bits, two by two: a register `pairs` holds VEC_WIDTH
 * pairs of int16_t, or as many int32_t.
 *
 *   pairs_zero()               0 in every lane
 *   pairs_load(p)              2 VEC_WIDTH int16_t
 *   pairs_broadcast(p)         the pair at p, over and over
 *   pairs_accumulate(&c, a, b) c += a0 b0 + a1 b1 of each pair
 *   pairs_accumulate_at(&c, a, p) the same with b = pairs_load(p), which takes no register
 *   pairs_widen(codes, to)     16 int8_t to as many int16_t
 *   pairs_join(a, b, to)       16 of a and 16 of b, side by side: a0 b0 a1 b1 ...
 *   pairs_floats(c)            the sums, as floats
 *   pairs_sum4(a, b, c, d)     the sum of all lanes of each, as an int4
 *
 * The sums are exact as long as they fit, whichever instructions compute them. Those that add up
 * are written as instructions: left to itself, gcc 12 makes all products of a step first, and
 * spills. */
#ifndef MLABENCH_SIMD_PAIRS_H
#define MLABENCH_SIMD_PAIRS_H

#include "kernels/simd/vec.h"

#if defined(ISA_avx512) || defined(ISA_avx2)

static inline void pairs_widen(const int8_t *codes, int16_t *to)
{
    __m128i all = _mm_loadu_si128((const __m128i *)(const void *)codes);
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_cvtepi8_epi16(all));
}

static inline void pairs_join(const int8_t *a, const int8_t *b, int16_t *to)
{
    __m128i one = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i other = _mm_loadu_si128((const __m128i *)(const void *)b);
    __m256i low = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(one, other));
    __m256i high = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(one, other));
    _mm256_storeu_si256((__m256i *)(void *)to, low);
    _mm256_storeu_si256((__m256i *)(void *)(to + 16), high);
}

#endif

#if defined(ISA_avx512)

typedef __m512i pairs;
typedef __m512i_u pairs_unaligned;

static inline pairs pairs_zero(void)
{
    return _mm512_setzero_si512();
}

static inline pairs pairs_load(const int16_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline pairs pairs_broadcast(const int16_t *p)
{
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return _mm512_set1_epi32(pair);
}

#if defined(ISA_avx512vnni)
static inline void pairs_accumulate(pairs *c, pairs a, pairs b)
{
    __asm__("vpdpwssd %2, %1, %0" : "+v"(*c) : "v"(a), "v"(b));
}

static inline void pairs_accumulate_at(pairs *c, pairs a, const int16_t *p)
{
    __asm__("vpdpwssd %2, %1, %0"
            : "+v"(*c)
            : "v"(a), "m"(*(const pairs_unaligned *)(const void *)p));
}
#else
static inline void pairs_accumulate(pairs *c, pairs a, pairs b)
{
    pairs products;
    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
            : "+v"(*c), "=&v"(products)
            : "v"(a), "v"(b));
}

static inline void pairs_accumulate_at(pairs *c, pairs a, const int16_t *p)
{
    pairs products;
    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
            : "+v"(*c), "=&v"(products)
            : "v"(a), "m"(*(const pairs_unaligned *)(const void *)p));
}
#endif

static inline vec pairs_floats(pairs c)
{
    return _mm512_cvtepi32_ps(c);
}

static inline pairs pairs_halve2(pairs a, pairs b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

static inline int4 pairs_sum4(pairs a, pairs b, pairs c, pairs d)
{
    pairs ab = pairs_halve2(a, b), cd = pairs_halve2(c, d);
    pairs abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti32x8_epi32(abcd, 1));
    return (int4)_mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

#elif defined(ISA_avx2)

typedef __m256i pairs;
typedef __m256i_u pairs_unaligned;

static inline pairs pairs_zero(void)
{
    return _mm256_setzero_si256();
}

static inline pairs pairs_load(const int16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline pairs pairs_broadcast(const int16_t *p)
{
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return _mm256_set1_epi32(pair);
}

static inline void pairs_accumulate(pairs *c, pairs a, pairs b)
{
    pairs products;
    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
            : "+x"(*c), "=&x"(products)
            : "x"(a), "x"(b));
}

static inline void pairs_accumulate_at(pairs *c, pairs a, const int16_t *p)
{
    pairs products;
    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
            : "+x"(*c), "=&x"(products)
            : "x"(a), "m"(*(const pairs_unaligned *)(const void *)p));
}

static inline vec pairs_floats(pairs c)
{
    return _mm256_cvtepi32_ps(c);
}

static inline pairs pairs_halve2(pairs a, pairs b)
{
    return _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
}

static inline int4 pairs_sum4(pairs a, pairs b, pairs c, pairs d)
{
    pairs ab = pairs_halve2(a, b), cd = pairs_halve2(c, d);
    pairs abcd = _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
    return (int4)_mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
}

#else

typedef int4 pairs;

static inline void pairs_widen(const int8_t *codes, int16_t *to)
{
    for (int i = 0; i < 16; i++)
        to[i] = (int16_t)codes[i];
}

static inline void pairs_join(const int8_t *a, const int8_t *b, int16_t *to)
{
    for (int i = 0; i < 16; i++) {
        to[2 * i] = (int16_t)a[i];
        to[2 * i + 1] = (int16_t)b[i];
    }
}

static inline pairs pairs_zero(void)
{
    return (pairs){0};
}

/* Registers of int16_t are only ever read back as such. */
static inline pairs pairs_load(const int16_t *p)
{
    pairs a;
    memcpy(&a, p, sizeof a);
    return a;
}

static inline pairs pairs_broadcast(const int16_t *p)
{
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return (pairs){pair, pair, pair, pair};
}

static inline void pairs_accumulate(pairs *c, pairs a, pairs b)
{
#ifdef __SSE2__
    *c += (pairs)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    /* Each pair's later element is the upper half on little-endian machines, its earlier one the
     * lower half with its sign extended. */
    *c += (a >> 16) * (b >> 16) + ((a << 16) >> 16) * ((b << 16) >> 16);
#endif
}

static inline void pairs_accumulate_at(pairs *c, pairs a, const int16_t *p)
{
    pairs_accumulate(c, a, pairs_load(p));
}

static inline vec pairs_floats(pairs c)
{
    return __builtin_convertvector(c, vec);
}

static inline int4 pairs_sum4(pairs a, pairs b, pairs c, pairs d)
{
    return (int4){a[0], b[0], c[0], d[0]} + (int4){a[1], b[1], c[1], d[1]} +
           (int4){a[2], b[2], c[2], d[2]} + (int4){a[3], b[3], c[3], d[3]};
}

#endif

#endif
