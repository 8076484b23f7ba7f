/* SPDX-License-Identifier: MIT */
#include "harness/article_heads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* y = W^T x. w [rows][columns], x [rows], y [columns]. */
static void times_transpose(int64_t rows, int64_t columns, const float *w, const double *x,
                            double *y)
{
    for (int64_t c = 0; c < columns; c++)
        y[c] = 0;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            y[c] += w[r * columns + c] * x[r];
}

/* p = softmax(scores). */
static void softmax(int64_t tokens, const double *scores, double *p)
{
    double most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < tokens; j++)
        most = fmax(most, scores[j]);
    for (int64_t j = 0; j < tokens; j++) {
        p[j] = exp(scores[j] - most);
        sum += p[j];
    }
    for (int64_t j = 0; j < tokens; j++)
        p[j] /= sum;
}

/* What a head needs beside the result. */
struct scratch {
    double *z;        /* [tokens][rank] */
    double *q;        /* [heads nope] */
    double *absorbed; /* [rank] Wk^T q */
    double *mean;     /* [rank] sum_j p_j z_j */
    double *o;        /* [heads v] */
};

static void attend_head(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
                        int64_t tokens, const double *x, int64_t head, const struct scratch *s,
                        const struct article_heads *out)
{
    const struct ref_dims *a = &dims->attention;
    int64_t rank = a->kv_lora_rank, nope = a->qk_nope_head_dim, v = a->v_head_dim;
    int64_t hidden = dims->hidden_size;
    const float *wk = weights->kv_b_proj + head * (nope + v) * rank, *wv = wk + nope * rank;
    double *g = out->g + head * hidden, *scores = out->scores + head * tokens;
    double *p = out->p + head * tokens;
    times_transpose(nope, rank, wk, s->q + head * nope, s->absorbed);
    times_transpose(rank, hidden, weights->kv_a_proj, s->absorbed, g);
    for (int64_t i = 0; i < hidden; i++)
        g[i] *= a->scale;
    for (int64_t j = 0; j < tokens; j++) {
        scores[j] = 0;
        for (int64_t i = 0; i < hidden; i++)
            scores[j] += g[i] * x[j * hidden + i];
    }
    softmax(tokens, scores, p);
    for (int64_t c = 0; c < rank; c++) {
        s->mean[c] = 0;
        for (int64_t j = 0; j < tokens; j++)
            s->mean[c] += p[j] * s->z[j * rank + c];
    }
    ref_linear(1, rank, v, wv, s->mean, s->o + head * v, NULL, 1);
}

static double *take(double **memory, int64_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

int article_heads(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
                  int64_t tokens, const double *x, int64_t query, struct article_heads *out)
{
    const struct ref_dims *a = &dims->attention;
    int64_t heads = a->heads, rank = a->kv_lora_rank, hidden = dims->hidden_size;
    int64_t q_width = heads * a->qk_nope_head_dim, o_width = heads * a->v_head_dim;
    int64_t size = heads * (2 * tokens + hidden) + dims->output_size + tokens * rank + q_width +
                   2 * rank + o_width;
    double *free_memory = malloc((size_t)size * sizeof(double));
    *out = (struct article_heads){.memory = free_memory};
    if (!free_memory)
        return -ENOMEM;
    out->p = take(&free_memory, heads * tokens);
    out->scores = take(&free_memory, heads * tokens);
    out->g = take(&free_memory, heads * hidden);
    out->y = take(&free_memory, dims->output_size);
    struct scratch s;
    s.z = take(&free_memory, tokens * rank);
    s.q = take(&free_memory, q_width);
    s.absorbed = take(&free_memory, rank);
    s.mean = take(&free_memory, rank);
    s.o = take(&free_memory, o_width);
    ref_linear(tokens, hidden, rank, weights->kv_a_proj, x, s.z, NULL, 1);
    ref_linear(1, rank, q_width, weights->q_proj, s.z + query * rank, s.q, NULL, 1);
    for (int64_t head = 0; head < heads; head++)
        attend_head(dims, weights, tokens, x, head, &s, out);
    ref_linear(1, o_width, dims->output_size, weights->o_proj, s.o, out->y, NULL, 1);
    return 0;
}

void article_heads_destroy(struct article_heads *heads)
{
    free(heads->memory);
    *heads = (struct article_heads){0};
}
