/* SPDX-License-Identifier: MIT */
#include "harness/gate_run.h"

#include "harness/clock.h"
#include "harness/cpu.h"
#include "harness/problem.h"

#include <stdio.h>
#include <stdlib.h>

/* That make a change. */
enum { ALARMS = 2 };

static bool supported(const struct mla_kernel *kernel, const struct bench_case *c)
{
    struct mla_problem problem = {0};
    const char *why = "";
    model_problem(&c->model, c->format, &problem);
    problem.page_size = c->page_size;
    return kernel && cpu_has_isa(kernel->isa) &&
           kernel->supports(&problem, c->top_k > 0, c->sinks, &why);
}

static int list_comparisons(struct gate_run *run, struct mla_error *error)
{
    const struct catalogue *head = &run->libraries->head, *base = &run->libraries->base;
    size_t most = (size_t)run->suite->count * (size_t)head->count;
    run->comparisons = calloc(most + 1, sizeof *run->comparisons);
    if (!run->comparisons)
        return mla_fail(error, MLA_MACHINE, "no memory for %zu comparisons", most);
    for (int i = 0; i < run->suite->count; i++) {
        const struct bench_case *c = &run->suite->cases[i];
        if (c->about != ABOUT_KERNEL || c->threads > cpu_count())
            continue;
        for (int k = 0; k < head->count; k++) {
            const char *name = head->names[k];
            if (!case_wants(c, name) || !supported(head->kernels[k], c) ||
                !supported(catalogue_find(base, name), c))
                continue;
            struct gate_comparison *one = &run->comparisons[run->count++];
            *one = (struct gate_comparison){
                .suite_case = i, .processes = run->processes, .verdict = GATE_UNRESOLVED};
            case_name(c, one->case_name);
            snprintf(one->kernel, sizeof one->kernel, "%s", name);
        }
    }
    if (run->count > 0)
        return 0;
    return mla_fail(error, MLA_BAD_INPUT,
                    "suite %s: no case has a kernel that both builds have and that runs here",
                    run->suite->name);
}

bool gate_timed(const struct gate_comparison *comparison)
{
    return comparison->base.passed && comparison->head.passed;
}

/* A stage asks some of the comparisons, in turns. */
struct turn {
    int stage;
    bool suspects; /* those that have alarmed before, or all others */
};

static bool takes_part(const struct gate_comparison *one, const struct turn *turn)
{
    bool suspect = one->alarms[0] + one->alarms[1] > 0;
    if (suspect != turn->suspects)
        return false;
    return turn->stage == 0 || (gate_timed(one) && one->verdict == GATE_UNRESOLVED);
}

static bool out_of_time(const struct gate_run *run, const struct turn *turn)
{
    return turn->stage > 0 && clock_ns() >= run->end_ns;
}

static int run_comparison(struct gate_run *run, const struct gate_case *gc,
                          struct gate_comparison *one, int stage, struct mla_error *error)
{
    int code = 0;
    progress_step(&run->progress, "%s", one->kernel);
    if (stage == 0)
        code = gate_case_check(gc, one, error);
    if (!code && gate_timed(one))
        code = gate_case_time(gc, one, one->processes, run->rounds, error);
    return code;
}

/* A case's comparisons in one stage. */
static int run_case(struct gate_run *run, int suite_case, const struct turn *turn,
                    struct mla_error *error)
{
    struct gate_case gc = {.c = &run->suite->cases[suite_case],
                           .libraries = run->libraries,
                           .repetition_ms = run->suite->repetition_ms,
                           .seed = run->seed};
    int first = 0, end, code = 0;
    while (first < run->count && (run->comparisons[first].suite_case != suite_case ||
                                  !takes_part(&run->comparisons[first], turn)))
        first++;
    for (end = first; end < run->count && run->comparisons[end].suite_case == suite_case;)
        end++;
    if (first == end || out_of_time(run, turn))
        return 0;
    char what[CASE_NAME_MAX + 32] = "";
    snprintf(what, sizeof what, "%s%s", turn->stage > 0 ? "again: " : "",
             run->comparisons[first].case_name);
    progress_case(&run->progress, suite_case, what);
    code = gate_case_open(&gc, error);
    for (int i = first; i < end && !code; i++)
        if (takes_part(&run->comparisons[i], turn) && !out_of_time(run, turn))
            code = run_comparison(run, &gc, &run->comparisons[i], turn->stage, error);
    gate_case_close(&gc);
    return code;
}

static int run_stage(struct gate_run *run, int stage, struct mla_error *error)
{
    int code = 0;
    progress_start(&run->progress, run->quiet, run->suite->count);
    for (int suspects = 1; suspects >= 0 && !code; suspects--) {
        struct turn turn = {stage, suspects};
        for (int i = 0; i < run->suite->count && !code; i++)
            code = run_case(run, i, &turn, error);
    }
    return code;
}

/* What alarmed is asked again as it was, what is in doubt more thoroughly. */
static void settle(struct gate_comparison *one)
{
    enum gate_verdict now = one->finding.verdict;
    bool alarm = now == GATE_SLOWER || now == GATE_FASTER;
    if (now == GATE_UNRESOLVED)
        one->processes *= 2;
    if (alarm && ++one->alarms[now == GATE_FASTER] < ALARMS)
        now = GATE_UNRESOLVED;
    one->verdict = now;
}

/* Judges those that took part in a stage, together. */
static int judge(struct gate_run *run, int stage, struct mla_error *error)
{
    struct gate_series *series = calloc((size_t)run->count, sizeof *series);
    struct gate_finding *findings = calloc((size_t)run->count, sizeof *findings);
    int count = 0;
    if (!series || !findings) {
        free(series);
        free(findings);
        return mla_fail(error, MLA_MACHINE, "no memory for %d comparisons", run->count);
    }
    for (int i = 0; i < run->count; i++)
        if (run->comparisons[i].stages == stage + 1)
            series[count++] = run->comparisons[i].series;
    gate_judge(&run->rule, series, count, run->seed, findings);
    count = 0;
    for (int i = 0; i < run->count; i++) {
        struct gate_comparison *one = &run->comparisons[i];
        if (one->stages != stage + 1)
            continue;
        one->finding = findings[count++];
        settle(one);
    }
    free(series);
    free(findings);
    return 0;
}

int gate_run(struct gate_run *run, struct mla_error *error)
{
    int code = list_comparisons(run, error);
    run->end_ns = clock_ns() + (int64_t)(60e9 * run->minutes);
    for (int stage = 0; stage < GATE_STAGES && !code; stage++) {
        code = run_stage(run, stage, error);
        if (!code)
            code = judge(run, stage, error);
        progress_clear(&run->progress);
    }
    for (int i = 0; i < run->count && !code; i++) {
        struct gate_comparison *one = &run->comparisons[i];
        one->cut = gate_timed(one) && one->verdict == GATE_UNRESOLVED && one->stages < GATE_STAGES;
        run->cut += one->cut;
    }
    return code;
}

void gate_run_free(struct gate_run *run)
{
    for (int i = 0; i < run->count; i++)
        gate_series_free(&run->comparisons[i].series);
    free(run->comparisons);
    run->comparisons = NULL;
    run->count = 0;
}
