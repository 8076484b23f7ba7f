/* SPDX-License-Identifier: MIT
 *
 * `mlabench run` and `mlabench verify`. */
#include "harness/case_file.h"
#include "harness/case_save.h"
#include "harness/catalogue.h"
#include "harness/certificates_print.h"
#include "harness/commands.h"
#include "harness/counter_names.h"
#include "harness/cpu.h"
#include "harness/given_suite.h"
#include "harness/interrupt.h"
#include "harness/junit.h"
#include "harness/ratio_record.h"
#include "harness/ratios.h"
#include "harness/report.h"
#include "harness/run.h"
#include "harness/shard.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fill_catalogue(const struct options *options, struct catalogue *catalogue,
                          struct mla_error *error)
{
    int code = catalogue_create(catalogue, error);
    for (int i = 0; i < options->plugin_count && !code; i++)
        code = catalogue_add(catalogue, options->plugins[i], error);
    return code;
}

/* The checkpoint's layer, and the suite about it. */
static int read_given(const struct options *options, const struct paths *paths, struct given *given,
                      struct suite *suite, struct mla_error *error)
{
    /* "." is no name for a model. */
    char folder[PATH_MAX];
    if (!realpath(options->checkpoint, folder))
        return mla_fail(error, MLA_BAD_INPUT, "--checkpoint %.600s: %s", options->checkpoint,
                        strerror(errno));
    const struct given_names names = {.checkpoint = folder,
                                      .layer = options->layer,
                                      .input = options->input,
                                      .expect = options->expect,
                                      .expect_limit = options->expect_limit};
    int code = given_open(&names, given, error);
    if (code)
        return code;
    code = given_suite(paths->configs, given, &options->by_hand, cpu_count(), suite, error);
    if (code)
        given_close(given);
    return code;
}

/* What becomes context.mlabench.checkpoint. */
static json_t *given_json(const struct options *options, const struct given *given)
{
    const struct checkpoint *c = &given->checkpoint;
    return json_pack("{s:s, s:i, s:i, s:s, s:I, s:s?, s:s?}", "folder", options->checkpoint,
                     "layer", c->layer, "attention", c->attention, "types", c->types, "bytes",
                     (json_int_t)c->bytes, "input", options->input, "expect", options->expect);
}

static int read_suite(const struct options *options, const struct paths *paths,
                      const char *default_suite, struct given *given, struct suite *suite,
                      uint64_t *seed, struct mla_error *error)
{
    int code;
    if (options->checkpoint)
        code = read_given(options, paths, given, suite, error);
    else if (options->replay)
        code = suite_replay(options->replay, options->by_hand.kernels, suite, seed, error);
    else if (options->random_cases)
        code = suite_random(options->seed, options->random_cases, suite, error);
    else if (options->case_given)
        code = suite_by_hand(paths->configs, &options->by_hand, cpu_count(), suite, error);
    else
        code = suite_read(paths->configs, options->suite ? options->suite : default_suite,
                          cpu_count(), suite, error);
    return code;
}

/* What becomes context.mlabench.shard, in *record, if a shard is asked for. */
static int take_shard(const struct options *options, const struct catalogue *catalogue, bool timing,
                      struct suite *suite, json_t **record, struct mla_error *error)
{
    struct shard shard;
    json_t *cases = NULL;
    int code = options->shard ? shard_parse(options->shard, &shard, error) : 0;
    if (code || !options->shard)
        return code;
    code = shard_take(&shard, catalogue, timing, suite, &cases, error);
    *record =
        json_pack("{s:i, s:i, s:o*}", "index", shard.index, "count", shard.count, "cases", cases);
    return code;
}

/* Only the kernels and repetitions that are asked for. */
static int narrow_suite(const struct options *options, const struct catalogue *catalogue,
                        struct suite *suite, struct mla_error *error)
{
    int code = 0;
    const char *globs = options->by_hand.kernels;
    for (int i = 0; i < suite->count && globs && !options->case_given && !code; i++)
        code = case_narrow(&suite->cases[i], globs, error);
    if (code)
        return code;
    if (options->repetitions)
        suite->repetitions = options->repetitions;
    code = suite_check_kernels(suite, catalogue->names, catalogue->count, error);
    if (code && options->replay && !globs) {
        struct mla_error inner = *error;
        mla_fail(error, code, "%.900s; a plug-in's kernel needs its --plugin", inner.message);
    }
    return code;
}

/* A figure that cannot be drawn is no reason to lose the numbers. */
static int write_report(const struct result *result, const char *folder, const struct paths *paths,
                        struct mla_error *error)
{
    struct report_outcome outcome;
    int code = report_write(result->path, folder, paths->plots, &outcome, error);
    if (code)
        return code;
    if (!outcome.plotted)
        fprintf(stderr, "no plots: %s\n", outcome.note);
    printf("report: %s/report.html, %s/report.md\n", folder, folder);
    return 0;
}

static void print_suspects(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        printf("suspect: %s %s\n", json_string_value(json_object_get(entry, "name")),
               json_string_value(json_object_get(entry, "reason")));
    }
}

/* Everything is in hand: run, conclude, and turn the outcome into a code. */
static int run_all(struct run *run, const struct options *options, const struct paths *paths,
                   const char *folder, struct mla_error *error)
{
    interrupt_catch();
    int code = run_suite(run, error);
    if (code && code != MLA_INTERRUPTED)
        return code;
    if (options->json) {
        json_t *summary = tally_json(&run->tally, run->catalogue);
        json_object_set(summary, "failures", json_object_get(run->result->mlabench, "failed"));
        json_object_set(summary, "ratios", json_object_get(run->result->mlabench, "ratios"));
        json_object_set(summary, "certificates",
                        json_object_get(run->result->mlabench, "certificates"));
        json_object_set(summary, "layers", json_object_get(run->result->mlabench, "layers"));
        json_dumpf(summary, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(summary);
    } else if (code == 0 || !run->timing) {
        if (json_array_size(json_object_get(run->result->mlabench, "certificates")) > 0)
            certificates_print(json_object_get(run->result->mlabench, "certificates"));
        if (run->random_cases)
            ratios_print(json_object_get(run->result->mlabench, "ratios"));
        tally_print(&run->tally, run->catalogue);
        print_suspects(json_object_get(run->result->mlabench, "counters_suspect"));
    }
    if (folder)
        printf("results: %s\n", run->result->path);
    if (code)
        return code;
    if (folder && !options->no_report)
        code = write_report(run->result, folder, paths, error);
    if (!code && options->record)
        code = ratio_record_update(options->record, &run->tally, run->catalogue, run->seed, error);
    if (!code && run->tally.failed > 0)
        code = mla_fail(error, MLA_FAILED, "%d of %d verifications failed", run->tally.failed,
                        run->tally.failed + run->tally.passed);
    if (!code && run->tally.passed == 0)
        code = mla_fail(error, MLA_BAD_INPUT, "nothing was verified");
    return code;
}

/* That what is asked for beside the verdict can be written, before anybody waits for it. */
static int check_files(struct run *run, const struct options *options, struct saver *saver,
                       struct mla_error *error)
{
    int code = options->junit ? junit_check(options->junit, error) : 0;
    if (!code && options->save_failure) {
        code = saver_open(saver, options->save_failure, error);
        run->saver = saver;
    }
    return code;
}

/* What went wrong at the end takes the place of a verdict, which has been printed, but of nothing
 * worse; the other message is printed here. */
static int conclude(int code, int late_code, const struct mla_error *late, struct mla_error *error)
{
    if (!late_code)
        return code;
    bool replaces = code == 0 || code == MLA_FAILED;
    const struct mla_error *other = replaces ? error : late;
    if (other->message[0])
        fprintf(stderr, "mlabench: %s\n", other->message);
    if (!replaces)
        return code;
    *error = *late;
    return late_code;
}

/* However the run ended: what was verified until then. */
static int write_files(const struct run *run, const struct options *options, int code,
                       struct mla_error *error)
{
    struct mla_error late = {{0}};
    if (run->saver)
        code = conclude(code, saver_close(run->saver, &late), &late, error);
    if (options->junit)
        code = conclude(code,
                        junit_write(options->junit, "mlabench verify", &run->tally, run->catalogue,
                                    run->result->context, &late),
                        &late, error);
    return code;
}

static int run_or_verify(const struct options *options, const struct paths *paths, bool timing,
                         int count, char **arguments, struct mla_error *error)
{
    struct catalogue catalogue = {0};
    struct suite suite = {0};
    struct result result = {0};
    struct run run = {.catalogue = &catalogue,
                      .suite = &suite,
                      .timing = timing,
                      .quiet = options->quiet,
                      .json = options->json,
                      .fail_fast = options->fail_fast,
                      .random_cases = options->random_cases > 0,
                      .seed = options->seed,
                      .replay = options->replay,
                      .result = &result};
    struct given given = {0};
    struct saver saver;
    json_t *shard = NULL;
    struct counter_names counters = {0};
    char folder[PATH_LENGTH + 128];
    int code = options->isa ? cpu_limit_isa(options->isa, error) : 0;
    if (!code)
        code = fill_catalogue(options, &catalogue, error);
    if (!code)
        code = read_suite(options, paths, timing ? "default" : "verify", &given, &suite, &run.seed,
                          error);
    if (!code && options->checkpoint)
        run.given = &given;
    if (!code && options->cold)
        code = suite_add_cold(&suite, error);
    if (!code)
        code = take_shard(options, &catalogue, timing, &suite, &shard, error);
    if (!code)
        code = narrow_suite(options, &catalogue, &suite, error);
    if (!code)
        code = check_files(&run, options, &saver, error);
    if (!code)
        code = counter_names_read(timing ? options->counters : "none", &counters, error);
    run.counters = counters.names;
    run.counter_count = counters.count;
    if (options->out)
        snprintf(folder, sizeof folder, "%s", options->out);
    else if (!code)
        paths_new_run(paths, suite.name, options->shard, folder, sizeof folder);
    if (!code)
        code = result_create(&result, timing ? folder : NULL, count, arguments, error);
    if (!code)
        code = tally_create(&run.tally, &catalogue, error);
    if (!code && shard)
        json_object_set(result.mlabench, "shard", shard);
    if (!code && run.given)
        json_object_set_new(result.mlabench, "checkpoint", given_json(options, &given));
    if (!code) {
        run.tally.keeps_outcomes = options->junit;
        code = run_all(&run, options, paths, timing ? folder : NULL, error);
        code = write_files(&run, options, code, error);
    }
    tally_destroy(&run.tally);
    result_destroy(&result);
    json_decref(shard);
    if (run.given)
        given_close(&given);
    counter_names_free(&counters);
    suite_free(&suite);
    catalogue_destroy(&catalogue);
    return code;
}

int command_run(const struct options *options, const struct paths *paths, int count,
                char **arguments, struct mla_error *error)
{
    return run_or_verify(options, paths, true, count, arguments, error);
}

int command_verify(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error)
{
    return run_or_verify(options, paths, false, count, arguments, error);
}
