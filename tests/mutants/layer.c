/* SPDX-License-Identifier: MIT
 *
 * The stages of a layer around attention that a kernel may bring along, written plainly: what
 * layer.mutants breaks. */
#include "kernels/kernel.h"

#include <math.h>
#include <string.h>

enum { OUT_BLOCK = 16 }; /* outputs that one thread computes at once */

static void project(int64_t in, int64_t count, const float *weight, const float *x, float *y)
{
    for (int64_t o = 0; o < count; o++) {
        float sum = 0;
        for (int64_t i = 0; i < in; i++)
            sum += weight[o * in + i] * x[i];
        y[o] = sum;
    }
}

static int linear(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                  float *y, int32_t threads)
{
    int64_t blocks = (out + OUT_BLOCK - 1) / OUT_BLOCK;
#pragma omp parallel for collapse(2) num_threads(threads) schedule(static)
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t b = 0; b < blocks; b++) {
            int64_t first = b * OUT_BLOCK;
            int64_t count = out - first < OUT_BLOCK ? out - first : OUT_BLOCK;
            project(in, count, weight + first * in, x + t * in, y + t * out + first);
        }
    return 0;
}

static const float *x_vector(const struct mla_vectors *v, int64_t t, int64_t i)
{
    return v->x + t * v->x_token_stride + i * v->x_stride;
}

static float *y_vector(const struct mla_vectors *v, int64_t t, int64_t i)
{
    return v->y + t * v->y_token_stride + i * v->y_stride;
}

static void norm_vector(const struct mla_vectors *v, const float *weight, float eps, float gain,
                        const float *x, float *y)
{
    float sum = 0;
    for (int64_t k = 0; k < v->width; k++)
        sum += x[k] * x[k];
    float factor = gain / sqrtf(sum / (float)v->width + eps);
    for (int64_t k = 0; k < v->width; k++)
        y[k] = x[k] * factor * weight[k];
}

static int norm(const struct mla_vectors *v, const float *weight, double eps, double gain,
                int32_t threads)
{
#pragma omp parallel for collapse(2) num_threads(threads) schedule(static)
    for (int64_t t = 0; t < v->tokens; t++)
        for (int64_t i = 0; i < v->count; i++)
            norm_vector(v, weight, (float)eps, (float)gain, x_vector(v, t, i), y_vector(v, t, i));
    return 0;
}

static void rotate(const struct mla_rope *rope, int64_t position, const float *x, float *y)
{
    int32_t pairs = rope->dim / 2;
    for (int32_t i = 0; i < pairs; i++) {
        int32_t a = rope->interleaved ? 2 * i : i;
        int32_t b = rope->interleaved ? 2 * i + 1 : i + pairs;
        double angle = (double)position * rope->frequencies[i];
        float c = (float)(rope->magnitude * cos(angle));
        float s = (float)(rope->magnitude * sin(angle));
        y[a] = x[a] * c - x[b] * s;
        y[b] = x[a] * s + x[b] * c;
    }
}

static int rope(const struct mla_vectors *v, const struct mla_rope *rope, const int64_t *positions,
                int32_t threads)
{
    int64_t rest = v->width - rope->dim;
#pragma omp parallel for collapse(2) num_threads(threads) schedule(static)
    for (int64_t t = 0; t < v->tokens; t++)
        for (int64_t i = 0; i < v->count; i++) {
            const float *x = x_vector(v, t, i);
            float *y = y_vector(v, t, i);
            memcpy(y, x, (size_t)rest * sizeof *y);
            rotate(rope, positions[t], x + rest, y + rest);
        }
    return 0;
}

void layer_verbs(struct mla_kernel *kernel);
void layer_verbs(struct mla_kernel *kernel)
{
    kernel->linear = linear;
    kernel->norm = norm;
    kernel->rope = rope;
}
