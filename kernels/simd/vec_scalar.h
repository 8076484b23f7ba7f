/* SPDX-License-Identifier: MIT
 *
 * vec.h for any CPU: four floats of the compiler's own vector type, which are SSE2 on x86-64 and
 * NEON on aarch64. vec_fma is a multiplication and an addition. */
#ifndef MLABENCH_SIMD_VEC_SCALAR_H
#define MLABENCH_SIMD_VEC_SCALAR_H

#include "kernels/formats/e4m3.h"
#include "kernels/formats/fp16.h"

#ifdef __SSE__
#include <xmmintrin.h>
#define VEC_STREAM(p, a) _mm_stream_ps(p, (__m128)(a))
#endif

#define VEC_WIDTH 4

typedef float4 vec;

static inline vec vec_load(const float *p)
{
    return float4_load(p);
}

static inline void vec_store(float *p, vec a)
{
    float4_store(p, a);
}

static inline vec vec_broadcast(float x)
{
    return float4_all(x);
}

static inline vec vec_load4(const float *p)
{
    return float4_load(p);
}

static inline vec vec_add(vec a, vec b)
{
    return a + b;
}

static inline vec vec_sub(vec a, vec b)
{
    return a - b;
}

static inline vec vec_mul(vec a, vec b)
{
    return a * b;
}

static inline vec vec_max(vec a, vec b)
{
    return float4_select(a > b, a, b);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return a * b + c;
}

static inline void vec_accumulate(vec *c, vec a, vec b)
{
    *c += a * b;
}

static inline float vec_reduce_add(vec a)
{
    return (a[0] + a[2]) + (a[1] + a[3]);
}

static inline float4 vec_fold_add(vec a)
{
    return a;
}

static inline float4 vec_fold_max(vec a)
{
    return a;
}

static inline float4 vec_sum4(vec a, vec b, vec c, vec d)
{
    vec ab = (vec){a[0], b[0], a[1], b[1]} + (vec){a[2], b[2], a[3], b[3]};
    vec cd = (vec){c[0], d[0], c[1], d[1]} + (vec){c[2], d[2], c[3], d[3]};
    return (vec){ab[0], ab[1], cd[0], cd[1]} + (vec){ab[2], ab[3], cd[2], cd[3]};
}

static inline vec vec_low_exponent(vec a)
{
    return (vec)((int4)a << 23);
}

static inline vec vec_load_bf16(const uint16_t *p)
{
    uint32_t wide[4] = {(uint32_t)p[0] << 16, (uint32_t)p[1] << 16, (uint32_t)p[2] << 16,
                        (uint32_t)p[3] << 16};
    vec a;
    memcpy(&a, wide, sizeof a);
    return a;
}

static inline vec vec_load_fp16(const uint16_t *p)
{
    return (vec){fp16_value(p[0]), fp16_value(p[1]), fp16_value(p[2]), fp16_value(p[3])};
}

static inline vec vec_load_int8(const int8_t *p)
{
    return (vec){p[0], p[1], p[2], p[3]};
}

static inline vec vec_load_e4m3(const uint8_t *p)
{
    return (vec){e4m3_value(p[0]), e4m3_value(p[1]), e4m3_value(p[2]), e4m3_value(p[3])};
}

#endif
