/* SPDX-License-Identifier: MIT */
#include "harness/layer_ops.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Outputs that one BLAS call computes. Fixed, so that the bits do not depend on the threads. */
enum { OUT_BLOCK = 128, LANES = 8 };

/* Absent from other BLAS libraries. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

void layer_ops_begin(void)
{
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
}

void layer_linear(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                  float *y, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t first = 0; first < out; first += OUT_BLOCK) {
        int64_t count = out - first < OUT_BLOCK ? out - first : OUT_BLOCK;
        const float *w = weight + first * in;
        if (tokens == 1)
            cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)count, (int)in, 1, w, (int)in, x, 1, 0,
                        y + first, 1);
        else
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)tokens, (int)count, (int)in,
                        1, x, (int)in, w, (int)in, 0, y + first, (int)out);
    }
}

/* In a fixed order, LANES sums side by side, that vectorises. A simd reduction would let each
 * inlined copy add in its own order, and the bits depend on the threads. */
float layer_sum_of_squares(int64_t n, const float *x)
{
    float sum[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sum[lane] += x[i + lane] * x[i + lane];
    for (int lane = 0; i < n; i++, lane++)
        sum[lane] += x[i] * x[i];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            sum[lane] += sum[lane + half];
    return sum[0];
}

void layer_norm(int64_t n, float eps, float gain, const float *w, const float *x, float *y)
{
    float factor = gain / sqrtf(layer_sum_of_squares(n, x) / (float)n + eps);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * factor * w[i];
}

void layer_rotate(int64_t n, int64_t pairs, bool interleaved, const float *cos, const float *sin,
                  const float *x, float *y)
{
    memcpy(y, x, sizeof *y * (size_t)(n - 2 * pairs));
    x += n - 2 * pairs;
    y += n - 2 * pairs;
    for (int64_t i = 0; i < pairs; i++) {
        int64_t a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + pairs;
        y[a] = x[a] * cos[i] - x[b] * sin[i];
        y[b] = x[a] * sin[i] + x[b] * cos[i];
    }
}

void layer_rope_table(int64_t pairs, const double *frequencies, double magnitude, double position,
                      float *cosines, float *sines)
{
    for (int64_t i = 0; i < pairs; i++) {
        cosines[i] = (float)(magnitude * cos(position * frequencies[i]));
        sines[i] = (float)(magnitude * sin(position * frequencies[i]));
    }
}
