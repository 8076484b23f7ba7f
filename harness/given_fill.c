/* SPDX-License-Identifier: MIT
 *
 * Queries and rows that a given layer makes of its hidden states. */
#include "harness/given.h"
#include "harness/problem.h"

#include <cblas.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Absent from other BLAS libraries. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

/* Tokens that go through the projections together. */
enum { TOGETHER = 32 };

struct filling {
    const struct given *given;
    struct inputs *inputs;
    struct ref_layer_dims dims;
    const double *frequencies; /* [rope / 2] */
};

/* Memory of a thread, for TOGETHER tokens. */
struct room {
    float *x, *narrow; /* hidden states; c_q or a row */
    double *exact;     /* of one token's c_q, row or head */
};

static int64_t narrow_width(const struct ref_layer_dims *d)
{
    int64_t row = (int64_t)d->attention.kv_lora_rank + d->attention.qk_rope_head_dim;
    return d->q_lora_rank > row ? d->q_lora_rank : row;
}

static int64_t q_width(const struct ref_layer_dims *d)
{
    return (int64_t)d->attention.heads *
           (d->attention.qk_nope_head_dim + d->attention.qk_rope_head_dim);
}

static int room_create(const struct filling *f, struct room *room)
{
    size_t narrow = (size_t)narrow_width(&f->dims), hidden = (size_t)f->dims.hidden_size;
    size_t head =
        (size_t)f->dims.attention.qk_nope_head_dim + (size_t)f->dims.attention.qk_rope_head_dim;
    room->x = malloc(sizeof(float) * TOGETHER * (hidden + narrow));
    room->exact = malloc(sizeof(double) * (narrow > head ? narrow : head));
    if (!room->x || !room->exact)
        return -ENOMEM;
    room->narrow = room->x + TOGETHER * hidden;
    return 0;
}

static void room_free(struct room *room)
{
    free(room->x);
    free(room->exact);
}

/* y = x W^T. */
static void project(int64_t tokens, int64_t in, int64_t out, const float *x, const float *w,
                    float *y)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)tokens, (int)out, (int)in, 1, x,
                (int)in, w, (int)in, 0, y, (int)out);
}

static void normalise(const struct filling *f, const struct room *room, int64_t width, double gain,
                      const float *weight, float *values)
{
    for (int64_t i = 0; i < width; i++)
        room->exact[i] = values[i];
    ref_rmsnorm(width, f->dims.norm_eps, gain, weight, room->exact, room->exact, NULL);
    for (int64_t i = 0; i < width; i++)
        values[i] = (float)room->exact[i];
}

static void rotate(const struct filling *f, const struct room *room, int64_t position,
                   float *values)
{
    int64_t rope = f->dims.attention.qk_rope_head_dim;
    for (int64_t i = 0; i < rope; i++)
        room->exact[i] = values[i];
    ref_rope_rotate(&f->dims.rope, f->frequencies, (double)position, room->exact, NULL);
    for (int64_t i = 0; i < rope; i++)
        values[i] = (float)room->exact[i];
}

/* The latent rows of tokens at positions first, first + 1, ..., whose hidden states are in x. */
static void make_rows(const struct filling *f, const struct room *room, int64_t first,
                      int64_t tokens, float *rows)
{
    const struct ref_layer_weights *w = &f->given->checkpoint.weights.named;
    int64_t rank = f->dims.attention.kv_lora_rank, width = f->inputs->width;
    project(tokens, f->dims.hidden_size, width, room->x, w->kv_a_proj, rows);
    for (int64_t t = 0; t < tokens; t++) {
        normalise(f, room, rank, f->dims.kv_lora_gain, w->kv_a_layernorm, rows + t * width);
        rotate(f, room, first + t, rows + t * width + rank);
    }
}

static void make_queries(const struct filling *f, const struct room *room, int64_t first,
                         int64_t tokens, float *q)
{
    const struct ref_layer_weights *w = &f->given->checkpoint.weights.named;
    const struct ref_dims *a = &f->dims.attention;
    int64_t rank = f->dims.q_lora_rank, width = q_width(&f->dims);
    int64_t head = (int64_t)a->qk_nope_head_dim + a->qk_rope_head_dim;
    if (rank > 0) {
        project(tokens, f->dims.hidden_size, rank, room->x, w->q_a_proj, room->narrow);
        for (int64_t t = 0; t < tokens; t++)
            normalise(f, room, rank, f->dims.q_lora_gain, w->q_a_layernorm,
                      room->narrow + t * rank);
        project(tokens, rank, width, room->narrow, w->q_b_proj, q);
    } else {
        project(tokens, f->dims.hidden_size, width, room->x, w->q_proj, q);
    }
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t h = 0; h < a->heads; h++)
            rotate(f, room, first + t, q + t * width + h * head + a->qk_nope_head_dim);
}

/* Rows [first, end) of a sequence, and the queries of those that are new. */
static void fill_tokens(const struct filling *f, const struct room *room, int32_t index,
                        int64_t first, int64_t end)
{
    const struct workload *work = &f->inputs->workload;
    const struct mla_seq *seq = &work->seqs[index];
    int64_t number = workload_first_row(work, index), hidden = f->dims.hidden_size;
    int64_t fresh = first > seq->position ? first : seq->position;
    given_hidden(f->given, f->inputs->seed, number + first, end - first, room->x);
    make_rows(f, room, first, end - first, inputs_row(f->inputs, index, first));
    if (fresh >= end)
        return;
    struct room rest = *room;
    rest.x += (fresh - first) * hidden;
    make_queries(f, &rest, fresh, end - fresh,
                 (float *)f->inputs->q.data +
                     (seq->token + fresh - seq->position) * q_width(&f->dims));
}

static int fill_sequence(const struct filling *f, int32_t index, int threads)
{
    int64_t rows = f->inputs->workload.seqs[index].kv_end;
    int status = 0;
#pragma omp parallel num_threads(threads)
    {
        struct room room = {0};
        int own = room_create(f, &room);
#pragma omp for schedule(static)
        for (int64_t first = 0; first < rows; first += TOGETHER)
            if (!own)
                fill_tokens(f, &room, index, first,
                            first + TOGETHER < rows ? first + TOGETHER : rows);
        if (own) {
#pragma omp atomic write
            status = own;
        }
        room_free(&room);
    }
    return status;
}

int given_fill(const struct given *given, struct inputs *inputs, int threads,
               struct mla_error *error)
{
    struct filling f = {.given = given, .inputs = inputs};
    model_ref_layer_dims(&given->checkpoint.model, &f.dims);
    double *frequencies =
        calloc((size_t)f.dims.attention.qk_rope_head_dim / 2 + 1, sizeof *frequencies);
    if (!frequencies)
        return mla_fail(error, MLA_MACHINE, "no memory for RoPE");
    ref_rope_frequencies(&f.dims.rope, frequencies);
    f.frequencies = frequencies;
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    memcpy(inputs->wkv_b.data, given->checkpoint.weights.named.kv_b_proj, inputs->wkv_b.size);
    int status = 0;
    for (int32_t i = 0; i < inputs->workload.batch && status == 0; i++)
        status = fill_sequence(&f, i, threads);
    free(frequencies);
    return status ? mla_fail(error, MLA_MACHINE, "no memory for %d threads' hidden states", threads)
                  : 0;
}
