/* SPDX-License-Identifier: MIT
 *
 * Four floats in the compiler's own vector type: every CPU the program runs on has registers for
 * them, and the order of operations is the source's, so results are the same bits whichever
 * compiler built it. */
#ifndef MLABENCH_FLOAT4_H
#define MLABENCH_FLOAT4_H

#include <stdint.h>
#include <string.h>

typedef float float4 __attribute__((vector_size(16)));
typedef int32_t int4 __attribute__((vector_size(16)));

static inline float4 float4_load(const float *p)
{
    float4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void float4_store(float *p, float4 v)
{
    memcpy(p, &v, sizeof v);
}

static inline float4 float4_all(float x)
{
    return (float4){x, x, x, x};
}

/* a where the comparison's mask is set, else b. */
static inline float4 float4_select(int4 mask, float4 a, float4 b)
{
    return (float4)((mask & (int4)a) | (~mask & (int4)b));
}

static inline float float4_sum(float4 v)
{
    return (v[0] + v[1]) + (v[2] + v[3]);
}

#endif
