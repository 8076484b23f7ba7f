/* SPDX-License-Identifier: MIT */
#include "harness/accounting.h"
#include "harness/case_run.h"
#include "harness/child.h"
#include "harness/clock.h"
#include "harness/cpu.h"
#include "harness/measure.h"
#include "harness/verdict_json.h"
#include "harness/verify.h"

#include <math.h>
#include <stdio.h>

/* A child that is still verifying after this, and after twice the time that was thought affordable,
 * hangs. */
static const double least_limit_s = 30;

/* FLOPs of storing all rows and attending once. */
static double all_flops(const struct case_run *cr, const struct mla_kernel *kernel)
{
    struct mla_problem everything = cr->inputs.problem;
    struct account step = account(&everything, &cr->inputs.workload, kernel->order, MLA_LATENT);
    if (kernel->order != MLA_EXPANDED || everything.kind != MLA_LATENT)
        return step.flops;
    double cached = (double)(cr->inputs.workload.rows - cr->inputs.workload.tokens);
    return step.flops + cached * 2.0 * everything.kv_lora_rank *
                            (everything.qk_nope_head_dim + everything.v_head_dim) *
                            everything.heads;
}

static int verify(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct case_run *cr = context;
    struct verdict verdict;
    char pinning[CPU_PINNING_MAX];
    cpu_pin_team(cr->c->threads, pinning);
    int code = verify_kernel(&cr->inputs, &cr->oracle, cr->group[0]->kernel, cr->c->threads,
                             cr->run->timing ? 1 : VERIFY_PASSES, &verdict, error);
    if (!code)
        child_send(channel, verdict_json(&verdict));
    return code;
}

static void take_verdict(void *context, const json_t *message)
{
    struct case_run *cr = context;
    json_decref(cr->group[0]->verdict);
    cr->group[0]->verdict = json_deep_copy(message);
}

/* Infinite where it was: JSON has null for that. */
static double figure(const json_t *verdict, const char *key)
{
    const json_t *value = json_object_get(json_object_get(verdict, "error"), key);
    return json_is_number(value) ? json_number_value(value) : INFINITY;
}

double contender_error(const struct contender *contender)
{
    return fmax(figure(contender->verdict, "ratio"), figure(contender->verdict, "lse_ratio")) /
           VERIFY_LIMIT;
}

/* False, with the reason noted, when the kernel would take too long or too much memory. */
static bool affordable(struct case_run *cr, const struct contender *contender, uint64_t available)
{
    double limit = cr->run->suite->kernel_time_limit_s * VERIFY_PATIENCE;
    double seconds =
        1e-9 * cr->run->paces[contender->index].ns_per_flop * all_flops(cr, contender->kernel);
    uint64_t bytes = measure_bytes(&cr->inputs, contender->kernel);
    if (bytes > available) {
        run_skip(cr->run, cr->c, contender->index,
                 "needs %.1f GiB beside the inputs, %.1f GiB are available",
                 (double)bytes / (1 << 30), (double)available / (1 << 30));
        return false;
    }
    /* Where only verification is asked for, an estimate on a busy machine is no reason to leave it.
     */
    if (cr->run->timing && seconds > limit) {
        run_skip(cr->run, cr->c, contender->index,
                 "would take about %.0f s to fill and verify, the limit is %.0f s (10 "
                 "kernel_time_limit_s)",
                 seconds, limit);
        return false;
    }
    return true;
}

static void note_ratio(const struct case_run *cr, const struct contender *contender)
{
    json_t *all = json_object_get(cr->run->result->mlabench, "ratios");
    json_t *own = json_object_get(all, contender->kernel->name);
    if (!own) {
        own = json_array();
        json_object_set_new(all, contender->kernel->name, own);
    }
    json_array_append_new(own, json_real(contender_error(contender)));
}

/* Which check a failure belongs to. */
static const char *check_of(const struct case_run *cr, const struct contender *contender, int code,
                            enum child_ending ending)
{
    static const char *const names[] = {
        [FAULT_CACHE] = "cache", [FAULT_STATUS] = "status", [FAULT_MARGIN] = "bounds"};
    if (code)
        return child_ending_check(ending);
    json_int_t fault = json_integer_value(json_object_get(contender->verdict, "fault"));
    return fault == FAULT_ERROR ? case_check(cr->c) : names[fault];
}

static int verify_one(struct case_run *cr, struct contender *contender, struct mla_error *error)
{
    double limit = fmax(least_limit_s, cr->run->suite->kernel_time_limit_s * VERIFY_PATIENCE * 2);
    struct child_job job = {verify, take_verdict, cr, limit};
    progress_step(&cr->run->progress, "verifying %s", contender->kernel->name);
    cr->group[0] = contender;
    int64_t start = clock_ns();
    enum child_ending ending;
    int code = child_run_ending(&job, &ending, error);
    if (code == MLA_INTERRUPTED)
        return code;
    struct pace *pace = &cr->run->paces[contender->index];
    double flops = all_flops(cr, contender->kernel);
    int64_t took = clock_ns() - start;
    contender->seconds = 1e-9 * (double)took;
    /* A short case is all start-up, and would make a slow kernel of any. */
    if (took > 200000000 && flops >= pace->flops)
        *pace = (struct pace){flops, (double)took / flops};
    const char *reason = json_string_value(json_object_get(contender->verdict, "reason"));
    contender->passed = code == 0 && json_is_true(json_object_get(contender->verdict, "passed"));
    if (contender->passed)
        note_ratio(cr, contender);
    if (contender->passed)
        tally_pass(&cr->run->tally, contender->index, cr->name, contender_error(contender),
                   contender->seconds);
    else if (code == MLA_MACHINE)
        run_skip(cr->run, cr->c, contender->index, "%s", error->message);
    else
        case_fail(cr, contender, check_of(cr, contender, code, ending),
                  code ? error->message : reason);
    cr->run->hung[contender->index] |= ending == CHILD_HUNG;
    return 0;
}

int case_verify(struct case_run *cr, uint64_t available, struct mla_error *error)
{
    int code = 0, i = 0;
    for (; i < cr->count && !code && !run_over(cr->run); i++)
        if (affordable(cr, &cr->contenders[i], available))
            code = verify_one(cr, &cr->contenders[i], error);
    case_leave_rest(cr, i);
    return code;
}
