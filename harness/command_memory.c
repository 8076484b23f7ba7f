/* SPDX-License-Identifier: MIT
 *
 * `mlabench memory`: what a token costs in each cache, at equal precision. */
#include "harness/accounting.h"
#include "harness/commands.h"
#include "harness/inputs.h"
#include "harness/model.h"
#include "harness/problem.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One way to cache a model's attention. */
struct cache_row {
    const char *name;
    int64_t elements;
    int64_t bytes[5]; /* per token and layer, by enum mla_format; -1: undefined */
};
enum { CACHES = 2 + BASELINES };

static const enum mla_format shown[] = {MLA_FP32, MLA_BF16, MLA_FP16, MLA_FP8, MLA_INT8};
enum { SHOWN = sizeof shown / sizeof shown[0] };

static void fill_row(struct cache_row *row, const char *name, const struct model *model,
                     enum mla_kind cached)
{
    struct mla_problem problem = {0};
    model_problem(model, MLA_FP32, &problem);
    row->name = name;
    row->elements = cache_elements(&problem, cached);
    for (int format = 0; format < 5; format++)
        row->bytes[format] = cache_bytes_per_token(&problem, cached, (enum mla_format)format);
}

/* The latent, what it expands to, and the baselines of the same width. Returns how many. */
static int fill_rows(const struct model *model, struct cache_row rows[CACHES],
                     struct mla_error *error)
{
    static const char *const names[BASELINES] = {"MHA", "GQA-8", "MQA"};
    int count = 0;
    if (model->kind == MODEL_MHA) {
        fill_row(&rows[count++], "keys and values", model, MLA_KV);
        return count;
    }
    fill_row(&rows[count++], "latent", model, MLA_LATENT);
    fill_row(&rows[count++], "expanded", model, MLA_KV);
    for (int i = 0; i < BASELINES && model->kind == MODEL_MLA; i++) {
        struct model baseline;
        if (model_baseline(model, (enum baseline)i, &baseline, error))
            return -1;
        fill_row(&rows[count++], names[i], &baseline, MLA_KV);
    }
    return count;
}

static int layers(const struct model *model)
{
    return model->num_hidden_layers * model->attentions_per_layer;
}

static json_t *row_json(const struct model *model, const struct cache_row *row)
{
    json_t *formats = json_object();
    for (int i = 0; i < SHOWN; i++) {
        int64_t bytes = row->bytes[shown[i]];
        if (bytes < 0)
            continue;
        int64_t all = bytes * layers(model);
        json_object_set_new(formats, format_names[shown[i]],
                            json_pack("{s:I, s:I, s:I}", "bytes_per_token_layer", (json_int_t)bytes,
                                      "bytes_per_token", (json_int_t)all, "tokens_per_gib",
                                      (json_int_t)((1LL << 30) / all)));
    }
    return json_pack("{s:s, s:I, s:o}", "cache", row->name, "elements", (json_int_t)row->elements,
                     "formats", formats);
}

static void print_model(const struct model *model, const struct cache_row *rows, int count)
{
    printf("\n%s: %d layers%s\n", model->name, model->num_hidden_layers,
           model->attentions_per_layer > 1 ? ", two attentions each" : "");
    printf("  %-16s %9s %9s %9s %9s %9s %9s  %13s %13s  %s\n", "cache", "elements", "fp32", "bf16",
           "fp16", "fp8", "int8", "bf16, model", "tokens/GiB", "against the latent");
    for (int i = 0; i < count; i++) {
        const struct cache_row *row = &rows[i];
        printf("  %-16s %9ld", row->name, (long)row->elements);
        for (int f = 0; f < SHOWN; f++) {
            char text[24] = "-";
            if (row->bytes[shown[f]] >= 0)
                snprintf(text, sizeof text, "%ld", (long)row->bytes[shown[f]]);
            printf(" %9s", text);
        }
        int64_t bf16 = row->bytes[MLA_BF16] * layers(model);
        printf("  %9.1f KiB %13ld  %.2f x\n", (double)bf16 / 1024, (long)((1LL << 30) / bf16),
               (double)row->elements / (double)rows[0].elements);
    }
}

static int show_model(const struct model *model, json_t *list, struct mla_error *error)
{
    struct cache_row rows[CACHES];
    int count = fill_rows(model, rows, error);
    if (count < 0)
        return MLA_BAD_INPUT;
    if (!list) {
        print_model(model, rows, count);
        return 0;
    }
    json_t *caches = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(caches, row_json(model, &rows[i]));
    json_array_append_new(list, json_pack("{s:s, s:i, s:o}", "model", model->name,
                                          "attention_layers", layers(model), "caches", caches));
    return 0;
}

int command_memory(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    /* Lengths do not matter to bytes per token: one case per model. */
    struct case_options all = {.models = options->by_hand.models ? options->by_hand.models : "all",
                               .cached = "0"};
    struct suite suite = {0};
    int code = suite_by_hand(paths->configs, &all, 1, &suite, error);
    json_t *list = options->json ? json_array() : NULL;
    if (!code && !list)
        puts("KV-cache bytes per token and layer by format; for the whole model in bf16: KiB per "
             "token and\ntokens per GiB. MHA, GQA-8 and MQA have the model's heads with keys as "
             "wide as\nqk_nope_head_dim and values as wide as v_head_dim. Ratios compare equal "
             "formats.");
    for (int i = 0; i < suite.count && !code; i++)
        code = show_model(&suite.cases[i].model, list, error);
    if (list && !code) {
        json_dumpf(list, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(list);
    suite_free(&suite);
    return code;
}
