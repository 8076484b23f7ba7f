/* SPDX-License-Identifier: MIT
 *
 * Attention evaluated a second time, straight from the formulas with MPFR at 256 bits: no panels,
 * no absorption, no largest score taken off. What the reference is tested against; it shares the
 * reference's structs but none of its code. For small shapes only. */
#ifndef MLABENCH_TESTS_MPFR_ATTENTION_H
#define MLABENCH_TESTS_MPFR_ATTENTION_H

#include "reference/reference.h"

#include <mpfr.h>
#include <stdint.h>

/* Real numbers and, beside each, what a rounded computation's error is measured by, carried on from
 * step to step: magnitude, |x| for a given number and the sum of the terms' magnitudes for a
 * computed one; and root, the same with the root of the sum of squares (exact_linear, exact_expand
 * and exact_attend only). */
struct exact {
    int64_t count;
    mpfr_t *value, *magnitude, *root;
};

/* All of these return what exact_free releases, and abort without memory. */
struct exact *exact_zeros(int64_t count);
struct exact *exact_numbers(int64_t count, const double *x);
void exact_free(struct exact *x);

/* max_i |got_i - value_i| / magnitude_i; infinite if any got_i is NaN. */
double exact_error(const struct exact *x, const double *got);

/* max_i |got_i - magnitude_i| / magnitude_i; infinite if any got_i is NaN. */
double exact_magnitude_error(const struct exact *x, const double *got);

/* max_i |got_i - root_i| / root_i; infinite if any got_i is NaN. */
double exact_root_error(const struct exact *x, const double *got);

/* y = W x for `rows` vectors, shapes as ref_linear. */
struct exact *exact_linear(int64_t rows, int64_t in, int64_t out, const float *w,
                           const struct exact *x);

/* RMSNorm of elements first .. first + n - 1, in place. */
void exact_rmsnorm(struct exact *x, int64_t first, int64_t n, double eps, double gain,
                   const float *w);

/* The angle per position of pair i; m(mscale) = 0.1 mscale ln(factor) + 1 or 1. */
void exact_frequency(const struct ref_rope *rope, int32_t i, mpfr_t frequency);
void exact_yarn_magnitude(const struct ref_rope *rope, double mscale, mpfr_t m);
double exact_softmax_scale(int32_t head_dim, const struct ref_rope *rope);

/* RoPE of elements first .. first + rope->dim - 1, in place. */
void exact_rotate(const struct ref_rope *rope, int64_t position, struct exact *x, int64_t first);

/* Key-value rows [heads][k | v] from latent rows, [count][kv_lora_rank | rope]. */
struct exact *exact_expand(const struct ref_dims *dims, const float *wkv_b, int64_t count,
                           const struct exact *latent);

/* Attention of one query, q's elements from `first_q` on, to the first `count` key-value rows.
 * Writes o's elements from `first_o` on and, unless NULL, lse [heads]; their magnitudes are
 * scale_o and scale_lse, their roots rms_o and rms_lse. sinks [heads] or NULL. With a sink, one key
 * or more. */
void exact_attend(const struct ref_dims *dims, const struct exact *q, int64_t first_q,
                  int64_t count, const struct exact *rows, const double *sinks, struct exact *o,
                  int64_t first_o, struct exact *lse);

/* A layer over tokens at positions 0, 1, ... with nothing cached; y [tokens][output_size]. */
struct exact *exact_layer(const struct ref_layer_dims *dims,
                          const struct ref_layer_weights *weights, int64_t tokens, const double *x);

#endif
