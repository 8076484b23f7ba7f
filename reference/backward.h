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
 * and through [k_nope | v] = Wkv_b c_kv to c_kv and Wkv_b. A query without a key: grad_q = 0.
 *
 * Error scales. Computed in arithmetic of unit round-off u from q, rows, o and lse of such a
 * forward pass, an element x summed from n terms, one way or another, errs by a small multiple of
 * u sqrt(n) (|x| + sqrt(square_x)) where signs are random: see rms_o. With b_j and B as at
 * ref_attend_kv, the scales of p_j = exp(s_j - lse), of grad_o . v_j, of D and of grad_s_j are
 *   p_j e_j with e_j = 1 + b_j + B + |lse|
 *   t_j = |grad_o . v_j| + sqrt(sum_d grad_o_d^2 v_jd^2)
 *   T = |D| + sqrt(sum_d grad_o_d^2 o_d^2) + sqrt(sum_j (p_j e_j t_j)^2)
 *   f_j = p_j (e_j |grad_o . v_j - D| + t_j + T)
 * and the gradients'
 *   square_v_j += (p_j e_j grad_o)^2;  square_k_j += (scale f_j q)^2
 *   square_q = sum_j (scale f_j k_j)^2
 * where, with latent rows, every product of p_j e_j or f_j, an element of q or grad_o, one of
 * Wkv_b and one of c_j is such a term. */
struct ref_attend_gradient {
    double *grad_q;     /* like q, written */
    double *grad_rows;  /* as the rows are addressed, added to */
    double *grad_wkv_b; /* like wkv_b, added to; NULL with key-value rows */
    /* Error scales, or NULL all three: of the same shapes, written and added to likewise. */
    double *square_q, *square_rows, *square_wkv_b;
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
