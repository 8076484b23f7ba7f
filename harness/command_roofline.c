/* SPDX-License-Identifier: MIT
 *
 * `mlabench roofline`: what this machine can do at most. */
#include "harness/commands.h"
#include "harness/cpu.h"
#include "harness/interrupt.h"
#include "harness/machine.h"
#include "harness/out_file.h"
#include "harness/result.h"
#include "harness/result_table.h"
#include "harness/roofline.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_NAME "roofline.json"

/* What a result says of the machine and the program, and this as well. */
static json_t *describe(int count, char **arguments, struct mla_error *error)
{
    static const char *const same[] = {"version", "commit", "dirty",    "compiler",     "flags",
                                       "cpu",     "isa",    "governor", "command_line", "started"};
    struct result result;
    if (result_create(&result, NULL, count, arguments, error))
        return NULL;
    json_t *root = json_pack("{s:i}", "schema_version", 1);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        json_object_set(root, same[i], json_object_get(result.mlabench, same[i]));
    json_object_set(root, "host_name", json_object_get(result.context, "host_name"));
    json_object_set(root, "num_cpus", json_object_get(result.context, "num_cpus"));
    json_object_set(root, "caches", json_object_get(result.context, "caches"));
    result_destroy(&result);
    return root;
}

static void print_figure(const char *threads, const char *what, const char *unit,
                         const json_t *figure)
{
    double median = result_number(figure, "median");
    double least = result_number(figure, "min"), most = result_number(figure, "max");
    int64_t bytes = result_count(figure, "bytes");
    printf("%7s  %-24s", threads, what);
    if (!isfinite(median)) {
        printf("  not measured: %s\n", result_text(figure, "missing"));
        return;
    }
    printf(" %10s %10s %10s %10s  %-8s %6.1f %%\n", bytes > 0 ? unit_bytes((double)bytes).s : "",
           unit_number(median, 4).s, unit_number(least, 4).s, unit_number(most, 4).s, unit,
           100 * (most - least) / median);
}

static void print_team(const json_t *root, const char *threads)
{
    json_t *peaks = json_object_get(json_object_get(root, "fma_peak_gflops"), threads), *peak;
    const char *isa;
    char what[64];
    json_object_foreach(peaks, isa, peak)
    {
        snprintf(what, sizeof what, "fp32 FMA, %.32s", isa);
        print_figure(threads, what, "GFLOP/s", peak);
    }
    for (int level = 0; level < CEILING_LEVELS; level++)
        for (int access = 0; access < ACCESSES; access++) {
            const json_t *list = json_object_get(root, roofline_lists[access]);
            const json_t *figure =
                json_object_get(json_object_get(list, threads), ceiling_level_names[level]);
            if (access == ACCESS_STREAM && level != CEILING_DRAM)
                continue; /* there is no such thing */
            snprintf(what, sizeof what, "%s %s", ceiling_level_names[level], access_names[access]);
            print_figure(threads, what, "GB/s", figure);
        }
}

static void print_table(const json_t *root)
{
    json_t *teams = json_object_get(root, "fma_peak_gflops"), *team;
    const char *threads;
    char caches[256];
    machine_caches(json_object_get(root, "caches"), caches, sizeof caches);
    printf("%s, %s\n", result_text(root, "cpu"), caches);
    puts("Least and most of 25 samples (FMA) or 15, and how far apart they are. Bytes are each "
         "thread's own.\nOrdinary writes make the caches fetch every line first; the bytes counted "
         "are those stored.\n");
    printf("%7s  %-24s %10s %10s %10s %10s  %-8s %8s\n", "threads", "what", "bytes", "median",
           "least", "most", "", "spread");
    json_object_foreach(teams, threads, team) print_team(root, threads);
}

static int append(const char *text, size_t length, void *out)
{
    out_write(out, text, length);
    return 0;
}

static int write_json(const json_t *root, const char *folder, struct mla_error *error)
{
    char path[1300];
    struct out_file out;
    if (snprintf(path, sizeof path, "%s/" FILE_NAME, folder) >= (int)sizeof path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.900s is too long", folder);
    int code = out_replace(&out, path, error);
    if (code)
        return code;
    json_dump_callback(root, append, &out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    out_write(&out, "\n", 1);
    return out_close(&out, error);
}

/* Numbers of threads as suites read them; `threads` is malloc'ed. */
static int read_teams(const struct options *options, const struct paths *paths, int **threads,
                      int *count, struct mla_error *error)
{
    const char *list = options->by_hand.threads ? options->by_hand.threads : "1,all";
    const struct case_options each = {.models = "tiny", .cached = "0", .threads = list};
    struct suite suite;
    int code = suite_by_hand(paths->configs, &each, cpu_count(), &suite, error);
    if (code)
        return code;
    *count = suite.count;
    *threads = calloc((size_t)suite.count, sizeof **threads);
    for (int i = 0; i < suite.count && *threads; i++)
        (*threads)[i] = suite.cases[i].threads;
    suite_free(&suite);
    return *threads ? 0 : mla_fail(error, MLA_MACHINE, "no memory for %d teams", *count);
}

int command_roofline(const struct options *options, const struct paths *paths, int count,
                     char **arguments, struct mla_error *error)
{
    int *threads = NULL, teams = 0;
    struct progress progress;
    int code = options->isa ? cpu_limit_isa(options->isa, error) : 0;
    if (!code)
        code = read_teams(options, paths, &threads, &teams, error);
    if (!code && options->out)
        code = make_folder(options->out, error);
    json_t *root = code ? NULL : describe(count, arguments, error);
    if (!code && !root)
        code = MLA_MACHINE;
    interrupt_catch();
    progress_start(&progress, options->quiet, teams);
    if (!code)
        code = roofline_measure(threads, teams, &progress, root, error);
    if (!code && options->out)
        code = write_json(root, options->out, error);
    if (!code && options->json) {
        json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
        putchar('\n');
    } else if (!code) {
        print_table(root);
    }
    json_decref(root);
    free(threads);
    return code;
}
