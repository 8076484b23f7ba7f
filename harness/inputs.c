/* SPDX-License-Identifier: MIT */
#include "harness/inputs.h"

#include "harness/input_arrange.h"
#include "harness/problem.h"
#include "harness/random.h"

#include <math.h>
#include <string.h>

int64_t row_width(const struct mla_problem *p, enum mla_kind kind)
{
    if (kind == MLA_LATENT)
        return p->kv_lora_rank + p->qk_rope_head_dim;
    return (int64_t)p->heads_kv * (p->qk_nope_head_dim + p->qk_rope_head_dim + p->v_head_dim);
}

static size_t q_floats(const struct mla_problem *p, int64_t tokens)
{
    return (size_t)tokens * (size_t)p->heads * (size_t)(p->qk_nope_head_dim + p->qk_rope_head_dim);
}

static size_t wkv_b_floats(const struct mla_problem *p)
{
    return (size_t)p->heads * (size_t)(p->qk_nope_head_dim + p->v_head_dim) *
           (size_t)p->kv_lora_rank;
}

uint64_t inputs_bytes(const struct bench_case *c)
{
    struct mla_problem p;
    model_problem(&c->model, c->format, &p);
    uint64_t rows = (uint64_t)c->batch * (uint64_t)(c->cached + c->new_tokens);
    uint64_t listed = (uint64_t)c->batch * (uint64_t)c->new_tokens * (uint64_t)c->top_k;
    return sizeof(float) * (q_floats(&p, c->batch * c->new_tokens) + wkv_b_floats(&p) +
                            rows * (uint64_t)row_width(&p, p.kind) + listed);
}

int inputs_create(const struct bench_case *c, uint64_t seed, struct inputs *inputs,
                  struct mla_error *error)
{
    *inputs =
        (struct inputs){.seed = seed, .listed = c->top_k, .split = c->split, .kind = c->inputs};
    struct mla_problem *p = &inputs->problem;
    model_problem(&c->model, c->format, p);
    int code = workload_create(c, seed, &inputs->workload, error);
    if (code)
        return code;
    const struct workload *w = &inputs->workload;
    p->slots = w->slots;
    p->page_size = c->page_size;
    p->max_tokens = w->tokens;
    p->max_keys = w->max_keys;
    p->max_batch = w->batch;
    p->max_threads = c->threads;
    inputs->width = row_width(p, p->kind);
    size_t rows = (size_t)w->rows * (size_t)inputs->width;
    code = buffer_create(&inputs->wkv_b, BUFFER_SHARED, sizeof(float) * wkv_b_floats(p),
                         "the weights", error);
    if (!code)
        code = buffer_create(&inputs->q, BUFFER_SHARED, sizeof(float) * q_floats(p, w->tokens),
                             "the queries", error);
    if (!code)
        code = buffer_create(&inputs->rows, BUFFER_SHARED, sizeof(float) * rows, "the rows", error);
    if (!code)
        code = buffer_create(&inputs->top_k, BUFFER_SHARED,
                             sizeof(int32_t) * (size_t)w->tokens * (size_t)c->top_k,
                             "the top-k indices", error);
    if (!code)
        code = buffer_create(
            &inputs->scratch, BUFFER_SHARED,
            sizeof(double) * (size_t)(inputs->width + p->qk_nope_head_dim + p->qk_rope_head_dim),
            "arranging inputs", error);
    if (!code && c->sinks)
        code = buffer_create(&inputs->sinks, BUFFER_SHARED, sizeof(float) * (size_t)p->heads,
                             "the sinks", error);
    if (code)
        inputs_destroy(inputs);
    else {
        p->wkv_b = inputs->wkv_b.data;
        inputs->workload.lists = inputs->top_k.data;
    }
    return code;
}

void inputs_destroy_copy(struct inputs *copy)
{
    buffer_destroy(&copy->wkv_b);
    buffer_destroy(&copy->q);
    buffer_destroy(&copy->rows);
    buffer_destroy(&copy->top_k);
    buffer_destroy(&copy->sinks);
    buffer_destroy(&copy->scratch);
}

void inputs_destroy(struct inputs *inputs)
{
    inputs_destroy_copy(inputs);
    workload_destroy(&inputs->workload);
}

static int copy_buffer(const struct buffer *from, struct buffer *to, struct mla_error *error)
{
    int code = buffer_create(to, BUFFER_PLAIN, from->size, "a copy of the inputs", error);
    if (!code && from->size)
        memcpy(to->data, from->data, from->size);
    return code;
}

int inputs_copy(const struct inputs *inputs, struct inputs *copy, struct mla_error *error)
{
    *copy = *inputs;
    struct buffer *to[] = {&copy->wkv_b, &copy->q,     &copy->rows,
                           &copy->top_k, &copy->sinks, &copy->scratch};
    const struct buffer *from[] = {&inputs->wkv_b, &inputs->q,     &inputs->rows,
                                   &inputs->top_k, &inputs->sinks, &inputs->scratch};
    int code = 0;
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
        *to[i] = (struct buffer){0};
        if (!code)
            code = copy_buffer(from[i], to[i], error);
    }
    copy->problem.wkv_b = copy->wkv_b.data;
    if (code)
        inputs_destroy_copy(copy);
    return code;
}

static void fill(struct buffer *buffer, uint64_t seed, enum random_stream stream, double sd,
                 int threads)
{
    enum { CHUNK = 4096 };
    int64_t count = (int64_t)(buffer->size / sizeof(float));
    float *out = buffer->data;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t first = 0; first < count; first += CHUNK) {
        int64_t n = count - first < CHUNK ? count - first : CHUNK;
        random_normal(seed, stream, (uint64_t)first, n, sd, out + first);
    }
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Distinct positions among the sequence's rows, some of them behind the mask, and -1 in every fifth
 * place and where the rows run out. */
static void list_positions(const struct inputs *inputs, int64_t token, int64_t rows, int32_t *list)
{
    uint64_t counter = 2 * (uint64_t)token;
    int64_t start = (int64_t)random_below(inputs->seed, RANDOM_TOP_K, counter, (uint64_t)rows);
    int64_t step = (int64_t)random_below(inputs->seed, RANDOM_TOP_K, counter + 1, (uint64_t)rows);
    while (common_divisor(step, rows) != 1)
        step++; /* one that shares no factor with the rows comes to each of them once */
    for (int32_t k = 0; k < inputs->listed; k++)
        list[k] = k % 5 == 4 || k >= rows ? -1 : (int32_t)((start + k * step) % rows);
}

static void fill_top_k(struct inputs *inputs)
{
    for (int32_t i = 0; i < inputs->workload.batch; i++) {
        const struct mla_seq *seq = &inputs->workload.seqs[i];
        for (int64_t t = seq->token; t < seq->token + seq->tokens; t++)
            list_positions(inputs, t, seq->kv_end,
                           (int32_t *)inputs->top_k.data + t * inputs->listed);
    }
}

void inputs_call(const struct inputs *inputs, struct mla_call *call)
{
    call->top_k_indices = inputs->top_k.data;
    call->top_k = inputs->listed;
    call->sinks = inputs->sinks.data;
}

void inputs_fill(struct inputs *inputs, int threads)
{
    const struct mla_problem *p = &inputs->problem;
    double score_sd = p->scale * sqrt(p->qk_nope_head_dim + p->qk_rope_head_dim);
    double gain = score_sd < 1 || score_sd > 3 ? 2 / score_sd : 1;
    fill(&inputs->q, inputs->seed, RANDOM_Q, gain, threads);
    fill(&inputs->rows, inputs->seed, RANDOM_ROWS, 1, threads);
    fill(&inputs->wkv_b, inputs->seed, RANDOM_WKV_B, 1 / sqrt(fmax(p->kv_lora_rank, 1)), threads);
    fill(&inputs->sinks, inputs->seed, RANDOM_SINKS, 2, threads);
    for (int64_t h = 2; h < p->heads && inputs->sinks.data; h += 4)
        ((float *)inputs->sinks.data)[h] = -INFINITY; /* that head has none */
    if (inputs->listed)
        fill_top_k(inputs);
    for (int32_t i = 1; i < inputs->workload.batch; i++)
        memcpy(inputs_row(inputs, i, 0), inputs_row(inputs, 0, 0),
               sizeof(float) * (size_t)(workload_shared(&inputs->workload, i) * inputs->width));
    inputs_arrange(inputs);
}

double inputs_largest_row_element(const struct inputs *inputs)
{
    const float *rows = inputs->rows.data;
    float largest = 0;
    for (size_t i = 0; i < inputs->rows.size / sizeof *rows; i++)
        largest = fmaxf(largest, fabsf(rows[i]));
    return largest;
}
