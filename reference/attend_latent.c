/* SPDX-License-Identifier: MIT
 *
 * Multi-head latent attention (DeepSeek-AI 2024) over cached rows [c_kv | k_rope], in the expanded
 * and in the absorbed order. */
#include "reference/attend.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* One call, its dimensions by short names: c = kv_lora_rank, qk = nope + rope. */
struct latent {
    int64_t nope, rope, v, c, qk, row_width;
    int32_t heads;
    double scale;
    const float *wkv_b; /* [heads][nope Wuk | v Wuv][c] */
    const double *q;    /* [heads][nope + rope] */
    const struct ref_rows *rows;
    const double *sinks;
    const struct ref_output *out;
};

/* One thread's working memory for a block of heads. */
struct scratch {
    struct ref_sums s;             /* [block][count] */
    struct ref_sums q;             /* [block][c + rope]: [q' | q_rope] */
    struct ref_sums sum;           /* [block][c]: sum_j p_j c_j */
    double (*strip)[REF_STRIP];    /* of rows */
    double (*expanded)[REF_STRIP]; /* of [k_nope | k_rope] or v */
};

static const float *wuk(const struct latent *mla, int32_t head)
{
    return mla->wkv_b + head * (mla->nope + mla->v) * mla->c;
}

static const float *wuv(const struct latent *mla, int32_t head)
{
    return wuk(mla, head) + mla->nope * mla->c;
}

static int64_t expanded_rows(const struct latent *mla)
{
    return mla->qk > mla->v ? mla->qk : mla->v;
}

static int64_t scratch_size(const struct latent *mla, int64_t block)
{
    return 3 * block * (mla->rows->count + mla->row_width + mla->c) +
           ref_strip_size(mla->row_width) + REF_STRIP * expanded_rows(mla);
}

static struct scratch scratch_at(const struct latent *mla, int64_t block, double *memory)
{
    struct scratch scratch = {.s = ref_sums_take(&memory, block * mla->rows->count),
                              .q = ref_sums_take(&memory, block * mla->row_width),
                              .sum = ref_sums_take(&memory, block * mla->c)};
    scratch.strip = (double(*)[REF_STRIP])memory;
    scratch.expanded = (double(*)[REF_STRIP])(memory + ref_strip_size(mla->row_width));
    return scratch;
}

/* [q' | q_rope] with q' = Wuk^T q_nope. */
static void absorb(const struct latent *mla, int32_t head, struct ref_sums absorbed)
{
    const float *w = wuk(mla, head);
    const double *q = mla->q + head * mla->qk;
    for (int64_t i = 0; i < mla->row_width; i++) {
        double q_rope = i < mla->c ? 0 : q[mla->nope + i - mla->c];
        absorbed.value[i] = q_rope;
        absorbed.magnitude[i] = fabs(q_rope);
        absorbed.square[i] = q_rope * q_rope;
    }
    for (int64_t d = 0; d < mla->nope; d++) {
        for (int64_t i = 0; i < mla->c; i++) {
            double term = w[d * mla->c + i] * q[d];
            absorbed.value[i] += term;
            absorbed.magnitude[i] += fabs(term);
            absorbed.square[i] += term * term;
        }
    }
}

/* y [n][8] = W c for a strip of latents. w [n][c]. */
static void expand(int64_t n, int64_t c, const float *w, const double (*strip)[REF_STRIP],
                   double (*y)[REF_STRIP])
{
    for (int64_t d = 0; d < n; d++) {
        double sum[REF_STRIP] = {0};
        for (int64_t i = 0; i < c; i++) {
            for (int k = 0; k < REF_STRIP; k++)
                sum[k] += w[d * c + i] * strip[i][k];
        }
        memcpy(y[d], sum, sizeof sum);
    }
}

/* s_j = scale q . [Wuk c_j | k_rope_j] for one head. */
static void expanded_scores(const struct latent *mla, int32_t head, double *s,
                            const struct scratch *scratch)
{
    struct ref_columns columns = {mla->row_width, 0, mla->row_width};
    const double *q = mla->q + head * mla->qk;
    for (int64_t j = 0; j < mla->rows->count; j += REF_STRIP) {
        ref_load_keys(mla->rows, columns, j, scratch->strip);
        expand(mla->nope, mla->c, wuk(mla, head), scratch->strip, scratch->expanded);
        memcpy(scratch->expanded + mla->nope, scratch->strip + mla->c,
               (size_t)mla->rope * sizeof *scratch->strip);
        for (int64_t k = 0; k < REF_STRIP && j + k < mla->rows->count; k++) {
            double dot = 0;
            for (int64_t i = 0; i < mla->qk; i++)
                dot += q[i] * scratch->expanded[i][k];
            s[j + k] = mla->scale * dot;
        }
    }
}

/* o = sum_j p_j Wuv c_j for one head. */
static void expanded_values(const struct latent *mla, int32_t head, const double *p, double *o,
                            const struct scratch *scratch)
{
    struct ref_columns columns = {mla->row_width, 0, mla->c};
    memset(o, 0, (size_t)mla->v * sizeof *o);
    for (int64_t j = 0; j < mla->rows->count; j += REF_STRIP) {
        ref_load_keys(mla->rows, columns, j, scratch->strip);
        expand(mla->v, mla->c, wuv(mla, head), scratch->strip, scratch->expanded);
        for (int64_t d = 0; d < mla->v; d++) {
            for (int64_t k = 0; k < REF_STRIP && j + k < mla->rows->count; k++)
                o[d] += p[j + k] * scratch->expanded[d][k];
        }
    }
}

/* o and its scales for one head, from p [count] and sum_j p_j c_j. */
static void finish_head(const struct latent *mla, enum ref_order order, int32_t head,
                        const double *p, struct ref_sums sum, const struct scratch *scratch)
{
    double *o = mla->out->o + head * mla->v;
    if (order == REF_EXPANDED)
        expanded_values(mla, head, p, o, scratch);
    for (int64_t d = 0; d < mla->v; d++) {
        const float *w = wuv(mla, head) + d * mla->c;
        double value = 0, magnitude = 0, square = 0;
        for (int64_t i = 0; i < mla->c; i++) {
            double w_i = w[i];
            value += w_i * sum.value[i];
            magnitude += fabs(w_i) * sum.magnitude[i];
            square += w_i * w_i * sum.square[i];
        }
        if (order == REF_ABSORBED)
            o[d] = value;
        if (mla->out->scale_o)
            mla->out->scale_o[head * mla->v + d] = magnitude;
        if (mla->out->rms_o)
            mla->out->rms_o[head * mla->v + d] = fabs(o[d]) + sqrt(square);
    }
}

/* Heads first .. first + heads - 1. The scales come from the absorbed form in both orders: the
 * expanded one has the same, q_nope^T Wuk c being bracketed either way. */
static void attend_block(const struct latent *mla, enum ref_order order, int32_t first,
                         int32_t heads, const struct scratch *scratch)
{
    int64_t count = mla->rows->count;
    struct ref_columns keys = {mla->row_width, 0, mla->row_width};
    struct ref_columns latents = {mla->row_width, 0, mla->c};
    for (int32_t h = 0; h < heads; h++)
        absorb(mla, first + h, ref_sums_at(scratch->q, h * mla->row_width));
    ref_scores(mla->rows, keys, heads, mla->scale, scratch->q, scratch->s, scratch->strip);
    for (int32_t h = 0; h < heads; h++) {
        struct ref_sums s = ref_sums_at(scratch->s, h * count);
        if (order == REF_EXPANDED)
            expanded_scores(mla, first + h, s.value, scratch);
        ref_softmax(count, mla->sinks ? mla->sinks[first + h] : -INFINITY, s, mla->out, first + h);
    }
    ref_weighted_sums(mla->rows, latents, heads, scratch->s, scratch->sum, scratch->strip);
    for (int32_t h = 0; h < heads; h++)
        finish_head(mla, order, first + h, scratch->s.value + h * count,
                    ref_sums_at(scratch->sum, h * mla->c), scratch);
}

int ref_attend_latent(enum ref_order order, const struct ref_dims *dims, const float *wkv_b,
                      const double *q, const struct ref_rows *rows, const double *sinks,
                      const struct ref_output *out, int threads)
{
    struct latent mla = {
        .nope = dims->qk_nope_head_dim,
        .rope = dims->qk_rope_head_dim,
        .v = dims->v_head_dim,
        .c = dims->kv_lora_rank,
        .qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim,
        .row_width = dims->kv_lora_rank + dims->qk_rope_head_dim,
        .heads = dims->heads,
        .scale = dims->scale,
        .wkv_b = wkv_b,
        .q = q,
        .rows = rows,
        .sinks = sinks,
        .out = out,
    };
    int32_t block = ref_block_heads(mla.heads, mla.heads, threads);
    int64_t size = scratch_size(&mla, block);
    double *memory = malloc((size_t)(threads * size) * sizeof *memory);
    if (!memory)
        return -ENOMEM;
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int32_t first = 0; first < mla.heads; first += block) {
        struct scratch scratch = scratch_at(&mla, block, memory + omp_get_thread_num() * size);
        int32_t heads = block < mla.heads - first ? block : mla.heads - first;
        attend_block(&mla, order, first, heads, &scratch);
    }
    free(memory);
    return 0;
}
