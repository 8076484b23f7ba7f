/* SPDX-License-Identifier: MIT */
#include "harness/layer.h"

#include "harness/layer_ops.h"
#include "harness/problem.h"

#include <stdio.h>
#include <string.h>

static int kernel_status(const struct layer *layer, const char *verb, int status,
                         struct mla_error *error)
{
    if (status == 0)
        return 0;
    return mla_fail(error, MLA_FAILED, "kernel %s: %s returned %d (%s)", layer->kernel->name, verb,
                    status, strerror(-status));
}

static int stage_status(const struct layer *layer, const struct layer_stage *stage,
                        const char *verb, int status, struct mla_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "stage %s: %s", stage->name, verb);
    return kernel_status(layer, name, status, error);
}

static int plan_kernel(struct layer *layer, enum mla_format format,
                       const struct layer_limits *limits, struct mla_error *error)
{
    struct mla_problem *p = &layer->problem;
    const char *why = "it does not say why";
    model_problem(layer->model, format, p);
    if (!layer->kernel->supports(p, false, false, &why))
        return mla_fail(error, MLA_BAD_INPUT, "kernel %s cannot run the layer of %s: %s",
                        layer->kernel->name, layer->model->name, why);
    p->slots = limits->keys * limits->batch;
    p->max_tokens = limits->tokens;
    p->max_keys = limits->keys;
    p->max_batch = limits->batch;
    p->max_threads = limits->threads;
    int code = kernel_status(layer, "plan", layer->kernel->plan(p, &layer->kernel_plan), error);
    if (code)
        return code;
    int64_t align = layer->kernel_plan.slot_align;
    layer->slots_per_sequence = (limits->keys + align - 1) / align * align;
    p->slots = layer->slots_per_sequence * limits->batch;
    return kernel_status(layer, "plan", layer->kernel->plan(p, &layer->kernel_plan), error);
}

static bool is_callers(int array)
{
    return array == LAYER_X || array == LAYER_Y;
}

/* The layer's own buffers and what they need. */
struct wanted {
    struct buffer *buffer;
    size_t size;
    const char *what;
};
enum { BUFFERS = 5 };

static void list_buffers(struct layer *layer, const struct layer_limits *limits,
                         struct wanted wanted[BUFFERS])
{
    const struct mla_plan *plan = &layer->kernel_plan;
    size_t tokens = (size_t)limits->tokens, pairs = (size_t)layer->model->qk_rope_head_dim / 2;
    size_t floats = 0;
    for (int i = 0; i < LAYER_ARRAYS; i++)
        floats += is_callers(i) ? 0 : tokens * (size_t)layer->plan.width[i];
    const struct wanted list[BUFFERS] = {
        {&layer->prepared, plan->prepared, "the kernel's weights"},
        {&layer->cache, plan->cache_payload + plan->cache_padding, "the cache"},
        {&layer->workspace, plan->workspace, "the kernel's workspace"},
        {&layer->activations, sizeof(float) * floats, "the layer's activations"},
        {&layer->rope,
         tokens * sizeof(int64_t) + pairs * (sizeof(double) + 2 * tokens * sizeof(float)),
         "the RoPE tables"},
    };
    memcpy(wanted, list, sizeof list);
}

uint64_t layer_bytes(const struct model *model, const struct mla_kernel *kernel,
                     enum mla_format format, const struct layer_limits *limits)
{
    struct layer layer = {.model = model, .kernel = kernel};
    struct ref_layer_weights no_weights = {0};
    struct wanted wanted[BUFFERS];
    struct mla_error error;
    layer_plan(model, &no_weights, &layer.plan);
    if (plan_kernel(&layer, format, limits, &error))
        return 0;
    list_buffers(&layer, limits, wanted);
    uint64_t bytes = 0;
    for (int i = 0; i < BUFFERS; i++)
        bytes += wanted[i].size;
    return bytes;
}

static int allocate(struct layer *layer, const struct layer_limits *limits, struct mla_error *error)
{
    struct wanted wanted[BUFFERS];
    list_buffers(layer, limits, wanted);
    for (int i = 0; i < BUFFERS; i++) {
        int code =
            buffer_create(wanted[i].buffer, BUFFER_PLAIN, wanted[i].size, wanted[i].what, error);
        if (code)
            return code;
        buffer_poison(wanted[i].buffer, POISON_NAN);
    }
    float *next = layer->activations.data;
    for (int i = 0; i < LAYER_ARRAYS; i++) {
        if (is_callers(i) || layer->plan.width[i] == 0)
            continue;
        layer->at[i] = next;
        next += limits->tokens * layer->plan.width[i];
    }
    int64_t pairs = layer->model->qk_rope_head_dim / 2;
    layer->positions = layer->rope.data;
    void *after = layer->positions + limits->tokens;
    layer->frequencies = after;
    after = layer->frequencies + pairs;
    layer->cos = after;
    layer->sin = layer->cos + limits->tokens * pairs;
    if (pairs)
        ref_rope_frequencies(&layer->model->rope, layer->frequencies);
    layer->memory =
        (struct mla_memory){layer->prepared.data, layer->cache.data, layer->workspace.data};
    return 0;
}

int layer_create(const struct model *model, const struct ref_layer_weights *weights,
                 const struct mla_kernel *kernel, enum mla_format format,
                 const struct layer_limits *limits, struct layer *layer, struct mla_error *error)
{
    *layer = (struct layer){.model = model, .kernel = kernel};
    layer_plan(model, weights, &layer->plan);
    int code = plan_kernel(layer, format, limits, error);
    if (code)
        return code;
    if (layer->problem.kind == MLA_LATENT)
        layer->problem.wkv_b = weights->kv_b_proj;
    code = allocate(layer, limits, error);
    if (code == 0 && kernel->prepare)
        code = kernel_status(
            layer, "prepare",
            kernel->prepare(&layer->problem, layer->prepared.data, limits->threads), error);
    layer->ready = code == 0;
    if (code)
        layer_destroy(layer);
    else
        layer_ops_begin();
    return code;
}

void layer_destroy(struct layer *layer)
{
    if (layer->ready && layer->kernel->release)
        layer->kernel->release(&layer->problem, layer->prepared.data);
    buffer_destroy(&layer->prepared);
    buffer_destroy(&layer->cache);
    buffer_destroy(&layer->workspace);
    buffer_destroy(&layer->activations);
    buffer_destroy(&layer->rope);
}

/* One call of layer_forward. */
struct forward {
    const struct layer *layer;
    int64_t tokens;
    const float *x;
    float *y;
    int threads;
};

static const float *input(const struct forward *f, const struct layer_stage *stage)
{
    return stage->in == LAYER_X ? f->x : f->layer->at[stage->in];
}

static float *output(const struct forward *f, const struct layer_stage *stage)
{
    return stage->out == LAYER_Y ? f->y : f->layer->at[stage->out];
}

/* The stage's vectors, in the arrays of this call. */
static struct mla_vectors vectors_of(const struct forward *f, const struct layer_stage *stage)
{
    const struct layer_vectors *v = &stage->vectors;
    return (struct mla_vectors){.tokens = f->tokens,
                                .count = v->count,
                                .width = v->width,
                                .x = input(f, stage) + v->in_first,
                                .x_token_stride = f->layer->plan.width[stage->in],
                                .x_stride = v->in_stride,
                                .y = output(f, stage) + v->out_first,
                                .y_token_stride = f->layer->plan.width[stage->out],
                                .y_stride = v->out_stride};
}

static void each_vector(const struct forward *f, const struct layer_stage *stage,
                        const struct mla_vectors *v)
{
    const struct layer *layer = f->layer;
    float eps = (float)layer->model->norm_eps, gain = (float)stage->gain;
    int32_t pairs = layer->model->qk_rope_head_dim / 2;
#pragma omp parallel for num_threads(f->threads) schedule(static) collapse(2)
    for (int64_t token = 0; token < v->tokens; token++) {
        for (int64_t i = 0; i < v->count; i++) {
            const float *from = v->x + token * v->x_token_stride + i * v->x_stride;
            float *to = v->y + token * v->y_token_stride + i * v->y_stride;
            if (stage->op == LAYER_NORM)
                layer_norm(v->width, eps, gain, stage->weight, from, to);
            else if (stage->op == LAYER_ROPE)
                layer_rotate(v->width, pairs, layer->model->rope.interleaved,
                             layer->cos + token * pairs, layer->sin + token * pairs, from, to);
            else
                memcpy(to, from, sizeof *to * (size_t)v->width);
        }
    }
}

/* 1 where nothing rotates, whatever the model's RoPE says. */
static double rope_magnitude(const struct layer *layer)
{
    return layer->model->qk_rope_head_dim ? ref_rope_magnitude(&layer->model->rope) : 1;
}

static int rotate_by_kernel(const struct forward *f, const struct mla_vectors *v)
{
    const struct layer *layer = f->layer;
    struct mla_rope rope = {.dim = layer->model->qk_rope_head_dim,
                            .interleaved = layer->model->rope.interleaved,
                            .frequencies = layer->frequencies,
                            .magnitude = rope_magnitude(layer)};
    return layer->kernel->rope(v, &rope, layer->positions, f->threads);
}

/* A stage around attention: by the kernel's own verb if it has one, else by the harness. */
static int around(const struct forward *f, const struct layer_stage *stage, struct mla_error *error)
{
    const struct layer *layer = f->layer;
    const struct mla_kernel *kernel = layer->kernel;
    if (stage->op == LAYER_LINEAR) {
        int64_t in = layer->plan.width[stage->in], out = layer->plan.width[stage->out];
        const float *x = input(f, stage);
        float *y = output(f, stage);
        if (kernel->linear)
            return stage_status(layer, stage, "linear",
                                kernel->linear(f->tokens, in, out, stage->weight, x, y, f->threads),
                                error);
        layer_linear(f->tokens, in, out, stage->weight, x, y, f->threads);
        return 0;
    }
    struct mla_vectors v = vectors_of(f, stage);
    if (stage->op == LAYER_NORM && kernel->norm)
        return stage_status(
            layer, stage, "norm",
            kernel->norm(&v, stage->weight, layer->model->norm_eps, stage->gain, f->threads),
            error);
    if (stage->op == LAYER_ROPE && kernel->rope)
        return stage_status(layer, stage, "rope", rotate_by_kernel(f, &v), error);
    each_vector(f, stage, &v);
    return 0;
}

static void enter(const struct layer *layer, enum mla_stage stage)
{
    if (layer->enter)
        layer->enter(layer->enter_context, 0, stage);
}

int layer_attend(struct layer *layer, const struct mla_seq *seqs, int32_t batch, int threads,
                 struct mla_error *error)
{
    const struct mla_kernel *kernel = layer->kernel;
    int status = 0;
    enter(layer, MLA_STAGE_STORE);
    for (int32_t i = 0; i < batch && status == 0; i++) {
        const float *rows = layer->at[LAYER_ROWS] + seqs[i].token * layer->plan.width[LAYER_ROWS];
        status = kernel->store(&layer->problem, &layer->memory, &seqs[i], seqs[i].position,
                               seqs[i].tokens, rows, threads);
    }
    enter(layer, MLA_STAGES);
    int code = kernel_status(layer, "store", status, error);
    if (code)
        return code;
    struct mla_call call = {.seqs = seqs,
                            .batch = batch,
                            .threads = threads,
                            .q = layer->at[LAYER_Q],
                            .o = layer->at[LAYER_O],
                            .lse = layer->at[LAYER_LSE],
                            .enter = layer->enter,
                            .enter_context = layer->enter_context};
    return kernel_status(layer, "attend", kernel->attend(&layer->problem, &layer->memory, &call),
                         error);
}

static void make_tables(const struct layer *layer, const struct mla_seq *seqs, int32_t batch)
{
    int64_t pairs = layer->model->qk_rope_head_dim / 2;
    double magnitude = rope_magnitude(layer);
    for (int32_t i = 0; i < batch; i++) {
        const struct mla_seq *seq = &seqs[i];
        for (int64_t t = 0; t < seq->tokens; t++) {
            int64_t at = (seq->token + t) * pairs;
            layer->positions[seq->token + t] = layer->rope_offset + seq->position + t;
            layer_rope_table(pairs, layer->frequencies, magnitude,
                             (double)layer->positions[seq->token + t], layer->cos + at,
                             layer->sin + at);
        }
    }
}

int layer_forward(struct layer *layer, const struct mla_seq *seqs, int32_t batch, const float *x,
                  float *y, int threads, struct mla_error *error)
{
    struct forward f = {.layer = layer, .x = x, .y = y, .threads = threads};
    for (int32_t i = 0; i < batch; i++)
        f.tokens += seqs[i].tokens;
    if (f.tokens > layer->problem.max_tokens)
        return mla_fail(error, MLA_BAD_INPUT, "%ld tokens in one call of a layer made for %ld",
                        (long)f.tokens, (long)layer->problem.max_tokens);
    make_tables(layer, seqs, batch);
    for (int i = 0; i < layer->plan.count; i++) {
        const struct layer_stage *stage = &layer->plan.stages[i];
        int code = stage->op == LAYER_ATTEND ? layer_attend(layer, seqs, batch, threads, error)
                                             : around(&f, stage, error);
        if (code)
            return code;
    }
    return 0;
}
