/* SPDX-License-Identifier: MIT */
#include "harness/rope_absorption.h"

#include <cblas.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum rope_way rope_truth(enum rope_way way)
{
    return way == DECOUPLED_EXPANDED || way == DECOUPLED_ABSORBED ? DECOUPLED_EXPANDED
                                                                  : ROPE_EXPANDED;
}

double rope_flops(enum rope_way way, int64_t head_dim, int64_t rank, int64_t rope_dim)
{
    double product = 2.0 * (double)head_dim * (double)rank, latent = 2.0 * (double)rank;
    double key = 2.0 * (double)head_dim, rope = 2.0 * (double)rope_dim;
    const double flops[ROPE_WAYS] = {
        [ROPE_EXPANDED] = product + key,
        [ROPE_LEFT_OUT] = latent,
        [ROPE_ON_QUERY] = latent,
        [ROPE_ON_LATENT] = latent,
        [ROPE_PER_KEY] = product + latent,
        [DECOUPLED_EXPANDED] = product + key + rope,
        [DECOUPLED_ABSORBED] = latent + rope,
    };
    return flops[way];
}

/* Rotations of one width. */
struct rotation {
    struct ref_rope rope;
    double *frequencies; /* [dim / 2] */
};

struct work {
    const struct rope_heads *h;
    const struct rope_keys *keys;
    struct rotation head, latent, decoupled;
    double *k;        /* [count][head_dim] of one head */
    double *k_turned; /* the same, rotated */
    double *c_turned; /* [count][rank] rotated */
    double *k_rope;   /* [count][rope_dim] rotated */
    double *q_turned; /* [queries][head_dim] of one head */
    double *q_rope;   /* [queries][rope_dim] of one head, rotated */
    double *absorbed; /* [queries][rank] */
    double *per_key;  /* [head_dim] a query turned back, then [rank] absorbed */
    struct mla_error *error;
};

static double *take(struct work *w, int64_t count, int *code)
{
    double *memory = malloc((size_t)(count > 0 ? count : 1) * sizeof *memory);
    if (!memory)
        *code = mla_fail(w->error, MLA_MACHINE, "no memory for the study of RoPE");
    return memory;
}

static void take_rotation(struct work *w, int64_t dim, struct rotation *rotation, int *code)
{
    rotation->rope = w->h->rope;
    rotation->rope.dim = (int32_t)dim;
    rotation->frequencies = take(w, dim / 2, code);
    if (rotation->frequencies)
        ref_rope_frequencies(&rotation->rope, rotation->frequencies);
}

static int create(struct work *w)
{
    const struct rope_heads *h = w->h;
    int64_t count = w->keys->count;
    int code = 0;
    take_rotation(w, h->head_dim, &w->head, &code);
    take_rotation(w, h->rank, &w->latent, &code);
    take_rotation(w, h->rope_dim, &w->decoupled, &code);
    w->k = take(w, count * h->head_dim, &code);
    w->k_turned = take(w, count * h->head_dim, &code);
    w->c_turned = take(w, count * h->rank, &code);
    w->k_rope = take(w, count * h->rope_dim, &code);
    w->q_turned = take(w, h->queries * h->head_dim, &code);
    w->q_rope = take(w, h->queries * h->rope_dim, &code);
    w->absorbed = take(w, h->queries * h->rank, &code);
    w->per_key = take(w, h->head_dim + h->rank, &code);
    return code;
}

static void destroy(struct work *w)
{
    double *const all[] = {w->head.frequencies,
                           w->latent.frequencies,
                           w->decoupled.frequencies,
                           w->k,
                           w->k_turned,
                           w->c_turned,
                           w->k_rope,
                           w->q_turned,
                           w->q_rope,
                           w->absorbed,
                           w->per_key};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

static void turn(const struct rotation *rotation, double position, double *x)
{
    ref_rope_rotate(&rotation->rope, rotation->frequencies, position, x, NULL);
}

/* to = from, each row rotated at its key's position. */
static void turn_keys(const struct work *w, const struct rotation *rotation, const double *from,
                      double *to)
{
    int64_t width = rotation->rope.dim;
    memcpy(to, from, (size_t)(w->keys->count * width) * sizeof *to);
#pragma omp parallel for num_threads(w->h->threads) schedule(static)
    for (int64_t j = 0; j < w->keys->count; j++)
        turn(rotation, (double)w->keys->positions[j], to + j * width);
}

/* The same of queries, at their one position. */
static void turn_queries(const struct work *w, const struct rotation *rotation, const double *from,
                         double *to)
{
    int64_t width = rotation->rope.dim;
    memmove(to, from, (size_t)(w->h->queries * width) * sizeof *to);
    for (int32_t i = 0; i < w->h->queries; i++)
        turn(rotation, (double)w->h->position, to + i * width);
}

/* scores [queries][count] = scale q k^T + add scores. q [queries][width], k [count][width]. */
static void score(const struct work *w, int64_t width, double scale, const double *q,
                  const double *k, double add, double *scores)
{
    int n = (int)w->keys->count, d = (int)width;
    if (scores && n > 0)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, w->h->queries, n, d, scale, q, d, k, d,
                    add, scores, n);
}

/* absorbed [queries][rank] = q Wuk of one head. */
static void absorb(const struct work *w, const double *wuk, const double *q)
{
    int rank = (int)w->h->rank, d = (int)w->h->head_dim;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, w->h->queries, rank, d, 1, q, d, wuk,
                rank, 0, w->absorbed, rank);
}

/* (Wuk^T R_j^T R_p q) . c_j, q_turned holding R_p q. */
static void score_per_key(const struct work *w, const double *wuk, double *scores)
{
    const struct rope_heads *h = w->h;
    int rank = (int)h->rank, d = (int)h->head_dim;
    double *q = w->per_key, *absorbed = q + d;
    for (int32_t i = 0; i < h->queries; i++)
        for (int64_t j = 0; j < w->keys->count; j++) {
            memcpy(q, w->q_turned + (int64_t)i * d, (size_t)d * sizeof *q);
            turn(&w->head, -(double)w->keys->positions[j], q);
            cblas_dgemv(CblasRowMajor, CblasTrans, d, rank, 1, wuk, rank, q, 1, 0, absorbed, 1);
            scores[i * w->keys->count + j] =
                h->scale * cblas_ddot(rank, absorbed, 1, w->keys->c + j * rank, 1);
        }
}

/* The scores of a way of one head; NULL where they are not wanted. */
static double *of_head(const struct work *w, double *const scores[ROPE_WAYS], enum rope_way way,
                       int64_t head)
{
    return scores[way] ? scores[way] + head * w->h->queries * w->keys->count : NULL;
}

static void score_head(const struct work *w, int64_t head, double *const scores[ROPE_WAYS])
{
    const struct rope_heads *h = w->h;
    const double *wuk = h->wuk + head * h->head_dim * h->rank;
    const double *q = h->q + head * h->queries * h->head_dim;
    int rank = (int)h->rank, d = (int)h->head_dim;
    double *of[ROPE_WAYS];
    for (int way = 0; way < ROPE_WAYS; way++)
        of[way] = of_head(w, scores, way, head);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)w->keys->count, d, rank, 1,
                w->keys->c, rank, wuk, rank, 0, w->k, d);
    turn_keys(w, &w->head, w->k, w->k_turned);
    turn_queries(w, &w->head, q, w->q_turned);
    turn_queries(w, &w->decoupled, h->q_rope + head * h->queries * h->rope_dim, w->q_rope);
    score(w, d, h->scale, w->q_turned, w->k_turned, 0, of[ROPE_EXPANDED]);
    absorb(w, wuk, w->q_turned);
    score(w, rank, h->scale, w->absorbed, w->keys->c, 0, of[ROPE_ON_QUERY]);
    if (of[ROPE_PER_KEY])
        score_per_key(w, wuk, of[ROPE_PER_KEY]);
    score(w, d, h->decoupled_scale, q, w->k, 0, of[DECOUPLED_EXPANDED]);
    score(w, h->rope_dim, h->decoupled_scale, w->q_rope, w->k_rope, 1, of[DECOUPLED_EXPANDED]);
    absorb(w, wuk, q);
    score(w, rank, h->scale, w->absorbed, w->keys->c, 0, of[ROPE_LEFT_OUT]);
    score(w, rank, h->decoupled_scale, w->absorbed, w->keys->c, 0, of[DECOUPLED_ABSORBED]);
    score(w, h->rope_dim, h->decoupled_scale, w->q_rope, w->k_rope, 1, of[DECOUPLED_ABSORBED]);
    turn_queries(w, &w->latent, w->absorbed, w->absorbed);
    score(w, rank, h->scale, w->absorbed, w->c_turned, 0, of[ROPE_ON_LATENT]);
}

int rope_scores(const struct rope_heads *heads, const struct rope_keys *keys,
                double *const scores[ROPE_WAYS], struct mla_error *error)
{
    struct work w = {.h = heads, .keys = keys, .error = error};
    int code = create(&w);
    if (!code) {
        turn_keys(&w, &w.latent, keys->c, w.c_turned);
        turn_keys(&w, &w.decoupled, keys->k_rope, w.k_rope);
        for (int64_t head = 0; head < heads->heads; head++)
            score_head(&w, head, scores);
    }
    destroy(&w);
    return code;
}
