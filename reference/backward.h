/* SPDX-License-Identifier: MIT
 *
 * Gradients of attention and of a layer, in double precision: the derivative of reference.h's
 * functions, whose conventions hold here too. Arrays "added to" are the caller's to clear. */
#ifndef MLABENCH_BACKWARD_H
#define MLABENCH_BACKWARD_H

#include "reference/reference.h"

/* One query's part. Rows as ref_attend_kv or, with wkv_b, ref_attend_latent take them. With p, s
 * and o as there, D = sum_d o_d grad_o_d of each head:
 *   grad_v_j += p_j grad_o;  grad_s_j = p_j (grad_o . v_j - D)
 *   grad_q = scale sum_j grad_s_j k_j;  grad_k_j += scale grad_s_j q
 * and through [k_nope | v] = Wkv_b c_kv to c_kv and Wkv_b. */
struct ref_attend_gradient {
    double *grad_q;     /* like q, written */
    double *grad_rows;  /* as the rows are addressed, added to */
    double *grad_wkv_b; /* like wkv_b, added to; NULL with key-value rows */
};

/* wkv_b NULL: key-value rows. Returns 0 or -ENOMEM. */
int ref_attend_backward(const struct ref_dims *dims, const float *wkv_b, const double *q,
                        const struct ref_rows *rows, const double *sinks, const double *grad_o,
                        const struct ref_attend_gradient *out, int threads);

/* Like ref_layer_weights, in double, all added to; NULL where not wanted. */
struct ref_layer_weight_gradients {
    double *q_proj, *q_a_proj, *q_a_layernorm, *q_b_proj;
    double *kv_a_proj, *kv_a_layernorm, *kv_b_proj;
    double *k_proj, *v_proj, *o_proj;
};

/* The layer over `tokens` new tokens from position 0 on, nothing being cached (training): from
 * grad_y [tokens][output_size] to grad_x [tokens][hidden], written, and those of the weights. */
int ref_layer_backward(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
                       int64_t tokens, const double *x, const double *grad_y, double *grad_x,
                       const struct ref_layer_weight_gradients *grad_weights, int threads);

#endif
