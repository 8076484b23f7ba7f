/* SPDX-License-Identifier: MIT */
#include "harness/gate_case.h"

#include "harness/child.h"
#include "harness/cpu.h"
#include "harness/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* As in harness/case_run.c. */
static const double oracle_budget = 2e6;

static const double child_limit_s = 300;

static int prepare(void *context, struct child_channel *channel, struct mla_error *error)
{
    struct gate_case *gc = context;
    char pinning[CPU_PINNING_MAX];
    int threads = cpu_count();
    (void)channel;
    cpu_pin_team(threads, pinning);
    inputs_fill(&gc->inputs, threads);
    return oracle_compute(&gc->oracle, &gc->inputs, threads, error);
}

int gate_case_open(struct gate_case *gc, struct mla_error *error)
{
    struct child_job job = {prepare, NULL, gc, child_limit_s};
    int code = inputs_create(gc->c, gc->seed, &gc->inputs, error);
    if (!code)
        code = oracle_create(&gc->inputs, oracle_budget, &gc->oracle, error);
    return code ? code : child_run(&job, error);
}

void gate_case_close(struct gate_case *gc)
{
    oracle_destroy(&gc->oracle);
    inputs_destroy(&gc->inputs);
}

struct checking {
    const struct gate_case *gc;
    const struct mla_kernel *kernel;
    struct gate_check *check;
};

static int verify(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct checking *checking = context;
    const struct gate_case *gc = checking->gc;
    char pinning[CPU_PINNING_MAX];
    struct verdict verdict;
    cpu_pin_team(gc->c->threads, pinning);
    int code = verify_kernel(&gc->inputs, &gc->oracle, checking->kernel, gc->c->threads, 1,
                             &verdict, error);
    if (!code)
        child_send(channel,
                   json_pack("{s:b, s:o?, s:I, s:s}", "passed", verdict.passed, "error",
                             json_real(fmax(verdict.ratio, verdict.lse_ratio) /
                                       VERIFY_LIMIT), /* NULL if it is not finite */
                             "bytes", (json_int_t)verdict.allocated, "reason", verdict.reason));
    return code;
}

static void take_check(void *context, const json_t *message)
{
    struct gate_check *check = ((struct checking *)context)->check;
    const json_t *error = json_object_get(message, "error");
    const char *reason = json_string_value(json_object_get(message, "reason"));
    check->passed = json_is_true(json_object_get(message, "passed"));
    check->error = json_is_number(error) ? json_number_value(error) : INFINITY;
    check->cache_bytes = json_integer_value(json_object_get(message, "bytes"));
    snprintf(check->reason, sizeof check->reason, "%s", reason ? reason : "");
}

static int check_one(const struct gate_case *gc, const struct catalogue *catalogue,
                     const char *name, struct gate_check *check, struct mla_error *error)
{
    struct checking checking = {gc, catalogue_find(catalogue, name), check};
    struct child_job job = {verify, take_check, &checking, child_limit_s};
    int code = child_run(&job, error);
    if (code != MLA_FAILED)
        return code;
    check->passed = false;
    snprintf(check->reason, sizeof check->reason, "%.250s", error->message);
    return 0;
}

int gate_case_check(const struct gate_case *gc, struct gate_comparison *comparison,
                    struct mla_error *error)
{
    int code = check_one(gc, &gc->libraries->base, comparison->kernel, &comparison->base, error);
    if (!code)
        code = check_one(gc, &gc->libraries->head, comparison->kernel, &comparison->head, error);
    return code;
}

struct timing {
    const struct gate_case *gc;
    struct gate_comparison *comparison;
    int32_t process;
    int rounds;
};

static void send_round(void *context, const struct duel_round *round)
{
    double base = round->ns[DUEL_BASE];
    child_send(context,
               json_pack("{s:f, s:f, s:f, s:I}", "head", log(round->ns[DUEL_HEAD] / base),
                         "control", log(round->ns[DUEL_CONTROL] / base), "steal_ms",
                         round->steal_ms, "switches", (json_int_t)round->involuntary_switches));
}

/* No two processes of a case draw the same. */
static uint64_t seed_of(const struct timing *timing)
{
    const struct gate_comparison *comparison = timing->comparison;
    return timing->gc->seed + ((uint64_t)comparison->stages << 48) +
           ((uint64_t)comparison->suite_case << 32) + (uint64_t)timing->process;
}

static int time_process(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct timing *timing = context;
    const struct gate_case *gc = timing->gc;
    const struct gate_comparison *comparison = timing->comparison;
    struct duel d = {.kernel = comparison->kernel,
                     .inputs = &gc->inputs,
                     .threads = gc->c->threads,
                     .rounds = timing->rounds,
                     .repetition_ms = gc->repetition_ms,
                     .seed = seed_of(timing)};
    for (int arm = 0; arm < DUEL_ARMS; arm++)
        d.paths[arm] = gc->libraries->copies[arm];
    return duel(&d, send_round, channel, error);
}

static void take_round(void *context, const json_t *message)
{
    struct timing *timing = context;
    struct gate_comparison *comparison = timing->comparison;
    struct gate_series *s = &comparison->series;
    s->head[s->n] = json_number_value(json_object_get(message, "head"));
    s->control[s->n] = json_number_value(json_object_get(message, "control"));
    s->process[s->n++] = timing->process;
    comparison->steal_ms += json_number_value(json_object_get(message, "steal_ms"));
    comparison->involuntary_switches += json_integer_value(json_object_get(message, "switches"));
}

int gate_case_time(const struct gate_case *gc, struct gate_comparison *comparison,
                   int32_t processes, int rounds, struct mla_error *error)
{
    struct timing timing = {.gc = gc, .comparison = comparison, .rounds = rounds};
    gate_series_free(&comparison->series);
    int code = gate_series_create(&comparison->series, processes, rounds, error);
    for (; timing.process < processes && !code; timing.process++) {
        struct child_job job = {time_process, take_round, &timing, child_limit_s};
        code = gate_libraries_copy(gc->libraries, seed_of(&timing), error);
        if (!code)
            code = child_run(&job, error);
    }
    comparison->stages++;
    return code;
}
