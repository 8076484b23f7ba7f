/* SPDX-License-Identifier: MIT
 *
 * `mlabench report`. */
#include "harness/commands.h"
#include "harness/out_file.h"
#include "harness/report.h"
#include "harness/report_runs.h"
#include "harness/runs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void tell(const struct report_outcome *outcome, const char *folder)
{
    if (!outcome->plotted)
        fprintf(stderr, "no plots: %s\n", outcome->note);
    printf("report: %s/report.html, %s/report.md\n", folder, folder);
}

static int write_report(const char *path, const char *folder, const struct paths *paths,
                        struct mla_error *error)
{
    struct report_outcome outcome;
    int code = report_write(path, folder, paths->plots, &outcome, error);
    if (!code)
        tell(&outcome, folder);
    return code;
}

/* The folder of a file, as a path that is one. */
static void folder_of(const char *file, char folder[PATH_LENGTH])
{
    const char *slash = strrchr(file, '/');
    if (slash)
        snprintf(folder, PATH_LENGTH, "%.*s/", (int)(slash - file), file);
    else
        snprintf(folder, PATH_LENGTH, "./");
}

static bool same_folder(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Beside the file. */
static int report_one(const char *path, const struct paths *paths, struct mla_error *error)
{
    char folder[PATH_LENGTH];
    folder_of(path, folder);
    folder[strlen(folder) - 1] = '\0';
    return write_report(path, *folder ? folder : "/", paths, error);
}

/* Neither what is read nor the report of one of the runs must be written over. */
static int check_out(const struct options *options, struct mla_error *error)
{
    for (int i = 0; i < options->file_count; i++) {
        char folder[PATH_LENGTH];
        folder_of(options->files[i], folder);
        if (same_folder(options->out, folder))
            return mla_fail(error, MLA_BAD_INPUT,
                            "--out is %s, the folder of %s: another one is needed", options->out,
                            options->files[i]);
    }
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

static int refuse_twins(const struct stored_runs *runs, struct mla_error *error)
{
    for (int i = 0; i < runs->count; i++)
        for (int k = 0; k < i; k++)
            if (json_equal(runs->items[i].table.root, runs->items[k].table.root))
                return mla_fail(error, MLA_BAD_INPUT, "%s and %s hold the same result",
                                runs->items[k].path, runs->items[i].path);
    return 0;
}

/* Joined runs are kept beside the report: the only one as result.json, of several as run1.json. */
static int write_several(const struct stored_runs *runs, const struct options *options,
                         const struct paths *paths, struct mla_error *error)
{
    struct report_outcome outcome;
    char path[PATH_LENGTH + 32];
    int code = refuse_twins(runs, error);
    for (int i = 0; i < runs->count && !code; i++) {
        snprintf(path, sizeof path, "%s/%s", options->out, "result.json");
        if (runs->count > 1)
            snprintf(path, sizeof path, "%s/run%d.json", options->out, i + 1);
        if (!runs->items[i].shards)
            continue;
        tell_missing(&runs->items[i]);
        code = write_joined(&runs->items[i], path, error);
    }
    if (code)
        return code;
    if (runs->count == 1)
        return write_report(runs->items[0].shards ? path : runs->items[0].path, options->out, paths,
                            error);
    code = report_runs_write(runs, options->out, paths->plots, &outcome, error);
    if (!code)
        tell(&outcome, options->out);
    return code;
}

static int report_several(const struct options *options, const struct paths *paths,
                          struct mla_error *error)
{
    struct stored_runs runs;
    if (!options->out)
        return mla_fail(error, MLA_BAD_INPUT,
                        "mlabench report of several files needs --out, a folder of their own");
    int code = check_out(options, error);
    if (!code)
        code = runs_read(options->files, options->file_count, true, &runs, error);
    if (code)
        return code;
    code = write_several(&runs, options, paths, error);
    runs_destroy(&runs);
    return code;
}

int command_report(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    if (options->file_count < 1)
        return mla_fail(error, MLA_BAD_INPUT,
                        "mlabench report takes a result.json, or several to join or compare");
    char folder[PATH_LENGTH];
    folder_of(options->files[0], folder);
    bool beside = !options->out || same_folder(options->out, folder);
    return options->file_count == 1 && beside ? report_one(options->files[0], paths, error)
                                              : report_several(options, paths, error);
}
