/* SPDX-License-Identifier: MIT
 *
 * Attention over keys and values: multi-head (Vaswani et al. 2017), grouped-query (Ainslie et al.
 * 2023) and multi-query (Shazeer 2019). */
#include "reference/attend.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>

/* One thread's working memory for a block of heads. */
struct scratch {
    struct ref_sums s;   /* [block][count] */
    struct ref_sums q;   /* [block][qk] */
    struct ref_sums sum; /* [block][v] */
    double (*strip)[REF_STRIP];
};

static int64_t scratch_size(int64_t block, int64_t count, int64_t qk, int64_t v)
{
    return 3 * block * (count + qk + v) + ref_strip_size(qk);
}

static struct scratch scratch_at(double *memory, int64_t block, int64_t count, int64_t qk,
                                 int64_t v)
{
    struct scratch scratch = {.s = ref_sums_take(&memory, block * count),
                              .q = ref_sums_take(&memory, block * qk),
                              .sum = ref_sums_take(&memory, block * v),
                              .strip = (double(*)[REF_STRIP])memory};
    return scratch;
}

/* Heads first .. first + heads - 1, which share one key-value head. */
static void attend_block(const struct ref_dims *dims, int32_t first, int32_t heads, const double *q,
                         const struct ref_rows *rows, const double *sinks,
                         const struct ref_output *out, const struct scratch *scratch)
{
    int64_t qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim, v = dims->v_head_dim;
    int64_t width = dims->heads_kv * (qk + v);
    int64_t at = first / (dims->heads / dims->heads_kv) * (qk + v);
    struct ref_columns keys = {width, at, qk}, values = {width, at + qk, v};
    for (int64_t i = 0; i < heads * qk; i++) {
        double q_i = q[first * qk + i];
        scratch->q.value[i] = q_i;
        scratch->q.magnitude[i] = fabs(q_i);
        scratch->q.square[i] = q_i * q_i;
    }
    ref_scores(rows, keys, heads, dims->scale, scratch->q, scratch->s, scratch->strip);
    for (int32_t h = 0; h < heads; h++)
        ref_softmax(rows->count, sinks ? sinks[first + h] : -INFINITY,
                    ref_sums_at(scratch->s, h * rows->count), out, first + h);
    ref_weighted_sums(rows, values, heads, scratch->s, scratch->sum, scratch->strip);
    for (int64_t i = 0; i < heads * v; i++) {
        double o = scratch->sum.value[i];
        out->o[first * v + i] = o;
        if (out->scale_o)
            out->scale_o[first * v + i] = scratch->sum.magnitude[i];
        if (out->rms_o)
            out->rms_o[first * v + i] = fabs(o) + sqrt(scratch->sum.square[i]);
    }
}

int ref_attend_kv(const struct ref_dims *dims, const double *q, const struct ref_rows *rows,
                  const double *sinks, const struct ref_output *out, int threads)
{
    int64_t qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim, v = dims->v_head_dim;
    int32_t group = dims->heads / dims->heads_kv;
    int32_t block = ref_block_heads(dims->heads, group, threads);
    int32_t blocks_per_group = (group + block - 1) / block;
    int64_t size = scratch_size(block, rows->count, qk, v);
    double *memory = malloc((size_t)(threads * size) * sizeof *memory);
    if (!memory)
        return -ENOMEM;
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int32_t b = 0; b < dims->heads_kv * blocks_per_group; b++) {
        struct scratch scratch =
            scratch_at(memory + omp_get_thread_num() * size, block, rows->count, qk, v);
        int32_t within = b % blocks_per_group * block;
        int32_t heads = block < group - within ? block : group - within;
        attend_block(dims, b / blocks_per_group * group + within, heads, q, rows, sinks, out,
                     &scratch);
    }
    free(memory);
    return 0;
}
