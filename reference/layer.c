/* SPDX-License-Identifier: MIT
 *
 * A whole attention layer: projections, norms and RoPE around attention. */
#include "reference/reference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One call of ref_layer. */
struct layer {
    const struct ref_layer_dims *dims;
    const struct ref_layer_weights *weights;
    int64_t position, tokens, row_width;
    int64_t q_width, k_width, v_width, o_width; /* of all heads together */
    const double *x;                            /* [tokens][hidden] */
    double *new_rows;                           /* [tokens][row_width] */
    double *frequencies;                        /* [rope / 2] */
    double *c_q, *q, *k, *v, *o;                /* [tokens][...] */
    double *lse;                                /* [heads] */
    int threads;
};

int64_t ref_layer_row_width(const struct ref_layer_dims *dims)
{
    const struct ref_dims *a = &dims->attention;
    if (dims->kind == REF_LAYER_MHA)
        return (int64_t)a->heads_kv * (a->qk_nope_head_dim + a->qk_rope_head_dim + a->v_head_dim);
    return a->kv_lora_rank + a->qk_rope_head_dim;
}

/* RoPE on the last qk_rope_head_dim elements of each of `heads` vectors, for every token. */
static void rotate(const struct layer *layer, int32_t heads, int64_t head_width, int64_t stride,
                   double *vectors)
{
    int32_t rope = layer->dims->attention.qk_rope_head_dim;
    if (rope == 0)
        return;
    for (int64_t t = 0; t < layer->tokens; t++) {
        for (int32_t h = 0; h < heads; h++)
            ref_rope_rotate(&layer->dims->rope, layer->frequencies, (double)(layer->position + t),
                            vectors + t * stride + (h + 1) * head_width - rope, NULL);
    }
}

static void project(const struct layer *layer, int64_t in, int64_t out, const float *w,
                    const double *x, double *y)
{
    ref_linear(layer->tokens, in, out, w, x, y, NULL, layer->threads);
}

static void make_latent_rows(const struct layer *layer)
{
    const struct ref_layer_dims *dims = layer->dims;
    int64_t c = dims->attention.kv_lora_rank;
    project(layer, dims->hidden_size, layer->row_width, layer->weights->kv_a_proj, layer->x,
            layer->new_rows);
    if (dims->kind == REF_LAYER_ARTICLE)
        return;
    for (int64_t t = 0; t < layer->tokens; t++) {
        double *c_kv = layer->new_rows + t * layer->row_width;
        ref_rmsnorm(c, dims->norm_eps, dims->kv_lora_gain, layer->weights->kv_a_layernorm, c_kv,
                    c_kv, NULL);
    }
    rotate(layer, 1, layer->row_width, layer->row_width, layer->new_rows);
}

/* Rows [heads_kv][k | v] from k and v, each [heads_kv] wide. */
static void make_kv_rows(const struct layer *layer)
{
    const struct ref_dims *a = &layer->dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim;
    project(layer, layer->dims->hidden_size, layer->k_width, layer->weights->k_proj, layer->x,
            layer->k);
    project(layer, layer->dims->hidden_size, layer->v_width, layer->weights->v_proj, layer->x,
            layer->v);
    rotate(layer, a->heads_kv, qk, layer->k_width, layer->k);
    for (int64_t head = 0; head < layer->tokens * a->heads_kv; head++) {
        double *row = layer->new_rows + head * (qk + a->v_head_dim);
        memcpy(row, layer->k + head * qk, (size_t)qk * sizeof *row);
        memcpy(row + qk, layer->v + head * a->v_head_dim, (size_t)a->v_head_dim * sizeof *row);
    }
}

static void make_queries(const struct layer *layer)
{
    const struct ref_layer_dims *dims = layer->dims;
    const struct ref_layer_weights *w = layer->weights;
    if (dims->kind == REF_LAYER_ARTICLE) {
        project(layer, layer->row_width, layer->q_width, w->q_proj, layer->new_rows, layer->q);
        return;
    }
    if (dims->kind == REF_LAYER_MLA && dims->q_lora_rank) {
        project(layer, dims->hidden_size, dims->q_lora_rank, w->q_a_proj, layer->x, layer->c_q);
        for (int64_t t = 0; t < layer->tokens; t++) {
            double *c_q = layer->c_q + t * dims->q_lora_rank;
            ref_rmsnorm(dims->q_lora_rank, dims->norm_eps, dims->q_lora_gain, w->q_a_layernorm, c_q,
                        c_q, NULL);
        }
        project(layer, dims->q_lora_rank, layer->q_width, w->q_b_proj, layer->c_q, layer->q);
    } else {
        project(layer, dims->hidden_size, layer->q_width, w->q_proj, layer->x, layer->q);
    }
    rotate(layer, dims->attention.heads, layer->q_width / dims->attention.heads, layer->q_width,
           layer->q);
}

static int attend(const struct layer *layer, enum ref_order order, const double *rows)
{
    const struct ref_dims *a = &layer->dims->attention;
    int error = 0;
    for (int64_t t = 0; t < layer->tokens && !error; t++) {
        struct ref_rows keys = {.f64 = rows};
        keys.count = layer->position + (layer->dims->causal ? t + 1 : layer->tokens);
        struct ref_output out = {.o = layer->o + t * layer->o_width, .lse = layer->lse};
        const double *q = layer->q + t * layer->q_width;
        if (layer->dims->kind == REF_LAYER_MHA)
            error = ref_attend_kv(a, q, &keys, NULL, &out, layer->threads);
        else
            error = ref_attend_latent(order, a, layer->weights->kv_b_proj, q, &keys, NULL, &out,
                                      layer->threads);
    }
    return error;
}

static double *take(double **memory, int64_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

int ref_layer(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
              int64_t position, int64_t tokens, const double *x, double *rows, double *y,
              enum ref_order order, int threads)
{
    const struct ref_dims *a = &dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim;
    int64_t row_width = ref_layer_row_width(dims);
    struct layer layer = {
        .dims = dims,
        .weights = weights,
        .position = position,
        .tokens = tokens,
        .row_width = row_width,
        .q_width = a->heads * qk,
        .k_width = a->heads_kv * qk,
        .v_width = (int64_t)a->heads_kv * a->v_head_dim,
        .o_width = (int64_t)a->heads * a->v_head_dim,
        .x = x,
        .new_rows = rows + position * row_width,
        .threads = threads,
    };
    int64_t per_token =
        dims->q_lora_rank + layer.q_width + layer.k_width + layer.v_width + layer.o_width;
    int64_t size = a->qk_rope_head_dim / 2 + tokens * per_token + a->heads;
    double *memory = malloc((size_t)size * sizeof *memory), *free_memory = memory;
    if (!memory)
        return -ENOMEM;
    layer.frequencies = take(&free_memory, a->qk_rope_head_dim / 2);
    layer.c_q = take(&free_memory, tokens * dims->q_lora_rank);
    layer.q = take(&free_memory, tokens * layer.q_width);
    layer.k = take(&free_memory, tokens * layer.k_width);
    layer.v = take(&free_memory, tokens * layer.v_width);
    layer.o = take(&free_memory, tokens * layer.o_width);
    layer.lse = take(&free_memory, a->heads);
    if (a->qk_rope_head_dim)
        ref_rope_frequencies(&dims->rope, layer.frequencies);
    if (dims->kind == REF_LAYER_MHA)
        make_kv_rows(&layer);
    else
        make_latent_rows(&layer);
    make_queries(&layer);
    int error = attend(&layer, order, rows);
    if (!error)
        project(&layer, layer.o_width, dims->output_size, weights->o_proj, layer.o, y);
    free(memory);
    return error;
}
