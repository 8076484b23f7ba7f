/* SPDX-License-Identifier: MIT */
#include "harness/rope_trial.h"

#include "harness/low_rank.h"
#include "harness/random.h"

#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 2048 };
/* After those of queries, rows and weights. */
enum {
    STREAM_Q = RANDOM_LAYER + 50,
    STREAM_Q_ROPE,
    STREAM_WUK,
    STREAM_WUV,
    STREAM_C,
    STREAM_K_ROPE
};

static const double score_deviation = 2;

static void fill(uint64_t seed, uint32_t stream, int64_t first, int64_t count, double deviation,
                 double *out)
{
    float some[256];
    for (int64_t i = 0; i < count; i += 256) {
        int64_t n = count - i < 256 ? count - i : 256;
        random_normal(seed, stream, (uint64_t)(first + i), n, deviation, some);
        for (int64_t k = 0; k < n; k++)
            out[i + k] = some[k];
    }
}

int rope_trial_create(struct rope_trial *trial, struct mla_error *error)
{
    struct rope_heads *h = &trial->heads;
    int64_t wuk = h->heads * h->head_dim * h->rank, wuv = h->heads * trial->v_head_dim * h->rank;
    int64_t q = (int64_t)h->heads * h->queries * h->head_dim;
    int64_t q_rope = (int64_t)h->heads * h->queries * h->rope_dim;
    trial->memory = malloc((size_t)(wuk + wuv + q + q_rope) * sizeof(double));
    if (!trial->memory)
        return mla_fail(error, MLA_MACHINE, "no memory for the study of RoPE");
    double *p_wuk = trial->memory, *p_q = p_wuk + wuk, *p_q_rope = p_q + q;
    trial->wuv = p_q_rope + q_rope;
    fill(trial->seed, STREAM_WUK, 0, wuk, 1 / sqrt((double)h->rank), p_wuk);
    fill(trial->seed, STREAM_Q, 0, q, 1, p_q);
    fill(trial->seed, STREAM_Q_ROPE, 0, q_rope, 1, p_q_rope);
    fill(trial->seed, STREAM_WUV, 0, wuv, 1 / sqrt((double)h->rank), trial->wuv);
    h->wuk = p_wuk;
    h->q = p_q;
    h->q_rope = p_q_rope;
    h->scale = score_deviation / sqrt((double)h->head_dim);
    h->decoupled_scale = score_deviation / sqrt((double)(h->head_dim + h->rope_dim));
    return 0;
}

void rope_trial_destroy(struct rope_trial *trial)
{
    free(trial->memory);
    trial->memory = NULL;
}

/* Keys of a part of the context, with their scores and what is made of them. */
struct part {
    struct rope_keys keys;
    int64_t *positions;
    double *c, *k_rope;
    double *scores[ROPE_WAYS];
};

/* per_key: whether the scores of ROPE_PER_KEY are wanted, too. */
static int create(const struct rope_trial *trial, int64_t count, bool per_key, struct part *part,
                  struct mla_error *error)
{
    const struct rope_heads *h = &trial->heads;
    size_t of_scores = (size_t)h->heads * (size_t)h->queries * (size_t)count;
    *part = (struct part){
        .positions = malloc((size_t)count * sizeof(int64_t)),
        .c = malloc((size_t)(count * h->rank) * sizeof(double)),
        .k_rope = malloc((size_t)(count * h->rope_dim) * sizeof(double)),
    };
    bool all = part->positions && part->c && part->k_rope;
    for (int way = 0; way < ROPE_WAYS; way++)
        if (way != ROPE_PER_KEY || per_key) {
            part->scores[way] = malloc(of_scores * sizeof(double));
            all = all && part->scores[way];
        }
    part->keys = (struct rope_keys){count, part->positions, part->c, part->k_rope};
    return all ? 0 : mla_fail(error, MLA_MACHINE, "no memory for the study of RoPE");
}

static void destroy(struct part *part)
{
    free(part->positions);
    free(part->c);
    free(part->k_rope);
    for (int way = 0; way < ROPE_WAYS; way++)
        free(part->scores[way]);
}

/* Keys number first, first + 1, ... of the trial. */
static void fill_keys(const struct rope_trial *trial, int64_t first, struct part *part)
{
    const struct rope_heads *h = &trial->heads;
#pragma omp parallel for num_threads(h->threads) schedule(static)
    for (int64_t j = 0; j < part->keys.count; j++) {
        fill(trial->seed, STREAM_C, (first + j) * h->rank, h->rank, 1, part->c + j * h->rank);
        fill(trial->seed, STREAM_K_ROPE, (first + j) * h->rope_dim, h->rope_dim, 1,
             part->k_rope + j * h->rope_dim);
    }
}

int rope_score_errors(const struct rope_trial *trial, int64_t distance, int64_t samples,
                      double errors[ROPE_WAYS], struct mla_error *error)
{
    const struct rope_heads *h = &trial->heads;
    struct part part;
    int code = create(trial, samples, true, &part, error);
    if (!code) {
        for (int64_t j = 0; j < samples; j++)
            part.positions[j] = h->position - distance;
        fill_keys(trial, 0, &part);
        code = rope_scores(h, &part.keys, part.scores, error);
    }
    for (int way = 0; way < ROPE_WAYS && !code; way++)
        errors[way] = relative_error((int64_t)h->heads * h->queries * samples,
                                     part.scores[rope_truth(way)], part.scores[way]);
    destroy(&part);
    return code;
}

/* Softmax and weighted sum of latents, as far as the context has been read. */
struct sums {
    double *weights;     /* [heads queries] of each way: sum of exp(s_j) */
    double *latents;     /* [heads queries][rank] of each way: sum of exp(s_j) c_j */
    double *o_truth, *o; /* [heads][queries][v_head_dim] */
    double *mean;        /* [queries][rank] of one head */
};

static int create_sums(const struct rope_trial *trial, struct sums *sums, struct mla_error *error)
{
    const struct rope_heads *h = &trial->heads;
    size_t rows = (size_t)h->heads * (size_t)h->queries, rank = (size_t)h->rank;
    size_t v = (size_t)trial->v_head_dim;
    *sums = (struct sums){
        .weights = calloc(ROPE_WAYS * rows, sizeof(double)),
        .latents = calloc(ROPE_WAYS * rows * rank, sizeof(double)),
        .o_truth = malloc(rows * v * sizeof(double)),
        .o = malloc(rows * v * sizeof(double)),
        .mean = malloc((size_t)h->queries * rank * sizeof(double)),
    };
    bool all = sums->weights && sums->latents && sums->o_truth && sums->o && sums->mean;
    return all ? 0 : mla_fail(error, MLA_MACHINE, "no memory for the study of RoPE");
}

static void destroy_sums(struct sums *sums)
{
    free(sums->weights);
    free(sums->latents);
    free(sums->o_truth);
    free(sums->o);
    free(sums->mean);
}

/* Goes on with a part. Scores are of standard deviation 2: their exponentials need no maximum taken
 * off first. */
static void add_part(const struct rope_trial *trial, struct part *part, struct sums *sums)
{
    const struct rope_heads *h = &trial->heads;
    int rows = h->heads * h->queries, rank = (int)h->rank, n = (int)part->keys.count;
    for (int way = 0; way < ROPE_WAYS; way++) {
        double *s = part->scores[way], *weights = sums->weights + (ptrdiff_t)way * rows;
        if (!s)
            continue;
#pragma omp parallel for num_threads(h->threads) schedule(static)
        for (int row = 0; row < rows; row++)
            for (int64_t j = 0; j < n; j++) {
                double *p = &s[(int64_t)row * n + j];
                *p = exp(*p);
                weights[row] += *p;
            }
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, rank, n, 1, s, n, part->c,
                    rank, 1, sums->latents + (ptrdiff_t)way * rows * rank, rank);
    }
}

/* o [heads][queries][v] of a way. */
static void finish(const struct rope_trial *trial, const struct sums *sums, int way, double *o)
{
    const struct rope_heads *h = &trial->heads;
    int64_t rows = (int64_t)h->heads * h->queries, rank = h->rank, v = trial->v_head_dim;
    for (int64_t head = 0; head < h->heads; head++) {
        for (int64_t i = 0; i < h->queries * rank; i++) {
            int64_t row = head * h->queries + i / rank;
            sums->mean[i] = sums->latents[(way * rows + row) * rank + i % rank] /
                            sums->weights[way * rows + row];
        }
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, h->queries, (int)v, (int)rank, 1,
                    sums->mean, (int)rank, trial->wuv + head * v * rank, (int)rank, 0,
                    o + head * h->queries * v, (int)v);
    }
}

static void compare(const struct rope_trial *trial, const struct sums *sums,
                    double errors[ROPE_WAYS])
{
    int64_t count = (int64_t)trial->heads.heads * trial->heads.queries * trial->v_head_dim;
    for (int way = 0; way < ROPE_WAYS; way++) {
        errors[way] = NAN;
        if (way == ROPE_PER_KEY)
            continue;
        finish(trial, sums, (int)rope_truth(way), sums->o_truth);
        finish(trial, sums, way, sums->o);
        errors[way] = relative_error(count, sums->o_truth, sums->o);
    }
}

/* Reads distances first .. last. */
static int read_context(const struct rope_trial *trial, int64_t first, int64_t last,
                        struct sums *sums, struct mla_error *error)
{
    int code = 0;
    for (int64_t next = first; next <= last && !code; next += CHUNK) {
        int64_t count = last - next + 1 < CHUNK ? last - next + 1 : CHUNK;
        struct part part;
        code = create(trial, count, false, &part, error);
        if (!code) {
            for (int64_t j = 0; j < count; j++)
                part.positions[j] = trial->heads.position - next - j;
            fill_keys(trial, next, &part);
            code = rope_scores(&trial->heads, &part.keys, part.scores, error);
        }
        if (!code)
            add_part(trial, &part, sums);
        destroy(&part);
    }
    return code;
}

int rope_output_errors(const struct rope_trial *trial, const int64_t *distances, int count,
                       double (*errors)[ROPE_WAYS], struct mla_error *error)
{
    struct sums sums;
    int code = create_sums(trial, &sums, error);
    for (int i = 0; i < count && !code; i++) {
        code = read_context(trial, i ? distances[i - 1] + 1 : 0, distances[i], &sums, error);
        if (!code)
            compare(trial, &sums, errors[i]);
    }
    destroy_sums(&sums);
    return code;
}
