/* SPDX-License-Identifier: MIT
 *
 * `mlabench gate`. */
#include "harness/commands.h"
#include "harness/cpu.h"
#include "harness/gate_report.h"
#include "harness/interrupt.h"

#include <stdio.h>

enum { PROCESSES = 8, ROUNDS = 8 };
static const double default_limit = 0.03, sure = 0.95;

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

static int run_gate(struct gate_run *run, const struct options *options, struct mla_error *error)
{
    int code = gate_run(run, error);
    if (code)
        return code;
    struct gate_counts counts = gate_count(run);
    if (options->json) {
        json_t *all = gate_json(run);
        json_dumpf(all, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(all);
    } else {
        gate_print(run);
    }
    return conclude(&counts, error);
}

int command_gate(const struct options *options, const struct paths *paths, int count,
                 char **arguments, struct mla_error *error)
{
    struct suite suite = {.count = 0};
    struct gate_libraries libraries = {.folder = ""};
    (void)count;
    (void)arguments;
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
        .seed = options->seed,
        .quiet = options->quiet};
    int code = read_suite(options, paths, &suite, error);
    interrupt_catch();
    if (!code)
        code = gate_libraries_open(&libraries, options->base, options->head, error);
    if (!code)
        code = suite_check_kernels(&suite, libraries.head.names, libraries.head.count, error);
    if (!code)
        code = run_gate(&run, options, error);
    gate_run_free(&run);
    gate_libraries_close(&libraries);
    suite_free(&suite);
    return code;
}
