/* SPDX-License-Identifier: MIT */
#include "harness/activations.h"

#include "harness/random.h"
#include "harness/train_layer.h"

#include <math.h>
#include <string.h>

static const enum activation_part part_of[TRAIN_ARRAYS] = {
    [TRAIN_X] = ACTIVATION_X,           [TRAIN_C_Q_RAW] = ACTIVATION_Q,
    [TRAIN_C_Q] = ACTIVATION_Q,         [TRAIN_Q_RAW] = ACTIVATION_Q,
    [TRAIN_Q] = ACTIVATION_Q,           [TRAIN_C_KV_RAW] = ACTIVATION_KV,
    [TRAIN_K_ROPE_RAW] = ACTIVATION_KV, [TRAIN_C_KV] = ACTIVATION_KV,
    [TRAIN_K_ROPE] = ACTIVATION_KV,     [TRAIN_KV_UP] = ACTIVATION_KV,
    [TRAIN_K_RAW] = ACTIVATION_KV,      [TRAIN_V_RAW] = ACTIVATION_KV,
    [TRAIN_ROWS] = ACTIVATION_KV,       [TRAIN_CACHE] = ACTIVATION_KV,
    [TRAIN_O] = ACTIVATION_OUTPUT,      [TRAIN_LSE] = ACTIVATION_OUTPUT,
    [TRAIN_Y] = ACTIVATION_OUTPUT,
};

static void count(const struct activation_case *c, const struct train_plan *plan,
                  const struct tape *tape, struct activations *found)
{
    uint64_t tokens = (uint64_t)c->tokens;
    uint64_t lse = plan->kept[TRAIN_LSE] ? (uint64_t)plan->width[TRAIN_LSE] : 0;
    uint64_t elements = (uint64_t)train_plan_bytes(plan) / sizeof(float);
    found->computed = tokens * elements * sizeof(float);
    found->bf16 = tokens * (2 * (elements - lse) + sizeof(float) * lse);
    found->remade = tokens * (uint64_t)train_plan_remade_bytes(plan);
    found->flops = train_plan_again_flops(plan);
    found->payload = tape_payload(tape);
    found->allocated = tape_allocated(tape);
    found->written = tape_written(tape);
    for (int i = 0; i < tape->count; i++)
        for (int array = 0; array < TRAIN_ARRAYS; array++)
            if (!strcmp(tape->tensors[i].name, train_array_names[array]))
                found->parts[part_of[array]] += tape->tensors[i].memory.size;
}

/* FNV-1a over words. */
static void digest(const float *x, uint64_t n, uint64_t *hash, bool *finite)
{
    for (uint64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        *hash = (*hash ^ bits) * 0x100000001b3u;
        *finite = *finite && isfinite(x[i]);
    }
}

/* x, y or gradients of them, side by side. */
struct vectors {
    float *x, *y, *grad_x, *grad_y;
    struct buffer memory;
};

static int make_vectors(const struct activation_case *c, struct vectors *v, struct mla_error *error)
{
    int64_t x = c->tokens * c->model->hidden_size, y = c->tokens * c->model->output_size;
    int code = buffer_create(&v->memory, BUFFER_PLAIN, 2 * sizeof(float) * (size_t)(x + y),
                             "the layer's input and output", error);
    if (code)
        return code;
    v->x = v->memory.data;
    v->grad_x = v->x + x;
    v->y = v->grad_x + x;
    v->grad_y = v->y + y;
    hidden_states(c->model, c->seed, 0, c->tokens, v->x);
    random_normal(c->seed, RANDOM_GRADIENT, 0, y, 1, v->grad_y);
    return 0;
}

static int run_backward(const struct activation_case *c, const struct train_layer *layer,
                        const struct tape *tape, const struct vectors *v, struct activations *found,
                        struct mla_error *error)
{
    struct buffer *gradients = &c->gradients->memory;
    bool finite = true;
    memset(gradients->data, 0, gradients->size);
    int code = train_layer_backward(layer, tape, v->grad_y, v->grad_x, &c->gradients->named, error);
    if (code)
        return code;
    found->digest = 0xcbf29ce484222325u;
    digest(gradients->data, gradients->size / sizeof(float), &found->digest, &finite);
    digest(v->grad_x, (uint64_t)(c->tokens * c->model->hidden_size), &found->digest, &finite);
    found->backward = finite;
    if (!finite)
        return mla_fail(error, MLA_FAILED, "gradients of %s, %s form, made again: %s: not finite",
                        c->model->name, train_form_names[c->form], train_again_names[c->again]);
    return 0;
}

int activations_measure(const struct activation_case *c, struct activations *found,
                        struct mla_error *error)
{
    const struct mla_kernel *kernel = train_kernel(c->model, c->form);
    struct train_layer layer;
    struct tape tape = {0};
    struct vectors v = {0};
    *found = (struct activations){0};
    if (!kernel)
        return mla_fail(error, MLA_BAD_INPUT, "no kernel has the gradients of %s in %s form",
                        c->model->name, train_form_names[c->form]);
    found->kernel = kernel->name;
    int code = train_layer_create(c->model, &c->weights->named, kernel, c->form, c->again,
                                  c->tokens, c->threads, &layer, error);
    if (code)
        return code;
    code = make_vectors(c, &v, error);
    if (!code)
        code = train_layer_forward(&layer, v.x, v.y, &tape, error);
    if (!code)
        count(c, &layer.plan, &tape, found);
    if (!code && c->gradients)
        code = run_backward(c, &layer, &tape, &v, found, error);
    tape_release(&tape);
    buffer_destroy(&v.memory);
    train_layer_destroy(&layer);
    return code;
}
