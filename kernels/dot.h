/* SPDX-License-Identifier: MIT
 *
 * Dot products of several vectors with several others at once. Each has four partial sums, for the
 * elements 4 i + 0 to 3, added at the end; so it has the same bits however many there are. */
#ifndef MLABENCH_DOT_H
#define MLABENCH_DOT_H

#include "kernels/float4.h"

#define DOT_TILE 8 /* products at once: as many sums as stay in sixteen registers */

/* out[i * n + j] = a_i . b_j for m x n <= DOT_TILE vectors, k floats long, a_i beginning at
 * a + i * lda. Inlined with m and n constant, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void
dot_tile(int m, int n, int64_t k, const float *a, int64_t lda, const float *const *b, float *out)
{
    float4 sums[DOT_TILE] = {{0}};
    int64_t x = 0;
    for (; x + 4 <= k; x += 4)
        for (int i = 0; i < m; i++) {
            float4 element = float4_load(a + i * lda + x);
            for (int j = 0; j < n; j++)
                sums[i * n + j] += element * float4_load(b[j] + x);
        }
    for (; x < k; x++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
                sums[i * n + j][0] += a[i * lda + x] * b[j][x];
    for (int i = 0; i < m * n; i++)
        out[i] = float4_sum(sums[i]);
}

static inline float dot(int64_t k, const float *a, const float *b)
{
    float out;
    dot_tile(1, 1, k, a, 0, &b, &out);
    return out;
}

#endif
