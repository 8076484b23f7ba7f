/* SPDX-License-Identifier: MIT */
#include "harness/cache_kinds.h"

#include "harness/accounting.h"
#include "harness/problem.h"

static struct cache_kind kind_of(const char *name, const struct model *model, enum mla_kind cached)
{
    struct mla_problem problem = {0};
    model_problem(model, MLA_FP32, &problem);
    struct cache_kind kind = {.name = name, .elements = cache_elements(&problem, cached)};
    for (int format = MLA_FP32; format <= MLA_INT8; format++)
        kind.bytes[format] = cache_bytes_per_token(&problem, cached, (enum mla_format)format);
    return kind;
}

int cache_kinds(const struct model *model, struct cache_kind kinds[CACHE_KINDS],
                struct mla_error *error)
{
    static const char *const names[BASELINES] = {"MHA", "GQA-8", "MQA"};
    int count = 0;
    if (model->kind == MODEL_MHA) {
        kinds[count++] = kind_of("keys and values", model, MLA_KV);
        return count;
    }
    kinds[count++] = kind_of("latent", model, MLA_LATENT);
    kinds[count++] = kind_of("expanded", model, MLA_KV);
    for (int i = 0; i < BASELINES && model->kind == MODEL_MLA; i++) {
        struct model baseline;
        int code = model_baseline(model, (enum baseline)i, &baseline, error);
        if (code)
            return code;
        kinds[count++] = kind_of(names[i], &baseline, MLA_KV);
    }
    return count;
}

int attention_layers(const struct model *model)
{
    return model->num_hidden_layers * model->attentions_per_layer;
}

struct cache_use cache_use(int64_t bytes_per_token, int64_t tokens, int64_t page_size)
{
    int64_t pages = page_size > 0 ? (tokens + page_size - 1) / page_size : 0;
    int64_t slots = page_size > 0 ? pages * page_size : tokens;
    return (struct cache_use){.pages = pages,
                              .payload = bytes_per_token * tokens,
                              .padding = bytes_per_token * (slots - tokens)};
}

int64_t tokens_per_gib(struct cache_use use, int64_t tokens)
{
    const double gib = 1 << 30;
    return (int64_t)(gib * (double)tokens / (double)(use.payload + use.padding));
}
