/* SPDX-License-Identifier: MIT
 *
 * `mlabench claims`: measures what the article claims, and says what is true of it. */
#include "harness/claims.h"
#include "harness/commands.h"
#include "harness/cpu.h"
#include "harness/interrupt.h"
#include "harness/report.h"
#include "harness/result.h"
#include "harness/study.h"
#include "harness/units.h"

#include <stdio.h>
#include <string.h>

/* A stored result, to be added to. */
static int open_result(const char *path, struct result *result, struct mla_error *error)
{
    *result = (struct result){0};
    if (snprintf(result->path, sizeof result->path, "%s", path) >= (int)sizeof result->path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.200s... is too long", path);
    /* The table's reader has the words for what is wrong with a file. */
    struct result_table table;
    int code = result_table_read(path, &table, error);
    if (code)
        return code;
    result->root = json_incref(table.root);
    result_table_destroy(&table);
    result->context = json_object_get(result->root, "context");
    result->mlabench = json_object_get(result->context, "mlabench");
    result->benchmarks = json_object_get(result->root, "benchmarks");
    return 0;
}

/* The object, made if it is not there. Borrowed. */
static json_t *studies_of(struct result *result)
{
    if (!json_is_object(json_object_get(result->mlabench, "studies")))
        json_object_set_new(result->mlabench, "studies", json_object());
    return json_object_get(result->mlabench, "studies");
}

/* Those that the file lacks, or has in small alone; it is written after each, so that nothing is
 * lost. One that fails is noted, and the others go on. */
static int run_studies(struct result *result, const struct options *options,
                       const struct paths *paths, struct mla_error *error)
{
    const struct study_settings settings = {
        .paths = paths, .seed = options->seed, .threads = cpu_count(), .quick = options->quick};
    json_t *into = studies_of(result);
    for (int i = 0; studies[i]; i++) {
        struct mla_error why = {{0}};
        const json_t *found = json_object_get(into, studies[i]->name);
        if (found && (options->quick || !json_is_true(json_object_get(found, "quick"))))
            continue;
        if (!options->quiet)
            fprintf(stderr, "study: %s ...\n", studies[i]->title);
        int code = study_run(studies[i], &settings, into, &why);
        if (code == MLA_INTERRUPTED) {
            *error = why;
            return code;
        }
        if (code) {
            fprintf(stderr, "mlabench: study %s: %s\n", studies[i]->name, why.message);
            result_note(result, "skipped", studies[i]->title, why.message, NULL);
        }
        code = result_write(result, error);
        if (code)
            return code;
    }
    return 0;
}

/* Counts that another program made: an object as a study leaves it. */
static int add_instructions(struct result *result, const char *path, struct mla_error *error)
{
    json_error_t where;
    json_t *found = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(found) || !json_is_array(json_object_get(found, "rows")) ||
        !json_is_array(json_object_get(found, "columns"))) {
        json_decref(found);
        return mla_fail(
            error, MLA_BAD_INPUT,
            "--instructions %.600s: %.160s: what scripts/instructions.py --study writes "
            "is needed",
            path, found ? "it has no rows and columns" : where.text);
    }
    json_object_set_new(studies_of(result), "instructions", found);
    return 0;
}

static int judge(struct result *result, struct mla_error *error)
{
    struct result_table table;
    int code = result_table_take(json_incref(result->root), result->path, &table, error);
    if (!code)
        json_object_set_new(result->mlabench, "claims", claims_judge(&table));
    result_table_destroy(&table);
    return code ? code : result_write(result, error);
}

static void print_claims(const json_t *list)
{
    size_t i, k;
    json_t *claim, *missing;
    json_array_foreach(list, i, claim)
    {
        printf("\n%s\n  %s. %s\n  against   %s\n  measured  %s\n", result_text(claim, "claim"),
               result_text(claim, "verdict"), result_text(claim, "criterion"),
               result_text(claim, "baseline"), result_text(claim, "measured"));
        if (result_text(claim, "figure")[0])
            printf("  figure    plots/%s.pdf\n", result_text(claim, "figure"));
        json_array_foreach(json_object_get(claim, "missing"), k, missing)
            printf("  missing   %s\n", json_string_value(missing));
    }
    putchar('\n');
}

/* The folder of the file, where the report goes. */
static int write_report(const struct result *result, const struct paths *paths,
                        struct mla_error *error)
{
    struct report_outcome outcome;
    char folder[sizeof result->path];
    snprintf(folder, sizeof folder, "%s", result->path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *(slash == folder ? slash + 1 : slash) = '\0';
    else
        snprintf(folder, sizeof folder, ".");
    int code = report_write(result->path, folder, paths->plots, &outcome, error);
    if (code)
        return code;
    if (!outcome.plotted)
        fprintf(stderr, "no plots: %s\n", outcome.note);
    fprintf(stderr, "report: %s/report.html, %s/report.md\n", folder, folder);
    return 0;
}

static int conclude(const char *path, const struct options *options, const struct paths *paths,
                    struct mla_error *error)
{
    struct result result;
    int code = open_result(path, &result, error);
    if (code)
        return code;
    interrupt_catch();
    if (options->instructions)
        code = add_instructions(&result, options->instructions, error);
    if (!code)
        code = run_studies(&result, options, paths, error);
    if (!code)
        code = judge(&result, error);
    const json_t *list = json_object_get(result.mlabench, "claims");
    if (!code && options->json) {
        json_dumpf(list, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
        putchar('\n');
    } else if (!code) {
        print_claims(list);
    }
    if (!code && !options->no_report)
        code = write_report(&result, paths, error);
    result_destroy(&result);
    return code;
}

int command_claims(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error)
{
    if (options->file_count > 1)
        return mla_fail(error, MLA_BAD_INPUT,
                        "mlabench claims takes one result.json to judge, or none to measure");
    if (options->file_count == 1 && options->out)
        return mla_fail(
            error, MLA_BAD_INPUT,
            "--out is for what mlabench claims measures; the verdicts on %.600s go into "
            "that file and the report beside it",
            options->files[0]);
    if (options->file_count == 1)
        return conclude(options->files[0], options, paths, error);
    char folder[PATH_LENGTH + 128], path[PATH_LENGTH + 160];
    struct options run = *options;
    run.suite = options->quick ? "quick" : "claims";
    run.no_report = true;
    if (options->out)
        snprintf(folder, sizeof folder, "%s", options->out);
    else
        paths_new_run(paths, run.suite, NULL, folder, sizeof folder);
    run.out = folder;
    int code = command_run(&run, paths, count, arguments, error);
    if (code && code != MLA_FAILED)
        return code;
    /* What failed verification was not timed, and is in the report; the verdict is of the rest. */
    struct mla_error late = {{0}};
    snprintf(path, sizeof path, "%s/result.json", folder);
    int late_code = conclude(path, options, paths, &late);
    if (late_code) {
        *error = late;
        code = late_code;
    }
    return code;
}
