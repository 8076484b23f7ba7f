/* SPDX-License-Identifier: MIT
 *
 * `mlabench memory`: what a token costs in each cache, at equal precision: bytes, and with a
 * result.json the time of the whole model's attention. */
#include "harness/cache_kinds.h"
#include "harness/cache_times.h"
#include "harness/commands.h"
#include "harness/runs.h"
#include "harness/units.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE  10000
#define PAGE_SIZE 64
enum { TIMES_MOST = 64 };

/* What is asked for, and from where. */
struct asked {
    bool formats[5]; /* by enum mla_format */
    int64_t tokens, page_size;
    const struct stored_runs *runs;
};

/* A format's figures, in the order that they are printed in. */
struct figures {
    int64_t per_layer, per_token; /* bytes of a token; per_token: in all layers */
    int64_t per_gib;              /* tokens, without padding */
    struct cache_use use;         /* of a sequence, in pages, all layers */
    int64_t paged_per_gib;
};

static struct figures figures_of(const struct asked *asked, const struct model *model,
                                 const struct cache_kind *kind, int format)
{
    struct figures f = {.per_layer = kind->bytes[format]};
    f.per_token = f.per_layer * attention_layers(model);
    f.per_gib = tokens_per_gib(cache_use(f.per_token, asked->tokens, 0), asked->tokens);
    f.use = cache_use(f.per_token, asked->tokens, asked->page_size);
    f.paged_per_gib = tokens_per_gib(f.use, asked->tokens);
    return f;
}

static json_t *times_json(const struct asked *asked, const struct model *model,
                          const struct cache_kind *kind, int format)
{
    json_t *list = json_array();
    for (int r = 0; r < asked->runs->count; r++) {
        const struct stored_run *run = &asked->runs->items[r];
        const struct result_row *rows[TIMES_MOST];
        int count =
            cache_times(&run->table, model, kind, (enum mla_format)format, rows, TIMES_MOST);
        for (int i = 0; i < count && i < TIMES_MOST; i++)
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:f, s:f, s:i}", "file", run->path, "case",
                                rows[i]->name, "kernel", rows[i]->kernel, "layer_ns_per_token",
                                rows[i]->ns.median / result_tokens(rows[i]), "model_ns_per_token",
                                model_time(rows[i], model), "repetitions", rows[i]->ns.n));
    }
    return list;
}

static json_t *kind_json(const struct asked *asked, const struct model *model,
                         const struct cache_kind *kind)
{
    json_t *formats = json_object();
    for (int i = 0; i < 5; i++) {
        if (!asked->formats[i])
            continue;
        struct figures f = figures_of(asked, model, kind, i);
        json_t *sequence =
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "tokens", (json_int_t)asked->tokens,
                      "page_size", (json_int_t)asked->page_size, "pages", (json_int_t)f.use.pages,
                      "payload_bytes", (json_int_t)f.use.payload, "padding_bytes",
                      (json_int_t)f.use.padding, "tokens_per_gib", (json_int_t)f.paged_per_gib);
        json_t *format =
            json_pack("{s:I, s:I, s:I, s:o}", "bytes_per_token_layer", (json_int_t)f.per_layer,
                      "bytes_per_token", (json_int_t)f.per_token, "tokens_per_gib",
                      (json_int_t)f.per_gib, "paged_sequence", sequence);
        if (asked->runs->count > 0)
            json_object_set_new(format, "measured", times_json(asked, model, kind, i));
        json_object_set_new(formats, format_names[i], format);
    }
    return json_pack("{s:s, s:I, s:o}", "cache", kind->name, "elements", (json_int_t)kind->elements,
                     "formats", formats);
}

static void print_bytes(const struct asked *asked, const struct model *model,
                        const struct cache_kind *kinds, int count)
{
    char paged[64], sequence[64];
    snprintf(paged, sizeof paged, "pages of %s", unit_count(asked->page_size).s);
    snprintf(sequence, sizeof sequence, "padding of %s", unit_count(asked->tokens).s);
    printf("  %-6s %-15s %9s %9s %12s %12s %13s %18s %10s\n", "format", "cache", "elements",
           "B/layer", "B/token", "tokens/GiB", paged, sequence, kinds[0].name);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < count && asked->formats[i]; k++) {
            struct figures f = figures_of(asked, model, &kinds[k], i);
            printf("  %-6s %-15s %9s %9ld %12ld %12s %13s %18s %8.2f x\n", k ? "" : format_names[i],
                   kinds[k].name, unit_count(kinds[k].elements).s, (long)f.per_layer,
                   (long)f.per_token, unit_count(f.per_gib).s, unit_count(f.paged_per_gib).s,
                   unit_bytes((double)f.use.padding).s,
                   (double)f.per_layer / (double)kinds[0].bytes[i]);
        }
}

/* Nothing where the file says nothing about the model. */
static void print_times(const struct asked *asked, const struct model *model,
                        const struct cache_kind *kinds, int count, const struct stored_run *run)
{
    bool begun = false;
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < count && asked->formats[i]; k++) {
            const struct result_row *rows[TIMES_MOST];
            int found =
                cache_times(&run->table, model, &kinds[k], (enum mla_format)i, rows, TIMES_MOST);
            for (int n = 0; n < found && n < TIMES_MOST; n++) {
                const struct result_row *row = rows[n];
                if (!begun)
                    printf("  attention of all %d layers, from %s (%s)\n  %-6s %-15s %-8s %9s %5s "
                           "%6s %8s %16s %8s  %s\n",
                           attention_layers(model), run->path,
                           result_text(run->table.mlabench, "cpu"), "format", "cache", "phase",
                           "cached", "new", "batch", "threads", "time per token", "MAD", "kernel");
                begun = true;
                /* Micro is of two bytes. */
                struct text time = unit_time(model_time(row, model));
                printf("  %-6s %-15s %-8s %9s %5s %6s %8s %*s %6.1f %%  %s\n", format_names[i],
                       kinds[k].name, row->phase, unit_count(row->cached).s,
                       unit_count(row->new_tokens).s, unit_count(row->batch).s,
                       unit_count(row->threads).s, strstr(time.s, "µ") ? 17 : 16, time.s,
                       100 * row->ns.mad / row->ns.median, row->kernel);
            }
        }
}

static int show_model(const struct asked *asked, const struct model *model, json_t *list,
                      struct mla_error *error)
{
    struct cache_kind kinds[CACHE_KINDS];
    int count = cache_kinds(model, kinds, error);
    if (count < 0)
        return count;
    if (!list) {
        printf("\n%s: %d layers%s\n", model->name, model->num_hidden_layers,
               model->attentions_per_layer > 1 ? ", two attentions each" : "");
        print_bytes(asked, model, kinds, count);
        for (int r = 0; r < asked->runs->count; r++)
            print_times(asked, model, kinds, count, &asked->runs->items[r]);
        return 0;
    }
    json_t *caches = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(caches, kind_json(asked, model, &kinds[i]));
    json_array_append_new(list,
                          json_pack("{s:s, s:i, s:o}", "model", model->name, "attention_layers",
                                    attention_layers(model), "caches", caches));
    return 0;
}

static void print_legend(const struct asked *asked)
{
    printf("KV-cache bytes of one token per layer and in all layers (B/token); tokens that a GiB "
           "holds:\nthe rows alone, and in pages of %s slots, where each sequence of %s tokens "
           "leaves part of\nits last page empty (padding, all layers). MHA, GQA-8 and MQA have the "
           "model's heads with keys\nas wide as qk_nope_head_dim and values as wide as v_head_dim. "
           "Ratios compare equal formats.\n",
           unit_count(asked->page_size).s, unit_count(asked->tokens).s);
    if (asked->runs->count > 0)
        puts("Times are those of a step (storing and attending, without projections) of the "
             "fastest kernel\nmeasured, per new token, times the layers.");
}

/* Each model once, with the formats that were asked for. */
static int show(const struct suite *suite, struct asked *asked, bool json, struct mla_error *error)
{
    for (int i = 0; i < suite->count; i++)
        asked->formats[suite->cases[i].format] = true;
    json_t *list = json ? json_array() : NULL;
    int code = 0;
    if (!json)
        print_legend(asked);
    for (int i = 0; i < suite->count && !code; i++)
        if (i == 0 || strcmp(suite->cases[i].model.name, suite->cases[i - 1].model.name) != 0)
            code = show_model(asked, &suite->cases[i].model, list, error);
    if (list && !code) {
        json_dumpf(list, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(list);
    return code;
}

int command_memory(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    struct case_options all = {
        .models = options->by_hand.models ? options->by_hand.models : "all",
        .formats = options->by_hand.formats ? options->by_hand.formats : "fp32,bf16,fp16,fp8,int8",
        .cached = "0",
    };
    struct suite suite = {0};
    struct stored_runs runs = {0};
    int code = suite_by_hand(paths->configs, &all, 1, &suite, error);
    if (!code && options->file_count > 0)
        code = runs_read(options->files, options->file_count, true, &runs, error);
    if (!code) {
        struct asked asked = {
            .tokens = options->tokens ? options->tokens : SEQUENCE,
            .page_size = options->page_tokens ? options->page_tokens : PAGE_SIZE,
            .runs = &runs,
        };
        code = show(&suite, &asked, options->json, error);
        if (options->file_count > 0)
            runs_destroy(&runs);
    }
    suite_free(&suite);
    return code;
}
