/* SPDX-License-Identifier: MIT
 *
 * What `mlabench memory` says: against figures worked out by hand, against what every kernel asks
 * for, and against what a run allocates and touches. */
#include "harness/cache_kinds.h"
#include "harness/problem.h"
#include "kernels/kernel.h"
#include "tests/cli.h"

#include <stdio.h>

#define CONFIGS "configs"

TestSuite(cache_kinds, .init = make_temporary, .fini = remove_temporary);

static const struct cache_kind *find(const struct cache_kind *kinds, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    cr_assert(false, "no %s", name);
    return NULL;
}

static int kinds_of(const char *name, struct model *model, struct cache_kind kinds[CACHE_KINDS])
{
    struct mla_error error;
    cr_assert(model_find(CONFIGS, name, model, &error) == 0, "%s", error.message);
    int count = cache_kinds(model, kinds, &error);
    cr_assert(count > 0, "%s", error.message);
    return count;
}

/* By hand, per token and layer; fp8 and int8 of a head are codes and scales of k_nope, k_rope (bf16
 * in fp8) and v. */
Test(cache_kinds, bytes_of_v3_and_its_baselines)
{
    static const struct {
        const char *name;
        int64_t elements, bytes[5];
    } expected[] = {
        {"latent", 576, {2304, 1152, 1152, 512 + 16 + 128, 576 + 8}},
        {"expanded",
         40960,
         {163840, 81920, 81920, 128 * (132 + 128 + 132), 128 * (132 + 68 + 132)}},
        {"MHA", 32768, {131072, 65536, 65536, 128 * (256 + 132), 128 * (132 + 132)}},
        {"GQA-8", 2048, {8192, 4096, 4096, 8 * (256 + 132), 8 * (132 + 132)}},
        {"MQA", 256, {1024, 512, 512, 256 + 132, 132 + 132}},
    };
    struct model model;
    struct cache_kind kinds[CACHE_KINDS];
    int count = kinds_of("deepseek-v3", &model, kinds);
    cr_assert(count == 5);
    for (size_t i = 0; i < 5; i++) {
        const struct cache_kind *kind = find(kinds, count, expected[i].name);
        cr_assert(kind->elements == expected[i].elements, "%s", kind->name);
        for (int f = 0; f < 5; f++)
            cr_assert(kind->bytes[f] == expected[i].bytes[f], "%s, %s: %ld, not %ld", kind->name,
                      format_names[f], (long)kind->bytes[f], (long)expected[i].bytes[f]);
    }
    cr_assert(attention_layers(&model) == 61);
    kinds_of("longcat-flash", &model, kinds);
    cr_assert(attention_layers(&model) == 56);
}

Test(cache_kinds, pages_leave_slots_empty)
{
    struct cache_use use = cache_use(1000, 130, 64);
    cr_assert(use.pages == 3 && use.payload == 130000 && use.padding == 62000);
    cr_assert(tokens_per_gib(use, 130) == (int64_t)1073741824 * 130 / 192000);
    use = cache_use(1000, 128, 64);
    cr_assert(use.pages == 2 && use.padding == 0);
    use = cache_use(70272, 10000, 0); /* V3's latent in bf16, all layers */
    cr_assert(use.pages == 0 && use.padding == 0 && tokens_per_gib(use, 10000) == 15279);
}

/* A problem with `tokens` tokens in pages. */
static struct mla_problem paged(const struct model *model, enum mla_format format, int64_t tokens,
                                int64_t page_size)
{
    struct mla_problem p = {0};
    static const float weight;
    model_problem(model, format, &p);
    p.slots = page_size ? (tokens + page_size - 1) / page_size * page_size : tokens;
    p.page_size = page_size;
    p.max_tokens = p.max_batch = p.max_threads = 1;
    p.max_keys = tokens;
    p.wkv_b = p.kind == MLA_LATENT ? &weight : NULL;
    return p;
}

static int check_plan(const struct mla_kernel *kernel, const struct model *model,
                      const struct cache_kind *kinds, int count, enum mla_format format,
                      int64_t page_size)
{
    enum { TOKENS = 1000 };
    const char *why = NULL;
    struct mla_problem p = paged(model, format, TOKENS, page_size);
    struct mla_plan plan = {0};
    if (!kernel->supports(&p, false, false, &why))
        return 0;
    cr_assert(kernel->plan(&p, &plan) == 0);
    const char *name = model->kind == MODEL_MHA    ? "keys and values"
                       : plan.cached == MLA_LATENT ? "latent"
                                                   : "expanded";
    struct cache_use use = cache_use(find(kinds, count, name)->bytes[format], TOKENS, page_size);
    cr_assert((int64_t)plan.cache_payload == use.payload + use.padding,
              "%s, %s, %s, pages of %ld: %zu bytes, not %ld + %ld", kernel->name, model->name,
              format_names[format], (long)page_size, plan.cache_payload, (long)use.payload,
              (long)use.padding);
    /* Rows of real models come out whole words. */
    cr_assert(plan.cache_padding == 0 || strncmp(model->name, "tiny", 4) == 0, "%s, %s, %s: %zu",
              kernel->name, model->name, format_names[format], plan.cache_padding);
    return 1;
}

Test(cache_kinds, every_kernel_asks_for_what_memory_says)
{
    static const char *const models[] = {"tiny",          "deepseek-v2-lite", "deepseek-v3",
                                         "glm-4.7-flash", "minicpm3",         "article-784",
                                         "tiny-mha",      "tiny-gqa8"};
    const struct mla_registry *registry = mla_kernels();
    int asked = 0;
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        struct model model;
        struct cache_kind kinds[CACHE_KINDS];
        int count = kinds_of(models[m], &model, kinds);
        for (uint32_t k = 0; k < registry->count; k++)
            for (int format = 0; format < 5; format++)
                for (int64_t page_size = 0; page_size <= 64; page_size += 32)
                    asked += check_plan(registry->kernels[k], &model, kinds, count,
                                        (enum mla_format)format, page_size);
    }
    cr_assert(asked > 1000, "only %d plans", asked);
}

static json_int_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    cr_assert(json_is_integer(value), "no %s", key);
    return json_integer_value(value);
}

/* From `memory --json`: the format of the cache that an entry's kernel keeps. */
static const json_t *stated(const json_t *list, const json_t *entry)
{
    size_t i, k;
    const json_t *model, *cache;
    const char *order = json_string_value(json_object_get(entry, "order"));
    const char *wanted = strcmp(order, "expanded") ? "latent" : "expanded";
    json_array_foreach(list, i, model)
    {
        if (!json_equal(json_object_get(model, "model"), json_object_get(entry, "model")))
            continue;
        json_array_foreach(json_object_get(model, "caches"), k, cache)
        {
            if (strcmp(json_string_value(json_object_get(cache, "cache")), wanted) == 0)
                return json_object_get(json_object_get(cache, "formats"),
                                       json_string_value(json_object_get(entry, "format")));
        }
    }
    return NULL;
}

/* 100 tokens in pages of 16: 7 pages with 12 slots too many. */
Test(cache_kinds, a_run_allocates_and_touches_what_memory_says)
{
    write_file(
        "paged.json",
        "{\"summary\": \"a test\", \"time_limit_s\": 60, \"kernel_time_limit_s\": 9, "
        "\"repetition_ms\": 1, \"cases\": [{\"models\": [\"deepseek-v2-lite\"], \"cached\": [99], "
        "\"formats\": [\"fp32\", \"bf16\", \"fp16\", \"fp8\", \"int8\"], "
        "\"page_size\": [16], \"kernels\": [\"absorbed\", \"naive\"]}]}");
    EXPECT(0, "run -q --no-report --counters none --suite @/paged.json --out @/run", "results: ");
    EXPECT(0,
           "memory --model deepseek-v2-lite --cached 100 --page-size 16 --json @/run/result.json > "
           "@/memory.json",
           "");
    json_t *result = load("run/result.json"), *list = load("memory.json");
    const json_t *entries = json_object_get(result, "benchmarks"), *entry;
    size_t i;
    int seen = 0;
    json_array_foreach(entries, i, entry)
    {
        const json_t *format = stated(list, entry), *cache = json_object_get(entry, "kv_cache");
        cr_assert(format != NULL);
        const json_t *sequence = json_object_get(format, "paged_sequence");
        json_int_t layers = 27;
        cr_assert(number(sequence, "pages") == 7);
        cr_assert(number(cache, "touched") * layers == number(sequence, "payload_bytes"));
        cr_assert(number(cache, "allocated") * layers ==
                  number(sequence, "payload_bytes") + number(sequence, "padding_bytes"));
        cr_assert(number(cache, "per_token") == number(format, "bytes_per_token_layer"));
        seen++;
    }
    cr_assert(seen == 5 * 2 * 10, "%d", seen);
    json_decref(result);
    json_decref(list);
}

Test(cache_kinds, times_are_those_of_all_layers_and_of_the_fastest_kernel)
{
    write_file("short.json",
               "{\"summary\": \"a test\", \"time_limit_s\": 60, \"kernel_time_limit_s\": 9, "
               "\"repetition_ms\": 1, \"cases\": [{\"models\": [\"tiny\"], \"cached\": [63], "
               "\"batch\": [3], \"kernels\": [\"absorbed\", \"absorbed-blocked\"]}]}");
    EXPECT(0, "run -q --no-report --counters none --suite @/short.json --out @/run", "results: ");
    EXPECT(0, "memory --model tiny,tiny-mqa --format fp32 @/run/result.json", "all 2 layers",
           "run/result.json", "decode", "absorbed");
    EXPECT(0, "memory --model tiny --format fp32 --json @/run/result.json > @/memory.json", "");
    json_t *result = load("run/result.json"), *list = load("memory.json");
    const json_t *latent = json_array_get(json_object_get(json_array_get(list, 0), "caches"), 0);
    const json_t *measured =
        json_object_get(json_object_get(json_object_get(latent, "formats"), "fp32"), "measured");
    cr_assert(json_array_size(measured) == 1);
    const json_t *time = json_array_get(measured, 0);
    double layer = json_real_value(json_object_get(time, "layer_ns_per_token"));
    double model = json_real_value(json_object_get(time, "model_ns_per_token"));
    cr_assert(layer > 0 && model == 2 * layer);
    /* No kernel's repetitions are all faster. */
    const json_t *kernel = json_object_get(time, "kernel"), *entry;
    int faster = 0, others = 0;
    size_t i;
    json_array_foreach(json_object_get(result, "benchmarks"), i, entry)
    {
        double step = json_real_value(json_object_get(entry, "real_time"));
        if (!json_equal(json_object_get(entry, "kernel"), kernel)) {
            others++;
            faster += step / 3 < layer;
        }
    }
    cr_assert(others == 10 && faster <= 5, "%d of %d faster", faster, others);
    json_decref(result);
    json_decref(list);
}

Test(cache_kinds, what_memory_cannot_read_is_refused)
{
    EXPECT(2, "memory --cached 0", "--cached", "'0'", "from 1 to");
    EXPECT(2, "memory --page-size many", "--page-size", "'many'");
    EXPECT(2, "memory --format fp7", "--format", "fp7", "bf16");
    EXPECT(4, "memory @/none.json", "none.json");
    write_file("bad.json", "{}");
    EXPECT(2, "memory @/bad.json", "bad.json", "context");
}
