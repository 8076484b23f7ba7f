/* SPDX-License-Identifier: MIT
 *
 * vec.h for any CPU: four floats of the compiler's own vector type, which are SSE2 on x86-64 and
 * NEON on aarch64. vec_fma is a multiplication and an addition. */
#ifndef MLABENCH_SIMD_VEC_SCALAR_H
#define MLABENCH_SIMD_VEC_SCALAR_H

#define VEC_WIDTH 4

typedef float vec __attribute__((vector_size(16), may_alias));

static inline vec vec_load(const float *p)
{
    return *(const vec *)p;
}

static inline vec vec_broadcast(float x)
{
    return (vec){x, x, x, x};
}

static inline vec vec_add(vec a, vec b)
{
    return a + b;
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return a * b + c;
}

static inline float vec_reduce_add(vec a)
{
    return (a[0] + a[2]) + (a[1] + a[3]);
}

#endif
