/* SPDX-License-Identifier: MIT */
#include "harness/train_ops.h"
#include "harness/train_pass.h"

#include <stdint.h>
#include <string.h>

/* One call of train_layer_backward. */
struct back {
    const struct train_layer *layer;
    struct train_pass values, gradients;
    struct train_plan into;  /* the layer's plan, the weights being their gradients */
    float *grad_wkv_b;       /* latent form, else NULL */
    struct buffer workspace; /* of the kernel's `backward` */
};

/* Gradients of weights are handed over under the names of the weights, whose members are const. */
static float *writable(const float *gradient)
{
    return (float *)(uintptr_t)gradient;
}

static int attend_back(const struct back *b, struct mla_error *error)
{
    const struct train_layer *layer = b->layer;
    const struct mla_seq seq = train_sequence(layer);
    const struct mla_memory memory = {layer->prepared.data, b->values.at[TRAIN_CACHE], NULL};
    const struct mla_gradient gradient = {.seqs = &seq,
                                          .batch = 1,
                                          .threads = layer->threads,
                                          .q = b->values.at[TRAIN_Q],
                                          .o = b->values.at[TRAIN_O],
                                          .lse = b->values.at[TRAIN_LSE],
                                          .grad_o = b->gradients.at[TRAIN_O],
                                          .grad_q = b->gradients.at[TRAIN_Q],
                                          .grad_rows = b->gradients.at[TRAIN_ROWS],
                                          .grad_wkv_b = b->grad_wkv_b,
                                          .workspace = b->workspace.data};
    return train_status(layer, "backward",
                        layer->kernel->backward(&layer->problem, &memory, &gradient), error);
}

static void norm_back(const struct back *b, const struct train_stage *stage, float *grad_w)
{
    const struct train_layer *layer = b->layer;
    const struct layer_vectors *v = &stage->vectors;
    const float *x = b->values.at[stage->in], *grad_y = b->gradients.at[stage->out];
    float *grad_x = b->gradients.at[stage->in];
    const struct train_norm norm = {.tokens = layer->tokens,
                                    .n = v->width,
                                    .x_stride = layer->plan.width[stage->in],
                                    .y_stride = layer->plan.width[stage->out],
                                    .eps = (float)layer->model->norm_eps,
                                    .gain = (float)stage->gain,
                                    .w = stage->weight,
                                    .x = x + v->in_first,
                                    .grad_y = grad_y + v->out_first,
                                    .grad_x = grad_x + v->in_first,
                                    .grad_w = grad_w};
    train_norm_back(&norm, layer->threads);
}

/* Of copies and rotations. Many vectors may come from one: a token is one thread's. */
static void vectors_back(const struct back *b, const struct train_stage *stage)
{
    const struct train_layer *layer = b->layer;
    const struct layer_vectors *v = &stage->vectors;
    const float *grad_out = b->gradients.at[stage->out];
    float *grad_in = b->gradients.at[stage->in];
    int64_t in_width = layer->plan.width[stage->in], out_width = layer->plan.width[stage->out];
    int32_t pairs = stage->op == TRAIN_ROPE ? layer->model->qk_rope_head_dim / 2 : 0;
#pragma omp parallel for num_threads(layer->threads) schedule(static)
    for (int64_t t = 0; t < layer->tokens; t++)
        for (int64_t i = 0; i < v->count; i++)
            train_rotate_back(v->width, pairs, layer->model->rope.interleaved,
                              layer->cos + t * pairs, layer->sin + t * pairs,
                              grad_out + t * out_width + v->out_first + i * v->out_stride,
                              grad_in + t * in_width + v->in_first + i * v->in_stride);
}

static int stage_back(const struct back *b, int i, struct mla_error *error)
{
    const struct train_layer *layer = b->layer;
    const struct train_stage *stage = &layer->plan.stages[i];
    float *grad_weight = writable(b->into.stages[i].weight);
    switch (stage->op) {
    case TRAIN_LINEAR:
        train_linear_back(layer->tokens, layer->plan.width[stage->in],
                          layer->plan.width[stage->out], stage->weight, b->values.at[stage->in],
                          b->gradients.at[stage->out], b->gradients.at[stage->in], grad_weight,
                          layer->threads);
        return 0;
    case TRAIN_NORM:
        norm_back(b, stage, grad_weight);
        return 0;
    case TRAIN_STORE: /* the kernel gives the gradient of the rows */
        return 0;
    case TRAIN_ATTEND:
        return attend_back(b, error);
    default:
        vectors_back(b, stage);
        return 0;
    }
}

static int kernel_workspace(struct back *b, struct mla_error *error)
{
    const struct mla_kernel *kernel = b->layer->kernel;
    size_t bytes = 0;
    if (!kernel->backward)
        return mla_fail(error, MLA_BAD_INPUT, "kernel %s has no backward", kernel->name);
    if (kernel->backward_workspace) {
        int code = train_status(b->layer, "backward_workspace",
                                kernel->backward_workspace(&b->layer->problem, &bytes), error);
        if (code)
            return code;
    }
    return buffer_create(&b->workspace, BUFFER_ALIGNED, bytes, "the kernel's workspace", error);
}

/* What was kept, and memory for what is made again. */
static int begin_values(struct back *b, const struct tape *tape, struct mla_error *error)
{
    const struct train_layer *layer = b->layer;
    int code = train_pass_begin(layer, layer->plan.remade, &b->values, error);
    for (int i = 0; i < TRAIN_ARRAYS && !code; i++) {
        if (!layer->plan.kept[i])
            continue;
        b->values.at[i] = tape_find(tape, train_array_names[i]);
        if (!b->values.at[i])
            code = mla_fail(error, MLA_BAD_INPUT, "%s is not on the tape", train_array_names[i]);
    }
    return code;
}

static int begin_gradients(struct back *b, const float *grad_y, float *grad_x,
                           struct mla_error *error)
{
    const struct train_layer *layer = b->layer;
    bool wanted[TRAIN_ARRAYS];
    for (int i = 0; i < TRAIN_ARRAYS; i++)
        wanted[i] = i != TRAIN_X && i != TRAIN_Y && i != TRAIN_CACHE && i != TRAIN_LSE;
    int code = train_pass_begin(layer, wanted, &b->gradients, error);
    if (code)
        return code;
    memset(b->gradients.scratch.data, 0, b->gradients.scratch.size);
    memset(grad_x, 0, train_array_bytes(layer, TRAIN_X));
    b->gradients.at[TRAIN_X] = grad_x;
    b->gradients.at[TRAIN_Y] = writable(grad_y);
    return 0;
}

int train_layer_backward(const struct train_layer *layer, const struct tape *tape,
                         const float *grad_y, float *grad_x,
                         const struct ref_layer_weights *gradients, struct mla_error *error)
{
    struct back b = {.layer = layer};
    const struct train_plan *plan = &layer->plan;
    train_plan(layer->model, gradients, layer->form, layer->again, &b.into);
    if (layer->problem.kind == MLA_LATENT)
        b.grad_wkv_b = writable(gradients->kv_b_proj);
    int code = kernel_workspace(&b, error);
    if (!code)
        code = begin_values(&b, tape, error);
    if (!code)
        code = begin_gradients(&b, grad_y, grad_x, error);
    for (int i = 0; i < plan->count && !code; i++)
        if (plan->stages[i].again)
            code = train_stage_run(&b.values, &plan->stages[i], error);
    for (int i = plan->count - 1; i >= 0 && !code; i--)
        code = stage_back(&b, i, error);
    train_pass_end(&b.values);
    train_pass_end(&b.gradients);
    buffer_destroy(&b.workspace);
    return code;
}
