/* SPDX-License-Identifier: MIT */
#include "harness/layer_ops.h"
#include "harness/train_pass.h"

#include <string.h>

size_t train_array_bytes(const struct train_layer *layer, enum train_array array)
{
    const struct mla_plan *plan = &layer->kernel_plan;
    if (array == TRAIN_CACHE)
        return plan->cache_payload + plan->cache_padding;
    /* As the gradients of rows are in the cache's slots. */
    int64_t count = array == TRAIN_ROWS ? layer->problem.slots : layer->tokens;
    return sizeof(float) * (size_t)(count * layer->plan.width[array]);
}

size_t train_array_payload(const struct train_layer *layer, enum train_array array)
{
    return sizeof(float) * (size_t)(layer->tokens * layer->plan.width[array]);
}

static size_t aligned(size_t bytes)
{
    const size_t line = 64;
    return (bytes + line - 1) / line * line;
}

int train_pass_begin(const struct train_layer *layer, const bool wanted[TRAIN_ARRAYS],
                     struct train_pass *pass, struct mla_error *error)
{
    size_t bytes = 0;
    *pass = (struct train_pass){.layer = layer};
    for (int i = 0; i < TRAIN_ARRAYS; i++)
        bytes += wanted[i] ? aligned(train_array_bytes(layer, i)) : 0;
    int code = buffer_create(&pass->scratch, BUFFER_ALIGNED, bytes, "a pass's activations", error);
    if (!code)
        code = buffer_create(&pass->workspace, BUFFER_ALIGNED, layer->kernel_plan.workspace,
                             "the kernel's workspace", error);
    if (code) {
        train_pass_end(pass);
        return code;
    }
    buffer_poison(&pass->scratch, POISON_NAN);
    char *next = pass->scratch.data;
    for (int i = 0; i < TRAIN_ARRAYS; i++) {
        size_t size = wanted[i] ? aligned(train_array_bytes(layer, i)) : 0;
        pass->at[i] = size ? next : NULL;
        next += size;
    }
    return 0;
}

void train_pass_end(struct train_pass *pass)
{
    buffer_destroy(&pass->scratch);
    buffer_destroy(&pass->workspace);
}

struct mla_seq train_sequence(const struct train_layer *layer)
{
    return (struct mla_seq){.tokens = layer->tokens, .kv_end = layer->tokens};
}

static int attend(const struct train_pass *pass, const struct mla_memory *memory,
                  struct mla_error *error)
{
    const struct train_layer *layer = pass->layer;
    const struct mla_seq seq = train_sequence(layer);
    const struct mla_call call = {.seqs = &seq,
                                  .batch = 1,
                                  .threads = layer->threads,
                                  .q = pass->at[TRAIN_Q],
                                  .o = pass->at[TRAIN_O],
                                  .lse = pass->at[TRAIN_LSE]};
    return train_status(layer, "attend", layer->kernel->attend(&layer->problem, memory, &call),
                        error);
}

static int store(const struct train_pass *pass, const struct mla_memory *memory,
                 struct mla_error *error)
{
    const struct train_layer *layer = pass->layer;
    const struct mla_seq seq = train_sequence(layer);
    return train_status(layer, "store",
                        layer->kernel->store(&layer->problem, memory, &seq, 0, layer->tokens,
                                             pass->at[TRAIN_ROWS], layer->threads),
                        error);
}

static void each_vector(const struct train_pass *pass, const struct train_stage *stage)
{
    const struct train_layer *layer = pass->layer;
    const struct layer_vectors *v = &stage->vectors;
    const float *in = pass->at[stage->in];
    float *out = pass->at[stage->out], eps = (float)layer->model->norm_eps;
    int32_t pairs = layer->model->qk_rope_head_dim / 2;
#pragma omp parallel for num_threads(layer->threads) schedule(static) collapse(2)
    for (int64_t t = 0; t < layer->tokens; t++) {
        for (int64_t i = 0; i < v->count; i++) {
            const float *x = in + t * layer->plan.width[stage->in] + v->in_first + i * v->in_stride;
            float *y = out + t * layer->plan.width[stage->out] + v->out_first + i * v->out_stride;
            if (stage->op == TRAIN_NORM)
                layer_norm(v->width, eps, (float)stage->gain, stage->weight, x, y);
            else if (stage->op == TRAIN_ROPE)
                layer_rotate(v->width, pairs, layer->model->rope.interleaved,
                             layer->cos + t * pairs, layer->sin + t * pairs, x, y);
            else
                memcpy(y, x, sizeof *y * (size_t)v->width);
        }
    }
}

int train_stage_run(const struct train_pass *pass, const struct train_stage *stage,
                    struct mla_error *error)
{
    const struct train_layer *layer = pass->layer;
    const struct mla_memory memory = {layer->prepared.data, pass->at[TRAIN_CACHE],
                                      pass->workspace.data};
    switch (stage->op) {
    case TRAIN_LINEAR:
        layer_linear(layer->tokens, layer->plan.width[stage->in], layer->plan.width[stage->out],
                     stage->weight, pass->at[stage->in], pass->at[stage->out], layer->threads);
        return 0;
    case TRAIN_STORE:
        return store(pass, &memory, error);
    case TRAIN_ATTEND:
        return attend(pass, &memory, error);
    default:
        each_vector(pass, stage);
        return 0;
    }
}

static int keep(const struct train_layer *layer, struct train_pass *pass, struct tape *tape,
                struct mla_error *error)
{
    int code = 0;
    for (int i = 0; i < TRAIN_ARRAYS && !code; i++)
        if (layer->plan.kept[i])
            code = tape_keep(tape, train_array_names[i], train_array_payload(layer, i),
                             train_array_bytes(layer, i), &pass->at[i], error);
    return code;
}

int train_layer_forward(const struct train_layer *layer, const float *x, float *y,
                        struct tape *tape, struct mla_error *error)
{
    struct train_pass pass;
    bool scratch[TRAIN_ARRAYS];
    for (int i = 0; i < TRAIN_ARRAYS; i++)
        scratch[i] = !layer->plan.kept[i] && i != TRAIN_Y;
    int code = train_pass_begin(layer, scratch, &pass, error);
    if (!code)
        code = keep(layer, &pass, tape, error);
    if (!code) {
        memcpy(pass.at[TRAIN_X], x, train_array_bytes(layer, TRAIN_X));
        pass.at[TRAIN_Y] = y;
    }
    for (int i = 0; i < layer->plan.count && !code; i++)
        code = train_stage_run(&pass, &layer->plan.stages[i], error);
    train_pass_end(&pass);
    if (code)
        tape_release(tape);
    else
        tape_seal(tape);
    return code;
}
