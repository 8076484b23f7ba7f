/* SPDX-License-Identifier: MIT */
#include "harness/train_layer.h"

#include "harness/layer_ops.h"
#include "harness/problem.h"
#include "harness/train_pass.h"

#include <string.h>

int train_status(const struct train_layer *layer, const char *verb, int status,
                 struct mla_error *error)
{
    if (status == 0)
        return 0;
    return mla_fail(error, MLA_FAILED, "kernel %s: %s returned %d (%s)", layer->kernel->name, verb,
                    status, strerror(-status));
}

/* In expanded form an MLA model's attention is that over keys and values of all heads. */
static void form_problem(const struct model *model, enum train_form form,
                         struct mla_problem *problem)
{
    model_problem(model, MLA_FP32, problem);
    if (problem->kind == MLA_LATENT && form == TRAIN_EXPANDED) {
        problem->kind = MLA_KV;
        problem->heads_kv = problem->heads;
        problem->kv_lora_rank = 0;
    }
}

static bool can_train(const struct mla_kernel *kernel, const struct mla_problem *problem)
{
    struct mla_plan plan;
    const char *why = NULL;
    return kernel->backward && kernel->supports(problem, false, false, &why) &&
           kernel->plan(problem, &plan) == 0 && plan.cached == problem->kind;
}

const struct mla_kernel *train_kernel(const struct model *model, enum train_form form)
{
    const struct mla_registry *registry = mla_kernels();
    struct mla_problem problem;
    form_problem(model, form, &problem);
    problem.slots = problem.max_tokens = problem.max_keys = 1;
    problem.max_batch = problem.max_threads = 1;
    for (uint32_t i = 0; i < registry->count; i++)
        if (can_train(registry->kernels[i], &problem))
            return registry->kernels[i];
    return NULL;
}

static int plan_kernel(struct train_layer *layer, struct mla_error *error)
{
    const struct mla_kernel *kernel = layer->kernel;
    struct mla_problem *p = &layer->problem;
    const char *why = "it does not say why";
    form_problem(layer->model, layer->form, p);
    p->wkv_b = p->kind == MLA_LATENT ? layer->weights->kv_b_proj : NULL;
    if (!kernel->supports(p, false, false, &why))
        return mla_fail(error, MLA_BAD_INPUT, "kernel %s cannot train the layer of %s: %s",
                        kernel->name, layer->model->name, why);
    p->slots = p->max_tokens = p->max_keys = layer->tokens;
    p->max_batch = 1;
    p->max_threads = layer->threads;
    int code = train_status(layer, "plan", kernel->plan(p, &layer->kernel_plan), error);
    if (code)
        return code;
    int64_t align = layer->kernel_plan.slot_align;
    p->slots = (layer->tokens + align - 1) / align * align;
    return train_status(layer, "plan", kernel->plan(p, &layer->kernel_plan), error);
}

static int make_tables(struct train_layer *layer, struct mla_error *error)
{
    const struct model *model = layer->model;
    int64_t pairs = model->qk_rope_head_dim / 2;
    if (pairs == 0)
        return 0;
    size_t floats = 2 * sizeof(float) * (size_t)(layer->tokens * pairs);
    int code = buffer_create(&layer->tables, BUFFER_PLAIN, sizeof(double) * (size_t)pairs + floats,
                             "the RoPE tables", error);
    if (code)
        return code;
    double *frequencies = layer->tables.data;
    layer->cos = (float *)(frequencies + pairs);
    layer->sin = layer->cos + layer->tokens * pairs;
    ref_rope_frequencies(&model->rope, frequencies);
    for (int64_t t = 0; t < layer->tokens; t++)
        layer_rope_table(pairs, frequencies, ref_rope_magnitude(&model->rope), (double)t,
                         layer->cos + t * pairs, layer->sin + t * pairs);
    return 0;
}

int train_layer_create(const struct model *model, const struct ref_layer_weights *weights,
                       const struct mla_kernel *kernel, enum train_form form,
                       enum train_again again, int64_t tokens, int threads,
                       struct train_layer *layer, struct mla_error *error)
{
    *layer = (struct train_layer){.model = model,
                                  .weights = weights,
                                  .kernel = kernel,
                                  .form = form,
                                  .again = again,
                                  .tokens = tokens,
                                  .threads = threads};
    if (model->kind == MODEL_ARTICLE)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s has the article's form, whose training is not implemented: MLA and MHA "
                        "models are",
                        model->name);
    train_plan(model, weights, form, again, &layer->plan);
    int code = plan_kernel(layer, error);
    if (!code)
        code = make_tables(layer, error);
    if (!code)
        code = buffer_create(&layer->prepared, BUFFER_PLAIN, layer->kernel_plan.prepared,
                             "the kernel's weights", error);
    if (!code && kernel->prepare)
        code = train_status(layer, "prepare",
                            kernel->prepare(&layer->problem, layer->prepared.data, threads), error);
    layer->ready = code == 0;
    layer_ops_begin();
    if (code)
        train_layer_destroy(layer);
    return code;
}

void train_layer_destroy(struct train_layer *layer)
{
    if (layer->ready && layer->kernel->release)
        layer->kernel->release(&layer->problem, layer->prepared.data);
    layer->ready = false;
    buffer_destroy(&layer->prepared);
    buffer_destroy(&layer->tables);
}
