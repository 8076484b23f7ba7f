/* SPDX-License-Identifier: MIT
 *
 * The arithmetic of a layer around attention, in fp32. The same bits for any number of threads. */
#ifndef MLABENCH_LAYER_OPS_H
#define MLABENCH_LAYER_OPS_H

#include <stdbool.h>
#include <stdint.h>

/* Sets OpenBLAS, if that is the library, to one thread per call for good: what is below splits its
 * work itself. */
void layer_ops_begin(void);

/* y = W x by CBLAS. x [tokens][in], weight [out][in], y [tokens][out]. */
void layer_linear(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                  float *y, int threads);

/* y_i = x_i w_i gain / sqrt(mean(x^2) + eps), n wide. */
void layer_norm(int64_t n, float eps, float gain, const float *w, const float *x, float *y);

/* x_0^2 + ... in a fixed order. */
float layer_sum_of_squares(int64_t n, const float *x);

/* Copies x, n wide, to y, the last 2 `pairs` elements rotated: y_a = x_a c - x_b s, y_b = x_a s +
 * x_b c. cos, sin [pairs]. */
void layer_rotate(int64_t n, int64_t pairs, bool interleaved, const float *cos, const float *sin,
                  const float *x, float *y);

/* The tables of a position, [pairs] each: magnitude cos(position frequency). The angle is taken in
 * double: at position 202,752 fp32 would be off by 0.008. */
void layer_rope_table(int64_t pairs, const double *frequencies, double magnitude, double position,
                      float *cosines, float *sines);

#endif
