/* SPDX-License-Identifier: MIT
 *
 * What a token takes in each model, cache and format: by formula, as kernels ask for it, and as
 * storing rows really touches it; and how many times the latent's bytes that is. */
#include "harness/cache_kinds.h"
#include "harness/memory.h"
#include "harness/problem.h"
#include "harness/random.h"
#include "harness/study.h"
#include "kernels/kernel.h"

#include <stdlib.h>
#include <string.h>

enum { TOKENS = 64 };

static const char *const model_list[] = {
    "deepseek-v2-lite", "deepseek-v2",   "deepseek-v3", "kimi-k2",  "moonlight",
    "longcat-flash",    "glm-4.7-flash", "glm-5",       "minicpm3", "article-784"};

/* One cache of a model: whose problem it is, and which kernel keeps it so. */
struct subject {
    const struct model *model; /* the MLA model */
    struct model holder;       /* the same, or its baseline */
    const struct cache_kind *kind;
    const struct mla_kernel *kernel;
    double latent_allocated[5]; /* bytes per token, by format; 0: not known yet */
};

struct counted {
    double allocated, touched; /* bytes per token */
};

/* The obvious loops' kernels keep every kind in every format. */
static const struct mla_kernel *kernel_for(const char *kind)
{
    const char *name = !strcmp(kind, "latent")     ? "absorbed"
                       : !strcmp(kind, "expanded") ? "blocked"
                                                   : "mha";
    const struct mla_registry *registry = mla_kernels();
    for (uint32_t i = 0; i < registry->count; i++)
        if (!strcmp(registry->kernels[i]->name, name))
            return registry->kernels[i];
    return NULL;
}

/* Stores rows and looks at what of the poison is gone. */
static int store(const struct mla_kernel *kernel, struct mla_problem *problem, const float *rows,
                 int32_t threads, struct counted *counted, struct mla_error *error)
{
    struct mla_plan plan;
    struct buffer cache = {0}, prepared = {0}, workspace = {0};
    const struct mla_seq seq = {.tokens = TOKENS, .kv_end = TOKENS};
    if (kernel->plan(problem, &plan))
        return mla_fail(error, MLA_MACHINE, "%s: no plan", kernel->name);
    int code = buffer_create(&cache, BUFFER_PLAIN, plan.cache_payload + plan.cache_padding, "cache",
                             error);
    if (!code)
        code = buffer_create(&prepared, BUFFER_PLAIN, plan.prepared, "weights", error);
    if (!code)
        code = buffer_create(&workspace, BUFFER_PLAIN, plan.workspace, "workspace", error);
    if (!code) {
        const struct mla_memory memory = {prepared.data, cache.data, workspace.data};
        buffer_poison(&cache, POISON_NAN);
        int status = kernel->prepare ? kernel->prepare(problem, prepared.data, threads) : 0;
        status = status ? status : kernel->store(problem, &memory, &seq, 0, TOKENS, rows, threads);
        if (status)
            code = mla_fail(error, MLA_MACHINE, "%s: %s", kernel->name, strerror(-status));
        if (kernel->release)
            kernel->release(problem, prepared.data);
        counted->allocated = (double)cache.size / TOKENS;
        counted->touched = 4.0 * (double)buffer_changed(&cache, POISON_NAN) / TOKENS;
    }
    buffer_destroy(&workspace);
    buffer_destroy(&prepared);
    buffer_destroy(&cache);
    return code;
}

static void add_row(json_t *found, const struct subject *s, int format,
                    const struct counted *counted)
{
    int64_t per_token = s->kind->bytes[format] * attention_layers(s->model);
    int64_t per_gib = tokens_per_gib(cache_use(per_token, TOKENS, 0), TOKENS);
    study_row(found, json_pack("[s, s, s, I, I, f, f, f, I, I]", s->model->name, s->kind->name,
                               format_names[format], (json_int_t)s->kind->elements,
                               (json_int_t)s->kind->bytes[format], counted->allocated,
                               counted->touched, counted->allocated / s->latent_allocated[format],
                               (json_int_t)per_token, (json_int_t)per_gib));
}

static int count_subject(json_t *found, struct subject *s, const struct study_settings *settings,
                         const float *rows, const float *wkv_b, struct mla_error *error)
{
    int code = 0;
    for (int format = MLA_FP32; !code && format <= MLA_INT8; format++) {
        struct mla_problem problem = {0};
        struct counted counted = {0};
        model_problem(&s->holder, (enum mla_format)format, &problem);
        problem.slots = problem.max_tokens = problem.max_keys = TOKENS;
        problem.max_batch = 1;
        problem.max_threads = settings->threads;
        problem.wkv_b = problem.kind == MLA_LATENT ? wkv_b : NULL;
        code = store(s->kernel, &problem, rows, settings->threads, &counted, error);
        if (code)
            break;
        if (!strcmp(s->kind->name, "latent"))
            s->latent_allocated[format] = counted.allocated;
        add_row(found, s, format, &counted);
    }
    return code;
}

/* Of the article's form also what its input takes, which nobody caches but it might compare with:
 * by formula alone. */
static void add_inputs(json_t *found, const struct subject *s)
{
    for (int format = MLA_FP32; format <= MLA_FP16; format++) {
        int64_t bytes = (int64_t)s->model->hidden_size * (format == MLA_FP32 ? 4 : 2);
        study_row(found,
                  json_pack("[s, s, s, i, I, n, n, f, I, I]", s->model->name, "inputs",
                            format_names[format], s->model->hidden_size, (json_int_t)bytes,
                            (double)bytes / s->latent_allocated[format], (json_int_t)bytes,
                            (json_int_t)tokens_per_gib(cache_use(bytes, TOKENS, 0), TOKENS)));
    }
}

static int count_model(json_t *found, const struct study_settings *settings, const char *name,
                       struct mla_error *error)
{
    struct model model;
    struct cache_kind kinds[CACHE_KINDS];
    int code = model_find(settings->paths->configs, name, &model, error);
    if (code)
        return code;
    int count = cache_kinds(&model, kinds, error);
    if (count < 1)
        return count;
    struct mla_problem problem = {0};
    model_problem(&model, MLA_FP32, &problem);
    int64_t weights = (int64_t)problem.heads * (problem.qk_nope_head_dim + problem.v_head_dim) *
                      problem.kv_lora_rank;
    int64_t widest = kinds[0].elements;
    for (int k = 1; k < count; k++)
        widest = kinds[k].elements > widest ? kinds[k].elements : widest;
    float *wkv_b = malloc((size_t)weights * sizeof *wkv_b);
    float *rows = malloc((size_t)(TOKENS * widest) * sizeof *rows);
    struct subject s = {.model = &model};
    if (!wkv_b || !rows) {
        code = mla_fail(error, MLA_MACHINE, "no memory for the weights of %s", name);
    } else {
        random_normal(settings->seed, RANDOM_WKV_B, 0, weights, 0.05, wkv_b);
        random_normal(settings->seed, RANDOM_ROWS, 0, TOKENS * widest, 1, rows);
    }
    for (int k = 0; !code && k < count; k++) {
        int baseline = k - 2; /* after the latent and what it expands to */
        s.kind = &kinds[k];
        s.kernel = kernel_for(kinds[k].name);
        s.holder = model;
        if (baseline >= 0)
            code = model_baseline(&model, (enum baseline)baseline, &s.holder, error);
        if (!code)
            code = count_subject(found, &s, settings, rows, wkv_b, error);
    }
    if (!code && model.kind == MODEL_ARTICLE)
        add_inputs(found, &s);
    free(rows);
    free(wkv_b);
    return code;
}

static int run(const struct study_settings *settings, json_t *found, struct mla_error *error)
{
    study_about(found,
                "Bytes of a cached token: by formula; as a kernel asks for them, padding included; "
                "and as storing 64 tokens changes them in memory filled with a pattern. MHA, GQA-8 "
                "and MQA are layers of the same width: as many heads, each of qk_nope_head_dim and "
                "v_head_dim.");
    study_column(found, "model", "", "the model whose latent it is compared with");
    study_column(found, "cache", "", "what is cached");
    study_column(found, "format", "", "cache format, of both");
    study_column(found, "elements", "", "of a token in a layer");
    study_column(found, "formula", "B", "bytes of a token in a layer, by formula");
    study_column(found, "allocated", "B", "as the kernel lays it out");
    study_column(found, "touched", "B", "as storing it writes");
    study_column(found, "over_latent", "", "allocated, over that of the latent in the same format");
    study_column(found, "all_layers", "B", "bytes of a token in the whole model, by formula");
    study_column(found, "tokens_per_gib", "", "tokens of the whole model in a GiB, by formula");
    const int models = sizeof model_list / sizeof model_list[0];
    int code = 0;
    for (int i = 0; !code && i < models; i++)
        if (!settings->quick || i == 0 || i == models - 1)
            code = count_model(found, settings, model_list[i], error);
    study_plot(
        found, "format", "cache", "bytes of a token, the latent being 1",
        "KV-cache bytes of a token in the other forms of attention, over those of the model's "
        "own latent in the same format (bf16; as allocated), layers of the same width. The "
        "dashed line is the article's 6. Of the article's own example `inputs' are its "
        "784-wide hidden states, against a latent of 128.");
    return code;
}

const struct study study_cache = {"cache", "KV-cache bytes of a token (latent: 1)", run};
