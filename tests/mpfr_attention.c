/* SPDX-License-Identifier: MIT
 *
 * Attention from the formulas, at 256 bits. */
#include "tests/mpfr_attention.h"

#include <math.h>
#include <stdlib.h>

enum { BITS = 256 };
#define N   MPFR_RNDN
#define END ((mpfr_ptr)0)

struct exact *exact_zeros(int64_t count)
{
    struct exact *x = malloc(sizeof *x);
    if (!x)
        abort();
    x->count = count;
    x->value = malloc((size_t)(count + 1) * sizeof *x->value);
    x->magnitude = malloc((size_t)(count + 1) * sizeof *x->magnitude);
    x->root = malloc((size_t)(count + 1) * sizeof *x->root);
    if (!x->value || !x->magnitude || !x->root)
        abort();
    for (int64_t i = 0; i < count; i++) {
        mpfr_inits2(BITS, x->value[i], x->magnitude[i], x->root[i], END);
        mpfr_set_zero(x->value[i], 1);
        mpfr_set_zero(x->magnitude[i], 1);
        mpfr_set_zero(x->root[i], 1);
    }
    return x;
}

struct exact *exact_numbers(int64_t count, const double *x)
{
    struct exact *numbers = exact_zeros(count);
    for (int64_t i = 0; i < count; i++) {
        mpfr_set_d(numbers->value[i], x[i], N);
        mpfr_abs(numbers->magnitude[i], numbers->value[i], N);
        mpfr_abs(numbers->root[i], numbers->value[i], N);
    }
    return numbers;
}

void exact_free(struct exact *x)
{
    for (int64_t i = 0; i < x->count; i++)
        mpfr_clears(x->value[i], x->magnitude[i], x->root[i], END);
    free(x->root);
    free(x->value);
    free(x->magnitude);
    free(x);
}

static double worst(int64_t count, mpfr_t *value, mpfr_t *magnitude, const double *got)
{
    double max = 0;
    mpfr_t error;
    mpfr_init2(error, BITS);
    for (int64_t i = 0; i < count; i++) {
        mpfr_sub_d(error, value[i], got[i], N);
        if (mpfr_zero_p(error))
            continue;
        mpfr_div(error, error, magnitude[i], N);
        double ratio = fabs(mpfr_get_d(error, N));
        max = fmax(max, isnan(ratio) ? INFINITY : ratio);
    }
    mpfr_clear(error);
    return max;
}

double exact_error(const struct exact *x, const double *got)
{
    return worst(x->count, x->value, x->magnitude, got);
}

double exact_magnitude_error(const struct exact *x, const double *got)
{
    return worst(x->count, x->magnitude, x->magnitude, got);
}

double exact_root_error(const struct exact *x, const double *got)
{
    return worst(x->count, x->root, x->root, got);
}

/* y[j] += w x[i]. */
static void add_product(struct exact *y, int64_t j, double w, const struct exact *x, int64_t i)
{
    mpfr_t term;
    mpfr_init2(term, BITS);
    mpfr_mul_d(term, x->value[i], w, N);
    mpfr_add(y->value[j], y->value[j], term, N);
    mpfr_mul_d(term, x->magnitude[i], fabs(w), N);
    mpfr_add(y->magnitude[j], y->magnitude[j], term, N);
    mpfr_mul_d(term, x->root[i], w, N);
    mpfr_hypot(y->root[j], y->root[j], term, N);
    mpfr_clear(term);
}

struct exact *exact_linear(int64_t rows, int64_t in, int64_t out, const float *w,
                           const struct exact *x)
{
    struct exact *y = exact_zeros(rows * out);
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t o = 0; o < out; o++) {
            for (int64_t i = 0; i < in; i++)
                add_product(y, row * out + o, w[o * in + i], x, row * in + i);
        }
    }
    return y;
}

void exact_rmsnorm(struct exact *x, int64_t first, int64_t n, double eps, double gain,
                   const float *w)
{
    mpfr_t mean, square;
    mpfr_inits2(BITS, mean, square, END);
    mpfr_set_zero(mean, 1);
    for (int64_t i = first; i < first + n; i++) {
        mpfr_sqr(square, x->value[i], N);
        mpfr_add(mean, mean, square, N);
    }
    mpfr_div_si(mean, mean, n, N);
    mpfr_add_d(mean, mean, eps, N);
    mpfr_sqrt(mean, mean, N);
    for (int64_t i = 0; i < n; i++) {
        mpfr_t *parts[2] = {&x->value[first + i], &x->magnitude[first + i]};
        double factors[2] = {w[i], fabs(w[i])};
        for (int part = 0; part < 2; part++) {
            mpfr_mul_d(*parts[part], *parts[part], factors[part], N);
            mpfr_mul_d(*parts[part], *parts[part], gain, N);
            mpfr_div(*parts[part], *parts[part], mean, N);
        }
    }
    mpfr_clears(mean, square, END);
}

/* corr(r) = d ln(L0 / (2 pi r)) / (2 ln theta). */
static void correction(const struct ref_rope *rope, double r, mpfr_t corr)
{
    mpfr_t turns, log_theta;
    mpfr_inits2(BITS, turns, log_theta, END);
    mpfr_const_pi(turns, N);
    mpfr_mul_d(turns, turns, 2 * r, N);
    mpfr_d_div(turns, rope->original_max_position_embeddings, turns, N);
    mpfr_log(turns, turns, N);
    mpfr_mul_si(turns, turns, rope->dim, N);
    mpfr_set_d(log_theta, rope->theta, N);
    mpfr_log(log_theta, log_theta, N);
    mpfr_mul_si(log_theta, log_theta, 2, N);
    mpfr_div(corr, turns, log_theta, N);
    mpfr_clears(turns, log_theta, END);
}

/* clamp((i - low) / (high - low), 0, 1). */
static void yarn_ramp(const struct ref_rope *rope, int32_t i, mpfr_t ramp)
{
    mpfr_t corr;
    mpfr_init2(corr, BITS);
    correction(rope, rope->beta_fast, corr);
    mpfr_floor(corr, corr);
    double low = mpfr_sgn(corr) < 0 ? 0 : mpfr_get_d(corr, N);
    correction(rope, rope->beta_slow, corr);
    mpfr_ceil(corr, corr);
    double high = mpfr_get_d(corr, N);
    if (high > rope->dim - 1)
        high = rope->dim - 1;
    if (high == low)
        high += 0.001;
    mpfr_set_d(ramp, i - low, N);
    mpfr_set_d(corr, high, N);
    mpfr_sub_d(corr, corr, low, N);
    mpfr_div(ramp, ramp, corr, N);
    if (mpfr_cmp_si(ramp, 1) > 0)
        mpfr_set_si(ramp, 1, N);
    if (mpfr_sgn(ramp) < 0)
        mpfr_set_si(ramp, 0, N);
    mpfr_clear(corr);
}

void exact_frequency(const struct ref_rope *rope, int32_t i, mpfr_t frequency)
{
    mpfr_t exponent, ramp, stretched;
    mpfr_inits2(BITS, exponent, ramp, stretched, END);
    mpfr_set_si(exponent, -2 * i, N);
    mpfr_div_si(exponent, exponent, rope->dim, N);
    mpfr_set_d(frequency, rope->theta, N);
    mpfr_pow(frequency, frequency, exponent, N);
    if (rope->factor != 0) {
        yarn_ramp(rope, i, ramp);
        mpfr_div_d(stretched, ramp, rope->factor, N);
        mpfr_si_sub(ramp, 1, ramp, N);
        mpfr_add(ramp, ramp, stretched, N);
        mpfr_mul(frequency, frequency, ramp, N);
    }
    mpfr_clears(exponent, ramp, stretched, END);
}

void exact_yarn_magnitude(const struct ref_rope *rope, double mscale, mpfr_t m)
{
    mpfr_set_si(m, 0, N);
    if (rope->factor != 0) {
        mpfr_set_d(m, rope->factor, N);
        mpfr_log(m, m, N);
        mpfr_mul_d(m, m, mscale, N);
        mpfr_div_si(m, m, 10, N);
    }
    mpfr_add_si(m, m, 1, N);
}

double exact_softmax_scale(int32_t head_dim, const struct ref_rope *rope)
{
    mpfr_t scale, root;
    mpfr_inits2(BITS, scale, root, END);
    exact_yarn_magnitude(rope, rope->mscale_all_dim, scale);
    mpfr_sqr(scale, scale, N);
    mpfr_set_si(root, head_dim, N);
    mpfr_sqrt(root, root, N);
    mpfr_div(scale, scale, root, N);
    double rounded = mpfr_get_d(scale, N);
    mpfr_clears(scale, root, END);
    return rounded;
}

/* (value, magnitude) of x_a c + x_b s. */
static void combine(mpfr_t value, mpfr_t magnitude, const struct exact *x, int64_t a, mpfr_t c,
                    int64_t b, mpfr_t s)
{
    mpfr_t term;
    mpfr_init2(term, BITS);
    mpfr_mul(value, x->value[a], c, N);
    mpfr_mul(term, x->value[b], s, N);
    mpfr_add(value, value, term, N);
    mpfr_mul(magnitude, x->magnitude[a], c, N);
    mpfr_abs(magnitude, magnitude, N);
    mpfr_mul(term, x->magnitude[b], s, N);
    mpfr_abs(term, term, N);
    mpfr_add(magnitude, magnitude, term, N);
    mpfr_clear(term);
}

void exact_rotate(const struct ref_rope *rope, int64_t position, struct exact *x, int64_t first)
{
    mpfr_t angle, c, s, minus_s, m, m_all;
    mpfr_inits2(BITS, angle, c, s, minus_s, m, m_all, END);
    exact_yarn_magnitude(rope, rope->mscale, m);
    exact_yarn_magnitude(rope, rope->mscale_all_dim, m_all);
    mpfr_div(m, m, m_all, N);
    struct exact *turned = exact_zeros(2);
    for (int32_t i = 0; i < rope->dim / 2; i++) {
        int64_t a = first + (rope->interleaved ? 2 * i : i);
        int64_t b = a + (rope->interleaved ? 1 : rope->dim / 2);
        exact_frequency(rope, i, angle);
        mpfr_mul_si(angle, angle, position, N);
        mpfr_sin_cos(s, c, angle, N);
        mpfr_mul(c, c, m, N);
        mpfr_mul(s, s, m, N);
        mpfr_neg(minus_s, s, N);
        combine(turned->value[0], turned->magnitude[0], x, a, c, b, minus_s);
        combine(turned->value[1], turned->magnitude[1], x, b, c, a, s);
        mpfr_swap(x->value[a], turned->value[0]);
        mpfr_swap(x->magnitude[a], turned->magnitude[0]);
        mpfr_swap(x->value[b], turned->value[1]);
        mpfr_swap(x->magnitude[b], turned->magnitude[1]);
    }
    exact_free(turned);
    mpfr_clears(angle, c, s, minus_s, m, m_all, END);
}

struct exact *exact_expand(const struct ref_dims *dims, const float *wkv_b, int64_t count,
                           const struct exact *latent)
{
    int64_t nope = dims->qk_nope_head_dim, rope = dims->qk_rope_head_dim, v = dims->v_head_dim;
    int64_t c = dims->kv_lora_rank, head_width = nope + rope + v;
    struct exact *rows = exact_zeros(count * dims->heads * head_width);
    for (int64_t j = 0; j < count; j++) {
        for (int64_t head = 0; head < dims->heads; head++) {
            int64_t at = (j * dims->heads + head) * head_width;
            for (int64_t d = 0; d < nope + v; d++) {
                const float *w = wkv_b + (head * (nope + v) + d) * c;
                for (int64_t i = 0; i < c; i++)
                    add_product(rows, at + (d < nope ? d : d + rope), w[i], latent,
                                j * (c + rope) + i);
            }
            for (int64_t i = 0; i < rope; i++)
                add_product(rows, at + nope + i, 1, latent, j * (c + rope) + c + i);
        }
    }
    return rows;
}

/* (s, a, b) = scale (q . k, |q| . |k|, |s| + root of the sum of squares), both qk long. */
static void exact_score(const struct exact *q, int64_t q_at, const struct exact *rows, int64_t k_at,
                        int64_t qk, double scale, mpfr_t s, mpfr_t a, mpfr_t b)
{
    mpfr_t term;
    mpfr_init2(term, BITS);
    mpfr_set_zero(s, 1);
    mpfr_set_zero(a, 1);
    mpfr_set_zero(b, 1);
    for (int64_t i = 0; i < qk; i++) {
        mpfr_mul(term, q->value[q_at + i], rows->value[k_at + i], N);
        mpfr_add(s, s, term, N);
        mpfr_mul(term, q->magnitude[q_at + i], rows->magnitude[k_at + i], N);
        mpfr_add(a, a, term, N);
        mpfr_mul(term, q->root[q_at + i], rows->root[k_at + i], N);
        mpfr_hypot(b, b, term, N);
    }
    mpfr_mul_d(s, s, scale, N);
    mpfr_mul_d(a, a, scale, N);
    mpfr_mul_d(b, b, scale, N);
    mpfr_abs(term, s, N);
    mpfr_add(b, b, term, N);
    mpfr_clear(term);
}

/* p_j in place of s_j; (lse, 1 + sum_j p_j a_j, 1 + sqrt(sum_j p_j^2 b_j^2)) in lse[head], the sink
 * being one of the sums' terms. */
static void exact_softmax(struct exact *p, double sink, struct exact *lse, int64_t head)
{
    mpfr_t sum, term;
    mpfr_inits2(BITS, sum, term, END);
    mpfr_set_d(sum, sink, N);
    mpfr_exp(sum, sum, N);
    for (int64_t j = 0; j < p->count; j++) {
        mpfr_exp(p->value[j], p->value[j], N);
        mpfr_add(sum, sum, p->value[j], N);
    }
    mpfr_log(lse->value[head], sum, N);
    mpfr_set_zero(lse->magnitude[head], 1);
    if (sink > -INFINITY) {
        mpfr_set_d(term, sink, N);
        mpfr_exp(term, term, N);
        mpfr_div(term, term, sum, N);
        mpfr_mul_d(lse->magnitude[head], term, fabs(sink), N);
    }
    mpfr_set(lse->root[head], lse->magnitude[head], N);
    for (int64_t j = 0; j < p->count; j++) {
        mpfr_div(p->value[j], p->value[j], sum, N);
        mpfr_mul(term, p->value[j], p->magnitude[j], N);
        mpfr_add(lse->magnitude[head], lse->magnitude[head], term, N);
        mpfr_mul(term, p->value[j], p->root[j], N);
        mpfr_hypot(lse->root[head], lse->root[head], term, N);
    }
    mpfr_add_si(lse->magnitude[head], lse->magnitude[head], 1, N);
    mpfr_add_si(lse->root[head], lse->root[head], 1, N);
    mpfr_clears(sum, term, END);
}

/* o[o_at] = (sum_j p_j v_j, sum_j p_j |v_j| (1 + a_j + A), |o| + the root), v_j being element v_at
 * of row j and A, B those in lse[head]. */
static void exact_value(const struct exact *p, const struct exact *rows, int64_t row_width,
                        int64_t v_at, const struct exact *lse, int64_t head, struct exact *o,
                        int64_t o_at)
{
    mpfr_t term, weight;
    mpfr_inits2(BITS, term, weight, END);
    for (int64_t j = 0; j < p->count; j++) {
        int64_t v = j * row_width + v_at;
        mpfr_mul(term, p->value[j], rows->value[v], N);
        mpfr_add(o->value[o_at], o->value[o_at], term, N);
        mpfr_add(weight, p->magnitude[j], lse->magnitude[head], N);
        mpfr_mul(weight, weight, p->value[j], N);
        mpfr_mul(term, weight, rows->magnitude[v], N);
        mpfr_add(o->magnitude[o_at], o->magnitude[o_at], term, N);
        mpfr_add(weight, p->root[j], lse->root[head], N);
        mpfr_mul(weight, weight, p->value[j], N);
        mpfr_mul(term, weight, rows->root[v], N);
        mpfr_hypot(o->root[o_at], o->root[o_at], term, N);
    }
    mpfr_abs(term, o->value[o_at], N);
    mpfr_add(o->root[o_at], o->root[o_at], term, N);
    mpfr_clears(term, weight, END);
}

void exact_attend(const struct ref_dims *dims, const struct exact *q, int64_t first_q,
                  int64_t count, const struct exact *rows, const double *sinks, struct exact *o,
                  int64_t first_o, struct exact *lse)
{
    int64_t qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim, v = dims->v_head_dim;
    int64_t row_width = dims->heads_kv * (qk + v);
    struct exact *p = exact_zeros(count), *unwanted = exact_zeros(dims->heads);
    for (int64_t head = 0; head < dims->heads; head++) {
        int64_t k_at = head * dims->heads_kv / dims->heads * (qk + v);
        for (int64_t j = 0; j < count; j++)
            exact_score(q, first_q + head * qk, rows, j * row_width + k_at, qk, dims->scale,
                        p->value[j], p->magnitude[j], p->root[j]);
        exact_softmax(p, sinks ? sinks[head] : -INFINITY, lse ? lse : unwanted, head);
        for (int64_t d = 0; d < v; d++)
            exact_value(p, rows, row_width, k_at + qk + d, lse ? lse : unwanted, head, o,
                        first_o + head * v + d);
    }
    exact_free(p);
    exact_free(unwanted);
}

/* Latent rows [tokens][kv_lora_rank | rope]. */
static struct exact *latent_rows(const struct ref_layer_dims *dims,
                                 const struct ref_layer_weights *weights, int64_t tokens,
                                 const struct exact *x)
{
    int64_t c = dims->attention.kv_lora_rank, width = c + dims->attention.qk_rope_head_dim;
    struct exact *rows = exact_linear(tokens, dims->hidden_size, width, weights->kv_a_proj, x);
    for (int64_t t = 0; t < tokens && dims->kind == REF_LAYER_MLA; t++) {
        exact_rmsnorm(rows, t * width, c, dims->norm_eps, dims->kv_lora_gain,
                      weights->kv_a_layernorm);
        if (dims->attention.qk_rope_head_dim)
            exact_rotate(&dims->rope, t, rows, t * width + c);
    }
    return rows;
}

/* Rotates the last rope->dim elements of each of `heads` vectors of `width`, for every token. */
static void rotate_heads(const struct ref_layer_dims *dims, int64_t tokens, int64_t heads,
                         int64_t width, struct exact *x)
{
    int64_t rope = dims->attention.qk_rope_head_dim;
    for (int64_t i = 0; i < tokens * heads && rope; i++)
        exact_rotate(&dims->rope, i / heads, x, (i + 1) * width - rope);
}

static struct exact *kv_rows(const struct ref_layer_dims *dims,
                             const struct ref_layer_weights *weights, int64_t tokens,
                             const struct exact *x)
{
    const struct ref_dims *a = &dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim, v = a->v_head_dim;
    int64_t heads = a->heads_kv;
    struct exact *k = exact_linear(tokens, dims->hidden_size, heads * qk, weights->k_proj, x);
    struct exact *values = exact_linear(tokens, dims->hidden_size, heads * v, weights->v_proj, x);
    rotate_heads(dims, tokens, heads, qk, k);
    struct exact *rows = exact_zeros(tokens * heads * (qk + v));
    for (int64_t i = 0; i < tokens * heads; i++) {
        for (int64_t d = 0; d < qk; d++)
            add_product(rows, i * (qk + v) + d, 1, k, i * qk + d);
        for (int64_t d = 0; d < v; d++)
            add_product(rows, i * (qk + v) + qk + d, 1, values, i * v + d);
    }
    exact_free(k);
    exact_free(values);
    return rows;
}

static struct exact *queries(const struct ref_layer_dims *dims,
                             const struct ref_layer_weights *weights, int64_t tokens,
                             const struct exact *x, const struct exact *latent)
{
    const struct ref_dims *a = &dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim, q_lora = dims->q_lora_rank;
    struct exact *q;
    if (dims->kind == REF_LAYER_ARTICLE)
        return exact_linear(tokens, a->kv_lora_rank, a->heads * qk, weights->q_proj, latent);
    if (dims->kind == REF_LAYER_MHA || q_lora == 0) {
        q = exact_linear(tokens, dims->hidden_size, a->heads * qk, weights->q_proj, x);
    } else {
        struct exact *c_q = exact_linear(tokens, dims->hidden_size, q_lora, weights->q_a_proj, x);
        for (int64_t t = 0; t < tokens; t++)
            exact_rmsnorm(c_q, t * q_lora, q_lora, dims->norm_eps, dims->q_lora_gain,
                          weights->q_a_layernorm);
        q = exact_linear(tokens, q_lora, a->heads * qk, weights->q_b_proj, c_q);
        exact_free(c_q);
    }
    rotate_heads(dims, tokens, a->heads, qk, q);
    return q;
}

struct exact *exact_layer(const struct ref_layer_dims *dims,
                          const struct ref_layer_weights *weights, int64_t tokens, const double *x)
{
    const struct ref_dims *a = &dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim, o_width = a->heads * a->v_head_dim;
    struct exact *inputs = exact_numbers(tokens * dims->hidden_size, x);
    struct exact *latent = NULL, *rows;
    struct ref_dims expanded = *a;
    if (dims->kind == REF_LAYER_MHA) {
        rows = kv_rows(dims, weights, tokens, inputs);
    } else {
        latent = latent_rows(dims, weights, tokens, inputs);
        rows = exact_expand(a, weights->kv_b_proj, tokens, latent);
        expanded.heads_kv = a->heads;
    }
    struct exact *q = queries(dims, weights, tokens, inputs, latent);
    struct exact *o = exact_zeros(tokens * o_width);
    for (int64_t t = 0; t < tokens; t++)
        exact_attend(&expanded, q, t * a->heads * qk, dims->causal ? t + 1 : tokens, rows, NULL, o,
                     t * o_width, NULL);
    struct exact *y = exact_linear(tokens, o_width, dims->output_size, weights->o_proj, o);
    exact_free(inputs);
    if (latent)
        exact_free(latent);
    exact_free(rows);
    exact_free(q);
    exact_free(o);
    return y;
}
