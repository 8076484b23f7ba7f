/* SPDX-License-Identifier: MIT
 *
 * Verdicts on the article's claims: that they follow from the figures, whichever these are; the
 * study of cache bytes; and the command that puts both into a result. */
#include "harness/cache_kinds.h"
#include "harness/claims.h"
#include "harness/study.h"
#include "tests/cli.h"
#include "tests/stored.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(claims, .init = make_temporary, .fini = remove_temporary);

/* A study of cache bytes: one model, MHA being so many times the latent. */
static json_t *cache_study(double mha, double expanded, double gqa)
{
    static const char *const caches[] = {"latent", "MHA", "expanded", "GQA-8", "MQA"};
    const double over[] = {1, mha, expanded, gqa, 0.5};
    json_t *found = json_object();
    study_column(found, "model", "", "");
    study_column(found, "cache", "", "");
    study_column(found, "format", "", "");
    study_column(found, "formula", "B", "");
    study_column(found, "allocated", "B", "");
    study_column(found, "touched", "B", "");
    study_column(found, "over_latent", "", "");
    study_column(found, "tokens_per_gib", "", "");
    for (int i = 0; i < 5; i++)
        study_row(found,
                  json_pack("[s, s, s, f, f, f, f, f]", "tiny", caches[i], "bf16", 100 * over[i],
                            100 * over[i], 100 * over[i], over[i], 1e6 / over[i]));
    return found;
}

static void add_study(json_t *root, const char *name, json_t *found)
{
    json_t *own = stored_own(root);
    if (!json_object_get(own, "studies"))
        json_object_set_new(own, "studies", json_object());
    json_object_set_new(json_object_get(own, "studies"), name, found);
}

/* Ten repetitions of a kernel of a model. */
static void add_times(json_t *root, const char *model, const char *phase, int cached,
                      int new_tokens, const char *kernel, const char *order, double ms,
                      double flops, int per_token)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s/cached:%d/new:%d/batch:1/threads:2/bf16/%s", model, phase,
             cached, new_tokens, kernel);
    for (int i = 0; i < 10; i++)
        json_array_append_new(
            json_object_get(root, "benchmarks"),
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:f, s:f, "
                      "s:{s:i}}",
                      "name", name, "run_type", "iteration", "model", model, "phase", phase,
                      "format", "bf16", "kernel", kernel, "order", order, "time_unit", "ns",
                      "cached", cached, "new", new_tokens, "batch", 1, "threads", 2, "ragged", 0,
                      "real_time", 1e6 * ms, "flops", flops, "kv_cache", "per_token", per_token));
}

/* The verdict on a claim; the claim itself, a new reference, in *claim. */
static const char *verdict_of(json_t *root, const char *id, json_t **claim)
{
    struct result_table table;
    struct mla_error error;
    cr_assert(result_table_take(root, "made up", &table, &error) == 0, "%s", error.message);
    json_t *list = claims_judge(&table);
    *claim = NULL;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(result_text(json_array_get(list, i), "id"), id))
            *claim = json_incref(json_array_get(list, i));
    json_decref(list);
    result_table_destroy(&table);
    cr_assert(*claim != NULL, "no claim %s", id);
    return result_text(*claim, "verdict");
}

static void expect_cache(double mha, double expanded, double gqa, const char *verdict,
                         const char *says)
{
    json_t *root = stored_result("some CPU", "host"), *claim;
    add_study(root, "cache", cache_study(mha, expanded, gqa));
    const char *found = verdict_of(root, "cache", &claim);
    cr_assert_str_eq(found, verdict);
    cr_assert(strstr(result_text(claim, "measured"), says), "%s", result_text(claim, "measured"));
    json_decref(claim);
}

Test(claims, six_times_holds_only_where_it_is_six)
{
    expect_cache(6, 7, 3, "holds", "tiny against MHA (6.00)");
    expect_cache(7.1, 8.9, 3.6, "holds under conditions", "About 6 at equal precision: none");
    expect_cache(57, 71, 6.2, "holds under conditions", "tiny against GQA-8 (6.20)");
    expect_cache(0.9, 8.9, 0.5, "does not hold", "0.9 to 0.9 times");
}

Test(claims, what_was_not_measured_gets_no_verdict)
{
    static const char *const ids[] = {"cache",    "context", "work",   "quality",
                                      "training", "rope",    "article"};
    for (int i = 0; i < 7; i++) {
        json_t *claim;
        const char *found = verdict_of(stored_result("some CPU", "host"), ids[i], &claim);
        cr_assert_str_eq(found, "not measured");
        cr_assert(json_array_size(json_object_get(claim, "missing")) > 0, "%s", ids[i]);
        json_decref(claim);
    }
}

static void expect_context(double mha_bytes, double mha_ms, int cached, const char *verdict,
                           const char *says)
{
    json_t *root = stored_result("some CPU", "host"), *claim;
    add_study(root, "cache", cache_study(mha_bytes, 9, 3.5));
    add_times(root, "tiny", "decode", cached, 1, "absorbed", "absorbed", 2, 1e6, 100);
    add_times(root, "tiny-mha", "decode", cached, 1, "slow", "expanded", 50, 1e6, 700);
    add_times(root, "tiny-mha", "decode", cached, 1, "mha", "expanded", mha_ms, 1e6, 700);
    const char *found = verdict_of(root, "context", &claim);
    cr_assert_str_eq(found, verdict, "MHA in %g ms: %s", mha_ms, found);
    cr_assert(strstr(result_text(claim, "measured"), says), "%s", result_text(claim, "measured"));
    json_decref(claim);
}

Test(claims, long_contexts_are_compared_with_the_fastest_mha)
{
    expect_context(7, 5, 16384, "holds", "2.50 to 2.50 times as long");
    expect_context(7, 1.5, 16384, "holds under conditions", "faster in 0 of 1 cases");
    expect_context(7, 5, 8192, "not measured", "");
    expect_context(0.5, 5, 16384, "does not hold", "2.50 to 2.50 times as long");
}

/* MHA's FLOPs being 1e9 in decode and prefill. */
static void expect_work(double decode, double prefill, const char *verdict)
{
    json_t *root = stored_result("some CPU", "host"), *claim;
    for (int i = 0; i < 2; i++) {
        const char *phase = i ? "prefill" : "decode";
        int cached = i ? 0 : 4096, tokens = i ? 512 : 1;
        double flops = i ? prefill : decode;
        add_times(root, "tiny", phase, cached, tokens, "absorbed", "absorbed", 2, 3e9, 100);
        add_times(root, "tiny", phase, cached, tokens, "naive", "expanded", 3, flops, 900);
        add_times(root, "tiny-mha", phase, cached, tokens, "mha", "expanded", 5, 1e9, 700);
    }
    const char *found = verdict_of(root, "work", &claim);
    cr_assert_str_eq(found, verdict, "%g and %g: %s", decode, prefill, found);
    cr_assert(strstr(result_text(claim, "measured"), "absorbed MLA does 3.00 times MHA's FLOPs in "
                                                     "0.40 times its time"),
              "%s", result_text(claim, "measured"));
    json_decref(claim);
}

Test(claims, computation_is_judged_by_flops_in_both_phases)
{
    expect_work(0.9e9, 0.8e9, "holds");
    expect_work(1.2e9, 0.8e9, "holds under conditions");
    expect_work(1.2e9, 1.3e9, "does not hold");
}

static json_t *figures_study(const char *const *names, const double *values, int count)
{
    json_t *found = json_object();
    for (int i = 0; i < count; i++)
        study_figure(found, names[i], values[i]);
    return found;
}

/* Adds a kernel's row with an error, in units. */
static void add_error(json_t *root, const char *model, const char *order, double ratio)
{
    char kernel[32];
    snprintf(kernel, sizeof kernel, "k-%s", order);
    add_times(root, model, "decode", 64, 1, kernel, order, 1, 1e6, 100);
    json_t *list = json_object_get(root, "benchmarks");
    for (size_t i = json_array_size(list) - 10; i < json_array_size(list); i++)
        json_object_set_new(json_array_get(list, i), "error",
                            json_pack("{s:f, s:f}", "ratio", ratio, "limit", 2.0));
}

/* Errors of the output at the model's rank on white and on structured data. */
static void expect_quality(double white, double structured, double ratio, const char *verdict)
{
    static const char *const names[] = {"kv_lora_rank", "output_error_at_kv_lora_rank_white",
                                        "output_error_at_kv_lora_rank_power_2"};
    const double values[] = {512, white, structured};
    json_t *root = stored_result("some CPU", "host"), *claim;
    add_study(root, "rank", figures_study(names, values, 3));
    add_error(root, "tiny", "absorbed", ratio);
    add_error(root, "tiny", "expanded", 0.4);
    const char *found = verdict_of(root, "quality", &claim);
    cr_assert_str_eq(found, verdict, "%g, %g, %g: %s", white, structured, ratio, found);
    json_decref(claim);
}

Test(claims, quality_needs_agreement_and_a_rank_that_suffices)
{
    expect_quality(0.009, 0.001, 0.4, "holds");
    expect_quality(0.5, 0.001, 0.4, "holds under conditions");
    expect_quality(0.5, 0.02, 0.4, "does not hold");
    expect_quality(0.009, 0.001, 2.1, "does not hold");
}

static void expect_rope(double left_out, double on_latent, double decoupled, const char *verdict)
{
    static const char *const names[] = {"largest_error_left_out", "largest_error_on_query",
                                        "largest_error_on_latent", "largest_error_decoupled"};
    const double values[] = {left_out, 1.4, on_latent, decoupled};
    json_t *root = stored_result("some CPU", "host"), *claim;
    add_study(root, "rope", figures_study(names, values, 4));
    const char *found = verdict_of(root, "rope", &claim);
    cr_assert_str_eq(found, verdict, "%g, %g, %g: %s", left_out, on_latent, decoupled, found);
    json_decref(claim);
}

Test(claims, rope_is_needed_where_all_other_ways_are_wrong)
{
    expect_rope(1.4, 1.3, 1e-15, "holds");
    expect_rope(1.4, 0.05, 1e-15, "holds under conditions");
    expect_rope(1.4, 1.3, 1e-6, "does not hold");
}

static void expect_article(double latent, double difference, double ratio, const char *verdict)
{
    static const char *const names[] = {"input_width", "latent_width", "heads", "output_width",
                                        "difference_from_reference"};
    const double values[] = {784, latent, 4, 128, difference};
    json_t *root = stored_result("some CPU", "host"), *claim;
    add_study(root, "article", figures_study(names, values, 5));
    if (ratio > 0)
        add_error(root, "article-784", "absorbed", ratio);
    const char *found = verdict_of(root, "article", &claim);
    cr_assert_str_eq(found, verdict, "%g, %g, %g: %s", latent, difference, ratio, found);
    json_decref(claim);
}

Test(claims, the_example_has_the_articles_widths_and_is_verified)
{
    expect_article(128, 1e-15, 0.3, "holds");
    expect_article(127, 1e-15, 0.3, "does not hold");
    expect_article(128, 1e-3, 0.3, "does not hold");
    expect_article(128, 1e-15, 2.5, "does not hold");
    expect_article(128, 1e-15, 0, "not measured");
}

/* Bytes kept with over without query compression, nothing and up-projections made again. */
static void expect_training(double none, double up, double other, const char *verdict)
{
    static const char *const names[] = {
        "a_mla_q_compressed_over_uncompressed_none", "b_mla_q_compressed_over_uncompressed_none",
        "b_mla_q_compressed_over_uncompressed_up_projections", "rows_with_other_gradients"};
    const double values[] = {0.9, none, up, other};
    json_t *root = stored_result("some CPU", "host"), *claim;
    add_study(root, "activations", figures_study(names, values, 4));
    const char *found = verdict_of(root, "training", &claim);
    cr_assert_str_eq(found, verdict, "%g, %g, %g: %s", none, up, other, found);
    json_decref(claim);
}

Test(claims, training_is_judged_by_what_all_models_keep)
{
    expect_training(0.95, 0.5, 0, "holds");
    expect_training(1.03, 0.5, 0, "holds under conditions");
    expect_training(1.03, 1.01, 0, "does not hold");
    expect_training(0.95, 0.5, 1, "not measured");
}

static const struct study *find(const char *name)
{
    for (int i = 0; studies[i]; i++)
        if (!strcmp(studies[i]->name, name))
            return studies[i];
    cr_assert(false, "no study %s", name);
    return NULL;
}

Test(claims, names_of_studies_are_plain_and_distinct)
{
    for (int i = 0; studies[i]; i++) {
        cr_assert(study_name_is_plain(studies[i]->name), "%s", studies[i]->name);
        for (int k = 0; k < i; k++)
            cr_assert(strcmp(studies[i]->name, studies[k]->name));
    }
    cr_assert(!study_name_is_plain("") && !study_name_is_plain("../cache") &&
              !study_name_is_plain("a'b"));
}

Test(claims, cache_study_allocates_and_touches_what_the_formula_says)
{
    struct paths paths;
    struct mla_error error;
    cr_assert(paths_find(&paths, &error) == 0, "%s", error.message);
    snprintf(paths.configs, sizeof paths.configs, "configs");
    const struct study_settings settings = {
        .paths = &paths, .seed = 1, .threads = 2, .quick = true};
    json_t *into = json_object();
    cr_assert(study_run(find("cache"), &settings, into, &error) == 0, "%s", error.message);
    const json_t *found = json_object_get(into, "cache");
    int mha = 0;
    for (size_t i = 0; i < study_rows(found); i++) {
        double formula = study_number(found, i, "formula");
        if (!strcmp(study_text(found, i, "cache"), "inputs"))
            continue;
        cr_assert(study_number(found, i, "allocated") >= formula);
        /* A word that the rows leave as the pattern was is possible, but rare. */
        cr_assert(fabs(study_number(found, i, "touched") - formula) <= 0.01 * formula, "%s %s %g",
                  study_text(found, i, "cache"), study_text(found, i, "format"),
                  study_number(found, i, "touched"));
        if (strcmp(study_text(found, i, "cache"), "MHA") != 0 ||
            strcmp(study_text(found, i, "format"), "bf16") != 0)
            continue;
        mha++;
        cr_assert(formula == 8192 && study_number(found, i, "tokens_per_gib") == 4854);
        cr_assert(fabs(study_number(found, i, "over_latent") - 4096.0 / 576) < 1e-12);
    }
    cr_assert(mha == 1, "%d", mha);
    json_decref(into);
}

/* A study that crashes takes nothing with it. */
static int crash(const struct study_settings *settings, json_t *found, struct mla_error *error)
{
    (void)settings;
    (void)found;
    (void)error;
    abort();
}

Test(claims, a_study_that_crashes_is_a_failure_with_a_reason)
{
    const struct study broken = {"broken", "Broken", crash};
    const struct study_settings settings = {.threads = 1};
    struct mla_error error;
    json_t *into = json_object();
    cr_assert(study_run(&broken, &settings, into, &error) == MLA_FAILED);
    cr_assert(json_object_size(into) == 0 && error.message[0]);
    json_decref(into);
}

/* All studies are there, so that none is run. */
static json_t *with_studies(void)
{
    json_t *root = stored_result("some CPU", "host");
    for (int i = 0; studies[i]; i++)
        add_study(root, studies[i]->name, json_object());
    add_study(root, "cache", cache_study(7.1, 8.9, 3.6));
    return root;
}

Test(claims, the_command_adds_verdicts_to_a_result_and_its_report)
{
    static char text[1 << 18];
    char path[160];
    stored_write(with_studies(), "result.json");
    EXPECT(0, "claims @/result.json", "holds under conditions", "not measured", "report.html");
    json_t *root = load("result.json"), *list = json_object_get(stored_own(root), "claims");
    cr_assert_str_eq(result_text(stored_own(root), "finished"), "2026-01-02T03:05:05+0000",
                     "when the run ended does not change");
    cr_assert(json_array_size(list) >= 3);
    json_decref(root);
    snprintf(path, sizeof path, "%s/report.md", folder);
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    cr_assert(strstr(text, "## What is true of the article's claims"));
    cr_assert(strstr(text, "holds under conditions"));
    snprintf(path, sizeof path, "%s/tables/claims.csv", folder);
    cr_assert(access(path, R_OK) == 0);
    snprintf(path, sizeof path, "%s/tables/study-cache.csv", folder);
    cr_assert(access(path, R_OK) == 0);
    EXPECT(0, "claims --json @/result.json", "\"verdict\": \"holds under conditions\"");
}

Test(claims, small_studies_are_marked_and_made_anew_in_full)
{
    json_t *root = with_studies();
    json_object_set_new(json_object_get(stored_own(root), "studies"), "article",
                        json_pack("{s:b}", "quick", 1));
    json_t *article;
    stored_write(root, "result.json");
    EXPECT(0, "claims --quick --no-report @/result.json", "holds");
    root = load("result.json");
    article = json_object_get(json_object_get(stored_own(root), "studies"), "article");
    cr_assert(!json_object_get(article, "rows"), "there was one of small sizes");
    json_decref(root);
    EXPECT(0, "claims --no-report @/result.json", "study: The article");
    root = load("result.json");
    article = json_object_get(json_object_get(stored_own(root), "studies"), "article");
    cr_assert(json_is_false(json_object_get(article, "quick")));
    cr_assert(json_array_size(json_object_get(article, "rows")) > 0);
    json_decref(root);
}

Test(claims, what_it_cannot_use_is_refused)
{
    EXPECT(2, "claims a.json b.json", "takes one result.json");
    EXPECT(2, "claims a.json --out @", "go into that file");
    EXPECT(4, "claims @/none.json", "none.json");
    write_file("result.json", "{\"context\": {}, \"benchmarks\": []}");
    EXPECT(2, "claims @/result.json", "result.json", "mlabench");
    stored_write(with_studies(), "result.json");
    write_file("counts.json", "[1]");
    EXPECT(2, "claims @/result.json --instructions @/counts.json", "counts.json",
           "scripts/instructions.py --study");
}

/* Whoever sends a result.json may put anything in the place of studies and claims. */
Test(claims, a_report_of_absurd_studies_and_claims_is_written)
{
    static const char *const absurd[] = {
        "[1, 2]",
        "{\"a'b\": {}, \"../x\": {\"plot\": {}, \"rows\": [[1]], \"columns\": [{}]}}",
        "{\"x\": 1, \"y\": {\"rows\": 3, \"columns\": \"a\", \"plot\": {\"panel\": 1}}}",
        "{\"cache\": {\"plot\": {\"panel\": \"p\", \"series\": \"s\"}, \"title\": \"`ls`\", "
        "\"columns\": [{\"name\": \"p\"}, {\"name\": \"s\"}, 7], "
        "\"rows\": [[\"'; system('touch x')\", \"$(ls)\", []], 5, [{}, null]]}}",
    };
    for (size_t n = 0; n < sizeof absurd / sizeof absurd[0]; n++) {
        json_t *root = stored_result("some CPU", "host");
        json_object_set_new(stored_own(root), "studies", json_loads(absurd[n], 0, NULL));
        json_object_set_new(stored_own(root), "claims", json_loads(absurd[n], 0, NULL));
        stored_write(root, "result.json");
        EXPECT(0, "report @/result.json", "report.html");
    }
}

/* A study's name becomes that of a script: one that is no name is not drawn. */
Test(claims, a_study_with_a_path_for_a_name_is_not_drawn)
{
    static const char *const names[] = {"../x", "cache"};
    static const char *const files[] = {"study-..-x", "study-cache"};
    json_t *root = stored_result("some CPU", "host");
    for (int i = 0; i < 2; i++) {
        json_t *found = json_object();
        study_column(found, "value", "", "");
        study_row(found, json_pack("[i]", 1));
        study_plot(found, "", "", "x", "a caption");
        add_study(root, names[i], found);
    }
    stored_write(root, "result.json");
    EXPECT(0, "report @/result.json", "report.html");
    for (int i = 0; i < 2; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/data/%s.tsv", folder, files[i]);
        cr_assert((access(path, R_OK) == 0) == (i == 1), "%s", path);
    }
}
