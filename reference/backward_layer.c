/* SPDX-License-Identifier: MIT
 *
 * A whole layer's gradients: the forward pass of layer.c once more, keeping every stage's input,
 * and then each stage's derivative, from the last to the first. */
#include "reference/backward.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An array of activations and its gradient, both [tokens][width]. */
struct pair {
    double *value, *gradient;
    int64_t width;
};

/* One call of ref_layer_backward. */
struct pass {
    const struct ref_layer_dims *dims;
    const struct ref_layer_weights *weights;
    const struct ref_layer_weight_gradients *grad_weights;
    int64_t tokens;
    const double *frequencies; /* [rope / 2] */
    struct pair x, c_q_raw, c_q, q, k, v, rows_raw, rows, o;
    double *grad_wkv_b; /* like kv_b_proj */
    double *lse;        /* [heads] */
    int threads;
};

static void project(const struct pass *p, const struct pair *x, const float *w, struct pair *y)
{
    ref_linear(p->tokens, x->width, y->width, w, x->value, y->value, NULL, p->threads);
}

/* y = W x: grad_x += W^T grad_y, grad_W += sum_t grad_y x^T. grad_y [tokens][out]. */
static void project_back(const struct pass *p, const struct pair *x, const float *w, int64_t out,
                         const double *grad_y, double *grad_w)
{
#pragma omp parallel for num_threads(p->threads) if (p->threads > 1) schedule(static)
    for (int64_t t = 0; t < p->tokens; t++)
        for (int64_t o = 0; o < out; o++)
            for (int64_t i = 0; i < x->width; i++)
                x->gradient[t * x->width + i] += w[o * x->width + i] * grad_y[t * out + o];
    if (!grad_w)
        return;
#pragma omp parallel for num_threads(p->threads) if (p->threads > 1) schedule(static)
    for (int64_t o = 0; o < out; o++)
        for (int64_t t = 0; t < p->tokens; t++)
            for (int64_t i = 0; i < x->width; i++)
                grad_w[o * x->width + i] += grad_y[t * out + o] * x->value[t * x->width + i];
}

/* y_i = x_i w_i gain r with r = (mean(x^2) + eps)^-1/2, for the first n elements of each vector:
 *   grad_x_i += gain r (w_i grad_y_i - x_i r^2 / n sum_k grad_y_k w_k x_k)
 *   grad_w_i += grad_y_i x_i gain r */
static void norm_back(const struct pass *p, int64_t n, double gain, const float *w,
                      const struct pair *x, const struct pair *y, double *grad_w)
{
    for (int64_t t = 0; t < p->tokens; t++) {
        const double *x_t = x->value + t * x->width, *grad_y = y->gradient + t * y->width;
        double squares = 0, dot = 0;
        for (int64_t i = 0; i < n; i++) {
            squares += x_t[i] * x_t[i];
            dot += grad_y[i] * w[i] * x_t[i];
        }
        double r = 1 / sqrt(squares / (double)n + p->dims->norm_eps);
        for (int64_t i = 0; i < n; i++) {
            x->gradient[t * x->width + i] +=
                gain * r * (w[i] * grad_y[i] - x_t[i] * r * r / (double)n * dot);
            if (grad_w)
                grad_w[i] += grad_y[i] * x_t[i] * gain * r;
        }
    }
}

/* RoPE on the last elements of each of `heads` vectors, in place; `sign` -1: its transpose, which
 * rotates back and keeps the magnitude, not its inverse. */
static void rotate(const struct pass *p, int32_t heads, int64_t width, double sign, double *vectors)
{
    int32_t rope = p->dims->attention.qk_rope_head_dim;
    for (int64_t t = 0; rope > 0 && t < p->tokens; t++)
        for (int32_t h = 0; h < heads; h++)
            ref_rope_rotate(&p->dims->rope, p->frequencies, sign * (double)t,
                            vectors + t * width + (h + 1) * (width / heads) - rope, NULL);
}

static void norm(const struct pass *p, int64_t n, double gain, const float *w, const struct pair *x,
                 struct pair *y)
{
    memcpy(y->value, x->value, (size_t)(p->tokens * x->width) * sizeof *y->value);
    for (int64_t t = 0; t < p->tokens; t++)
        ref_rmsnorm(n, p->dims->norm_eps, gain, w, x->value + t * x->width, y->value + t * y->width,
                    NULL);
}

/* Between k and v, [heads_kv] wide each, and rows [heads_kv][k | v], for values or gradients. */
static void copy_kv(const struct pass *p, double *k, double *v, double *rows, bool back)
{
    const struct ref_dims *a = &p->dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim, n = a->v_head_dim;
    for (int64_t head = 0; head < p->tokens * a->heads_kv; head++) {
        double *row = rows + head * (qk + n), *key = k + head * qk, *value = v + head * n;
        memcpy(back ? key : row, back ? row : key, (size_t)qk * sizeof *row);
        memcpy(back ? value : row + qk, back ? row + qk : value, (size_t)n * sizeof *row);
    }
}

static void forward_rows(struct pass *p)
{
    const struct ref_layer_dims *dims = p->dims;
    const struct ref_layer_weights *w = p->weights;
    if (dims->kind == REF_LAYER_MHA) {
        project(p, &p->x, w->k_proj, &p->k);
        project(p, &p->x, w->v_proj, &p->v);
        rotate(p, dims->attention.heads_kv, p->k.width, 1, p->k.value);
        copy_kv(p, p->k.value, p->v.value, p->rows.value, false);
    } else if (dims->kind == REF_LAYER_MLA) {
        project(p, &p->x, w->kv_a_proj, &p->rows_raw);
        norm(p, dims->attention.kv_lora_rank, dims->kv_lora_gain, w->kv_a_layernorm, &p->rows_raw,
             &p->rows);
        rotate(p, 1, p->rows.width, 1, p->rows.value);
    } else {
        project(p, &p->x, w->kv_a_proj, &p->rows);
    }
}

static void forward_queries(struct pass *p)
{
    const struct ref_layer_dims *dims = p->dims;
    const struct ref_layer_weights *w = p->weights;
    if (dims->q_lora_rank) {
        project(p, &p->x, w->q_a_proj, &p->c_q_raw);
        norm(p, dims->q_lora_rank, dims->q_lora_gain, w->q_a_layernorm, &p->c_q_raw, &p->c_q);
        project(p, &p->c_q, w->q_b_proj, &p->q);
    } else {
        project(p, dims->kind == REF_LAYER_ARTICLE ? &p->rows : &p->x, w->q_proj, &p->q);
    }
    if (dims->kind != REF_LAYER_ARTICLE)
        rotate(p, dims->attention.heads, p->q.width, 1, p->q.value);
}

static struct ref_rows keys_of(const struct pass *p, int64_t token)
{
    return (struct ref_rows){.f64 = p->rows.value,
                             .count = p->dims->causal ? token + 1 : p->tokens};
}

static int forward_attention(struct pass *p)
{
    const struct ref_dims *a = &p->dims->attention;
    int error = 0;
    for (int64_t t = 0; t < p->tokens && !error; t++) {
        const struct ref_rows keys = keys_of(p, t);
        const struct ref_output out = {.o = p->o.value + t * p->o.width, .lse = p->lse};
        const double *q = p->q.value + t * p->q.width;
        error = p->dims->kind == REF_LAYER_MHA
                    ? ref_attend_kv(a, q, &keys, NULL, &out, p->threads)
                    : ref_attend_latent(REF_EXPANDED, a, p->weights->kv_b_proj, q, &keys, NULL,
                                        &out, p->threads);
    }
    return error;
}

static int attention_back(struct pass *p)
{
    const float *wkv_b = p->dims->kind == REF_LAYER_MHA ? NULL : p->weights->kv_b_proj;
    int error = 0;
    for (int64_t t = 0; t < p->tokens && !error; t++) {
        const struct ref_rows keys = keys_of(p, t);
        const struct ref_attend_gradient out = {.grad_q = p->q.gradient + t * p->q.width,
                                                .grad_rows = p->rows.gradient,
                                                .grad_wkv_b = wkv_b ? p->grad_wkv_b : NULL};
        error = ref_attend_backward(&p->dims->attention, wkv_b, p->q.value + t * p->q.width, &keys,
                                    NULL, p->o.gradient + t * p->o.width, &out, p->threads);
    }
    return error;
}

static void queries_back(struct pass *p)
{
    const struct ref_layer_dims *dims = p->dims;
    const struct ref_layer_weights *w = p->weights;
    if (dims->kind != REF_LAYER_ARTICLE)
        rotate(p, dims->attention.heads, p->q.width, -1, p->q.gradient);
    if (!dims->q_lora_rank) {
        project_back(p, dims->kind == REF_LAYER_ARTICLE ? &p->rows : &p->x, w->q_proj, p->q.width,
                     p->q.gradient, p->grad_weights->q_proj);
        return;
    }
    project_back(p, &p->c_q, w->q_b_proj, p->q.width, p->q.gradient, p->grad_weights->q_b_proj);
    norm_back(p, dims->q_lora_rank, dims->q_lora_gain, w->q_a_layernorm, &p->c_q_raw, &p->c_q,
              p->grad_weights->q_a_layernorm);
    project_back(p, &p->x, w->q_a_proj, p->c_q_raw.width, p->c_q_raw.gradient,
                 p->grad_weights->q_a_proj);
}

static void rows_back(struct pass *p)
{
    const struct ref_layer_dims *dims = p->dims;
    const struct ref_layer_weights *w = p->weights;
    if (dims->kind == REF_LAYER_MHA) {
        copy_kv(p, p->k.gradient, p->v.gradient, p->rows.gradient, true);
        rotate(p, dims->attention.heads_kv, p->k.width, -1, p->k.gradient);
        project_back(p, &p->x, w->k_proj, p->k.width, p->k.gradient, p->grad_weights->k_proj);
        project_back(p, &p->x, w->v_proj, p->v.width, p->v.gradient, p->grad_weights->v_proj);
        return;
    }
    const struct pair *made = &p->rows; /* by kv_a_proj */
    if (dims->kind == REF_LAYER_MLA) {
        int64_t c = dims->attention.kv_lora_rank, rope = dims->attention.qk_rope_head_dim;
        made = &p->rows_raw;
        rotate(p, 1, p->rows.width, -1, p->rows.gradient);
        norm_back(p, c, dims->kv_lora_gain, w->kv_a_layernorm, &p->rows_raw, &p->rows,
                  p->grad_weights->kv_a_layernorm);
        for (int64_t t = 0; t < p->tokens; t++)
            memcpy(made->gradient + t * made->width + c, p->rows.gradient + t * p->rows.width + c,
                   (size_t)rope * sizeof(double));
    }
    project_back(p, &p->x, w->kv_a_proj, made->width, made->gradient, p->grad_weights->kv_a_proj);
}

static double *take(double **memory, int64_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

/* The arrays that the layer's kind has; others are 0 wide. Their gradients are 0. */
static void set_widths(struct pass *p)
{
    const struct ref_layer_dims *dims = p->dims;
    const struct ref_dims *a = &dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim;
    bool mha = dims->kind == REF_LAYER_MHA;
    p->c_q_raw.width = p->c_q.width = dims->q_lora_rank;
    p->q.width = a->heads * qk;
    p->k.width = mha ? a->heads_kv * qk : 0;
    p->v.width = mha ? (int64_t)a->heads_kv * a->v_head_dim : 0;
    p->rows.width = ref_layer_row_width(dims);
    p->rows_raw.width = dims->kind == REF_LAYER_MLA ? p->rows.width : 0;
    p->o.width = (int64_t)a->heads * a->v_head_dim;
}

int ref_layer_backward(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
                       int64_t tokens, const double *x, const double *grad_y, double *grad_x,
                       const struct ref_layer_weight_gradients *grad_weights, int threads)
{
    const struct ref_dims *a = &dims->attention;
    struct pass p = {.dims = dims,
                     .weights = weights,
                     .grad_weights = grad_weights,
                     .tokens = tokens,
                     .threads = threads};
    struct pair *const arrays[] = {&p.c_q_raw, &p.c_q,      &p.q,    &p.k,
                                   &p.v,       &p.rows_raw, &p.rows, &p.o};
    enum { ARRAYS = sizeof arrays / sizeof *arrays };
    int64_t wkv_b = (int64_t)a->heads * (a->qk_nope_head_dim + a->v_head_dim) * a->kv_lora_rank;
    int64_t pairs = a->qk_rope_head_dim / 2, size = pairs + a->heads;
    set_widths(&p);
    for (int i = 0; i < ARRAYS; i++)
        size += 2 * tokens * arrays[i]->width;
    size += grad_weights->kv_b_proj ? 0 : wkv_b;
    double *memory = calloc((size_t)size, sizeof *memory), *free_memory = memory;
    if (!memory)
        return -ENOMEM;
    double *frequencies = take(&free_memory, pairs);
    if (pairs)
        ref_rope_frequencies(&dims->rope, frequencies);
    p.frequencies = frequencies;
    p.lse = take(&free_memory, a->heads);
    for (int i = 0; i < ARRAYS; i++) {
        arrays[i]->value = take(&free_memory, tokens * arrays[i]->width);
        arrays[i]->gradient = take(&free_memory, tokens * arrays[i]->width);
    }
    p.grad_wkv_b = grad_weights->kv_b_proj ? grad_weights->kv_b_proj : free_memory;
    p.x = (struct pair){(double *)(uintptr_t)x, grad_x, dims->hidden_size};
    memset(grad_x, 0, (size_t)(tokens * dims->hidden_size) * sizeof *grad_x);
    forward_rows(&p);
    forward_queries(&p);
    int error = forward_attention(&p);
    if (!error) {
        project_back(&p, &p.o, weights->o_proj, dims->output_size, grad_y, grad_weights->o_proj);
        error = attention_back(&p);
    }
    if (!error) {
        queries_back(&p);
        rows_back(&p);
    }
    free(memory);
    return error;
}
