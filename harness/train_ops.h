/* SPDX-License-Identifier: MIT
 *
 * The derivatives of layer_ops.h's functions in fp32. Gradients are added to. The same bits for any
 * number of threads. */
#ifndef MLABENCH_TRAIN_OPS_H
#define MLABENCH_TRAIN_OPS_H

#include <stdbool.h>
#include <stdint.h>

/* y = W x: grad_x += W^T grad_y and grad_W += sum over tokens of grad_y x^T, by CBLAS. Shapes as
 * for layer_linear. */
void train_linear_back(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                       const float *grad_y, float *grad_x, float *grad_weight, int threads);

/* Of `tokens` vectors, n wide, from one to the next x_stride (x and grad_x) and y_stride floats.
 * With r = (mean(x^2) + eps)^-1/2, which is computed again,
 *   grad_x_i += gain r (w_i grad_y_i - x_i r^2 / n sum_k grad_y_k w_k x_k)
 *   grad_w_i += gain r grad_y_i x_i */
struct train_norm {
    int64_t tokens, n, x_stride, y_stride;
    float eps, gain;
    const float *w, *x, *grad_y;
    float *grad_x, *grad_w;
};
void train_norm_back(const struct train_norm *norm, int threads);

/* Adds grad_y, n wide, to grad_x, its last 2 `pairs` elements by the transpose of layer_rotate. */
void train_rotate_back(int64_t n, int64_t pairs, bool interleaved, const float *cos,
                       const float *sin, const float *grad_y, float *grad_x);

#endif
