/* SPDX-License-Identifier: MIT
 *
 * The reference: attention in double precision, written to be read beside the formulas, with the
 * scale of the error that a correct fp32 (or other) computation of the same may make.
 *
 * Conventions. Matrices are row-major and dense; weights are [out_features][in_features], as in
 * checkpoints, and given in fp32 (bf16 and fp8 weights are exact in it); activations are double.
 * An array marked "or NULL" is then not computed. Threads: OpenMP, over outputs that no two threads
 * share, so results do not depend on their number. Functions that return int return 0 or -ENOMEM.
 *
 * Error scales. If a computation is carried out in arithmetic of unit round-off u, each output
 * differs from the exact one by about u * growth(n) * scale, n being the number of terms added up.
 * The scale of a sum of products is the sum of their magnitudes (Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd ed., sec. 3.1 and 3.5). It bounds the error whatever the signs; where
 * they are random most of it cancels, and the root of the sum of squares, rms_*, is the honest
 * scale: at MLA's dimensions 10^4 times smaller.
 */
#ifndef MLABENCH_REFERENCE_H
#define MLABENCH_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

/* y = W x for `rows` vectors. x [rows][in], w [out][in], y [rows][out].
 * scale [rows][out] or NULL: |W| |x|. */
void ref_linear(int64_t rows, int64_t in, int64_t out, const float *w, const double *x, double *y,
                double *scale, int threads);

/* y_i = x_i w_i gain / sqrt(mean(x^2) + eps), n wide. scale [n] or NULL: |y|. x may be y.
 * Source: Zhang and Sennrich 2019; DeepSeek's and transformers' RMSNorm. */
void ref_rmsnorm(int64_t n, double eps, double gain, const float *w, const double *x, double *y,
                 double *scale);

/* RoPE, with YaRN if factor is not 0. Names as in config.json's rope_scaling. */
struct ref_rope {
    int32_t dim; /* even */
    double theta;
    bool interleaved; /* pairs are (x[2i], x[2i+1]); else (x[i], x[i + dim/2]) */
    double factor;    /* YaRN; 0: plain RoPE, and the rest is ignored */
    double original_max_position_embeddings;
    double beta_fast, beta_slow;
    double mscale, mscale_all_dim;
};

/* Angle per position of each pair, dim / 2 of them. */
void ref_rope_frequencies(const struct ref_rope *rope, double *frequencies);

/* What cos and sin are multiplied by: m(mscale) / m(mscale_all_dim), 1 without YaRN. */
double ref_rope_magnitude(const struct ref_rope *rope);

/* Rotates x [dim] at `position` in place. scale [dim] or NULL: magnitude of the terms of each
 * output, |x_a cos| + |x_b sin|. */
void ref_rope_rotate(const struct ref_rope *rope, const double *frequencies, double position,
                     double *x, double *scale);

/* (head_dim)^-0.5 m^2, m = 0.1 mscale_all_dim ln(factor) + 1 with YaRN, else 1. head_dim is
 * qk_nope_head_dim + qk_rope_head_dim, for the absorbed order too. */
double ref_softmax_scale(int32_t head_dim, const struct ref_rope *rope);

/* Attention proper. Dimensions as in the model's config.json. */
struct ref_dims {
    int32_t heads, heads_kv; /* query head h uses key-value head h / (heads / heads_kv) */
    int32_t qk_nope_head_dim, qk_rope_head_dim, v_head_dim;
    int32_t kv_lora_rank; /* latent rows only */
    double scale;
};

/* The keys that one query attends: `count` rows, either fp32 or double, row number index[j] (or j
 * where index is NULL) starting at element index[j] * width. The rows' width and contents:
 *   key-value rows  [heads_kv][qk_nope_head_dim + qk_rope_head_dim k | v_head_dim v]
 *   latent rows     [kv_lora_rank c_kv | qk_rope_head_dim k_rope] */
struct ref_rows {
    const float *f32;
    const double *f64; /* exactly one of the two is set */
    const int64_t *index;
    int64_t count;
};

/* The outputs for one query. With no key and no sink: o = 0, lse = -inf, the scales of o 0 and
 * those of lse 1. */
struct ref_output {
    double *o;         /* [heads][v_head_dim] */
    double *lse;       /* [heads], natural log */
    double *scale_o;   /* [heads][v_head_dim], or NULL */
    double *scale_lse; /* [heads], or NULL */
    double *rms_o;     /* [heads][v_head_dim], or NULL */
    double *rms_lse;   /* [heads], or NULL */
};

/* MHA, GQA and MQA. q [heads][qk_nope_head_dim + qk_rope_head_dim]; sinks [heads] or NULL.
 *   s_j = scale q . k_j; p = softmax(s); o = sum_j p_j v_j; lse = ln sum_j exp(s_j)
 *   a_j = scale |q| . |k_j|
 *   scale_o = sum_j p_j |v_j| (1 + a_j + sum_i p_i a_i);  scale_lse = 1 + sum_j p_j a_j
 *   b_j = |s_j| + scale sqrt(sum_i q_i^2 k_ji^2);  B = sqrt(sum_i p_i^2 b_i^2)
 *   rms_o = |o| + sqrt(sum_j p_j^2 v_j^2 (1 + b_j + B)^2);  rms_lse = 1 + B
 * A sink adds its exponential to the denominator and nothing to o; to sum_i p_i a_i and B it adds a
 * term like a key's, with a = b = |sink|. */
int ref_attend_kv(const struct ref_dims *dims, const double *q, const struct ref_rows *rows,
                  const double *sinks, const struct ref_output *out, int threads);

enum ref_order { REF_EXPANDED, REF_ABSORBED };

/* MLA over latent rows, in either order. wkv_b [heads][qk_nope_head_dim Wuk | v_head_dim Wuv]
 * [kv_lora_rank].
 *   expanded   k_j = [Wuk c_j | k_rope_j], v_j = Wuv c_j, then as above
 *   absorbed   q' = Wuk^T q_nope; s_j = scale (q' . c_j + q_rope . k_rope_j);
 *              o = Wuv sum_j p_j c_j
 *   a_j     = scale (|q_nope|^T |Wuk| |c_j| + |q_rope| . |k_rope_j|)
 *   scale_o = |Wuv| sum_j p_j |c_j| (1 + a_j + sum_i p_i a_i)
 * rms_o and rms_lse as above with every product of an element of q_nope, Wuk and c_j a term of s_j,
 * and every product of one of p, Wuv and c_j a term of o.
 * The scales are the same in both orders and valid for both. */
int ref_attend_latent(enum ref_order order, const struct ref_dims *dims, const float *wkv_b,
                      const double *q, const struct ref_rows *rows, const double *sinks,
                      const struct ref_output *out, int threads);

/* A whole attention layer, x -> y. */
enum ref_layer_kind {
    REF_LAYER_MLA,     /* DeepSeek V2/V3: query compression (optional), joint key-value latent */
    REF_LAYER_MHA,     /* MHA, GQA, MQA: RoPE on the whole head */
    REF_LAYER_ARTICLE, /* Z = Wz x; q, k and v of each head from Z; no norm, no RoPE, no mask */
};

struct ref_layer_dims {
    enum ref_layer_kind kind;
    int32_t hidden_size, output_size; /* output_size equals hidden_size but in the article's form */
    int32_t q_lora_rank;              /* 0: no query compression */
    struct ref_dims attention;
    struct ref_rope rope;
    double norm_eps; /* of the norms of c_q and c_kv */
    double q_lora_gain,
        kv_lora_gain; /* c_q and c_kv times this after their norm; 1 but in LongCat */
    bool causal;
};

/* Names as in the checkpoint, under model.layers.N.self_attn. NULL where the kind has none. */
struct ref_layer_weights {
    const float *q_proj;          /* [heads (nope + rope)][hidden], MLA without query compression,
                                     and MHA; the article's Wq: [heads nope][kv_lora_rank] */
    const float *q_a_proj;        /* [q_lora_rank][hidden] */
    const float *q_a_layernorm;   /* [q_lora_rank] */
    const float *q_b_proj;        /* [heads (nope + rope)][q_lora_rank] */
    const float *kv_a_proj;       /* kv_a_proj_with_mqa [kv_lora_rank + rope][hidden]; the article's
                                     Wz: [kv_lora_rank][hidden] */
    const float *kv_a_layernorm;  /* [kv_lora_rank] */
    const float *kv_b_proj;       /* [heads (nope + v)][kv_lora_rank] */
    const float *k_proj, *v_proj; /* MHA: [heads_kv (nope + rope)][hidden], [heads_kv v][hidden] */
    const float *o_proj;          /* [output_size][heads v] */
};

/* Width of a layer's cached row: latent, or keys and values. */
int64_t ref_layer_row_width(const struct ref_layer_dims *dims);

/* The layer over `tokens` new tokens at positions position, position + 1, ... x [tokens][hidden],
 * y [tokens][output_size]. rows [position + tokens][row width]: the rows before `position` are
 * given (cached), those of the new tokens are written. Not causal (the article): every token
 * attends to all position + tokens rows. */
int ref_layer(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
              int64_t position, int64_t tokens, const double *x, double *rows, double *y,
              enum ref_order order, int threads);

#endif
