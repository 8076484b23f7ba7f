/* SPDX-License-Identifier: MIT
 *
 * `mlabench gate`. */
#include "harness/commands.h"
#include "harness/cpu.h"
#include "harness/gate_report.h"
#include "harness/gate_tally.h"
#include "harness/interrupt.h"
#include "harness/junit.h"
#include "harness/result.h"

#include <stdio.h>

enum { PROCESSES = 8, ROUNDS = 8 };
static const double default_limit = 0.03, default_minutes = 10, sure = 0.95;

static int read_suite(const struct options *options, const struct paths *paths, struct suite *suite,
                      struct mla_error *error)
{
    int code = options->isa ? cpu_limit_isa(options->isa, error) : 0;
    if (!code)
        code = suite_read(paths->configs, options->suite ? options->suite : "quick", cpu_count(),
                          suite, error);
    for (int i = 0; i < suite->count && options->by_hand.kernels && !code; i++)
        code = case_narrow(&suite->cases[i], options->by_hand.kernels, error);
    return code;
}

static int conclude(const struct gate_counts *counts, struct mla_error *error)
{
    int regressions = counts->verdicts[GATE_SLOWER] + counts->cache + counts->error;
    if (counts->broken)
        return mla_fail(error, MLA_FAILED, "%d of %d kernels no longer pass verification",
                        counts->broken, counts->comparisons);
    if (regressions)
        return mla_fail(error, MLA_REGRESSION, "%d regressions in %d comparisons", regressions,
                        counts->comparisons);
    return 0;
}

static void print(const struct gate_run *run, bool as_json)
{
    if (!as_json) {
        gate_print(run);
        return;
    }
    json_t *all = gate_json(run);
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

/* With what is known of machine, build and command line. */
static int write_junit(const struct gate_run *run, const char *path, int count, char **arguments,
                       struct mla_error *error)
{
    const struct catalogue *head = &run->libraries->head;
    struct result result = {.path = ""};
    struct tally tally = {.count = 0};
    int code = result_create(&result, NULL, count, arguments, error);
    if (!code)
        code = tally_create(&tally, head, error);
    if (!code) {
        tally.keeps_outcomes = true;
        gate_tally(run, &tally);
        json_object_set_new(result.mlabench, "suite", json_string(run->suite->name));
        json_object_set_new(result.mlabench, "seed", json_integer((json_int_t)run->seed));
        code = junit_write(path, "mlabench gate", &tally, head, result.context, error);
    }
    tally_destroy(&tally);
    result_destroy(&result);
    return code;
}

static int run_gate(struct gate_run *run, const struct options *options, int count,
                    char **arguments, struct mla_error *error)
{
    int code = options->junit ? junit_check(options->junit, error) : 0;
    if (!code)
        code = gate_run(run, error);
    if (code)
        return code;
    struct gate_counts counts = gate_count(run);
    print(run, options->json);
    if (options->junit)
        code = write_junit(run, options->junit, count, arguments, error);
    return code ? code : conclude(&counts, error);
}

int command_gate(const struct options *options, const struct paths *paths, int count,
                 char **arguments, struct mla_error *error)
{
    struct suite suite = {.count = 0};
    struct gate_libraries libraries = {.folder = ""};
    if (!options->base || !options->head)
        return mla_fail(error, MLA_BAD_INPUT,
                        "gate needs --base and --head, two builds' libmlakernels.so: "
                        "make check BASE=REVISION builds both");
    struct gate_run run = {
        .suite = &suite,
        .libraries = &libraries,
        .rule = {options->limit_pct > 0 ? options->limit_pct / 100 : default_limit, sure},
        .processes = PROCESSES,
        .rounds = ROUNDS,
        .minutes = options->minutes > 0 ? options->minutes : default_minutes,
        .seed = options->seed,
        .quiet = options->quiet};
    int code = read_suite(options, paths, &suite, error);
    interrupt_catch();
    if (!code)
        code = gate_libraries_open(&libraries, options->base, options->head, error);
    if (!code)
        code = suite_check_kernels(&suite, libraries.head.names, libraries.head.count, error);
    if (!code)
        code = run_gate(&run, options, count, arguments, error);
    gate_run_free(&run);
    gate_libraries_close(&libraries);
    suite_free(&suite);
    return code;
}
