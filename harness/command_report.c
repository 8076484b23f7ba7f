/* SPDX-License-Identifier: MIT
 *
 * `mlabench report`. */
#include "harness/commands.h"
#include "harness/out_file.h"
#include "harness/report.h"
#include "harness/runs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int write_report(const char *path, const char *folder, const struct paths *paths,
                        struct mla_error *error)
{
    struct report_outcome outcome;
    int code = report_write(path, folder, paths->plots, &outcome, error);
    if (code)
        return code;
    if (!outcome.plotted)
        fprintf(stderr, "no plots: %s\n", outcome.note);
    printf("report: %s/report.html, %s/report.md\n", folder, folder);
    return 0;
}

static int report_one(const char *path, const struct options *options, const struct paths *paths,
                      struct mla_error *error)
{
    char folder[PATH_LENGTH];
    const char *slash = strrchr(path, '/');
    if (options->out)
        snprintf(folder, sizeof folder, "%s", options->out);
    else if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    else
        snprintf(folder, sizeof folder, ".");
    int code = make_folder(folder, error);
    return code ? code : write_report(path, folder, paths, error);
}

/* What is read must not be written over. */
static int check_out(const struct options *options, const char *result, struct mla_error *error)
{
    struct stat out, in;
    for (int i = 0; i < options->file_count; i++)
        if (stat(result, &out) == 0 && stat(options->files[i], &in) == 0 &&
            out.st_dev == in.st_dev && out.st_ino == in.st_ino)
            return mla_fail(error, MLA_BAD_INPUT,
                            "--out is %s, the folder of %s: another one is needed", options->out,
                            options->files[i]);
    return 0;
}

static void tell_missing(const struct stored_run *run)
{
    const json_t *skipped = json_object_get(run->table.mlabench, "skipped"), *index;
    size_t i, k;
    json_array_foreach(run->missing, i, index)
    {
        char reason[64];
        const json_t *entry;
        snprintf(reason, sizeof reason, "shard %d/%d is missing", (int)json_integer_value(index),
                 run->shards);
        fprintf(stderr, "%s; its cases are\n", reason);
        json_array_foreach(skipped, k, entry) if (!strcmp(result_text(entry, "reason"), reason))
            fprintf(stderr, "    %s\n", result_text(entry, "name"));
    }
}

/* PATH.part first, which then takes its place. */
static int write_joined(const struct stored_run *run, const char *path, struct mla_error *error)
{
    struct out_file out;
    int code = out_replace(&out, path, error);
    if (code)
        return code;
    json_dumpf(run->table.root, out.file, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    fputc('\n', out.file);
    code = out_close(&out, error);
    if (!code)
        printf("joined: %d of %d shards: %s\n", run->files, run->shards, path);
    return code;
}

static int report_several(const struct options *options, const struct paths *paths,
                          struct mla_error *error)
{
    char path[PATH_LENGTH + 32];
    struct stored_runs runs;
    if (!options->out)
        return mla_fail(error, MLA_BAD_INPUT,
                        "mlabench report of several files needs --out, a folder of their own");
    snprintf(path, sizeof path, "%s/result.json", options->out);
    int code = check_out(options, path, error);
    if (!code)
        code = runs_read(options->files, options->file_count, &runs, error);
    if (code)
        return code;
    for (int i = 0; i < runs.count; i++)
        tell_missing(&runs.items[i]);
    if (runs.count > 1)
        code = mla_fail(error, MLA_BAD_INPUT,
                        "%s and %s are not of one run: suite, seed, program and kind of machine "
                        "have to be the same",
                        runs.items[0].path, runs.items[1].path);
    else
        code = write_joined(&runs.items[0], path, error);
    runs_destroy(&runs);
    return code ? code : write_report(path, options->out, paths, error);
}

int command_report(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    if (options->file_count < 1)
        return mla_fail(error, MLA_BAD_INPUT,
                        "mlabench report takes a result.json, or those of a suite's shards");
    return options->file_count == 1 ? report_one(options->files[0], options, paths, error)
                                    : report_several(options, paths, error);
}
