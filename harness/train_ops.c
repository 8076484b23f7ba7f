/* SPDX-License-Identifier: MIT */
#include "harness/train_ops.h"

#include "harness/layer_ops.h"

#include <cblas.h>
#include <math.h>

/* What one BLAS call computes, of inputs or outputs. Fixed, so that the bits do not depend on the
 * threads. */
enum { BLOCK = 128 };

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void train_linear_back(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                       const float *grad_y, float *grad_x, float *grad_weight, int threads)
{
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static) nowait
        for (int64_t first = 0; first < in; first += BLOCK)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)tokens,
                        (int)smaller(BLOCK, in - first), (int)out, 1, grad_y, (int)out,
                        weight + first, (int)in, 1, grad_x + first, (int)in);
#pragma omp for schedule(static)
        for (int64_t first = 0; first < out; first += BLOCK)
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)smaller(BLOCK, out - first),
                        (int)in, (int)tokens, 1, grad_y + first, (int)out, x, (int)in, 1,
                        grad_weight + first * in, (int)in);
    }
}

static float norm_factor(const struct train_norm *norm, const float *x)
{
    return 1 / sqrtf(layer_sum_of_squares(norm->n, x) / (float)norm->n + norm->eps);
}

void train_norm_back(const struct train_norm *norm, int threads)
{
    int64_t n = norm->n;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int64_t t = 0; t < norm->tokens; t++) {
            const float *x = norm->x + t * norm->x_stride;
            const float *grad_y = norm->grad_y + t * norm->y_stride;
            float *grad_x = norm->grad_x + t * norm->x_stride;
            float r = norm_factor(norm, x), dot = 0;
            for (int64_t i = 0; i < n; i++)
                dot += grad_y[i] * norm->w[i] * x[i];
            float along = r * r / (float)n * dot;
            for (int64_t i = 0; i < n; i++)
                grad_x[i] += norm->gain * r * (norm->w[i] * grad_y[i] - x[i] * along);
        }
#pragma omp for schedule(static)
        for (int64_t first = 0; first < n; first += BLOCK)
            for (int64_t t = 0; t < norm->tokens; t++) {
                const float *x = norm->x + t * norm->x_stride;
                const float *grad_y = norm->grad_y + t * norm->y_stride;
                float factor = norm->gain * norm_factor(norm, x);
                for (int64_t i = first; i < smaller(n, first + BLOCK); i++)
                    norm->grad_w[i] += factor * grad_y[i] * x[i];
            }
    }
}

void train_rotate_back(int64_t n, int64_t pairs, bool interleaved, const float *cos,
                       const float *sin, const float *grad_y, float *grad_x)
{
    int64_t still = n - 2 * pairs;
    for (int64_t i = 0; i < still; i++)
        grad_x[i] += grad_y[i];
    grad_x += still;
    grad_y += still;
    for (int64_t i = 0; i < pairs; i++) {
        int64_t a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + pairs;
        grad_x[a] += grad_y[a] * cos[i] + grad_y[b] * sin[i];
        grad_x[b] += grad_y[b] * cos[i] - grad_y[a] * sin[i];
    }
}
