/* SPDX-License-Identifier: MIT */
#include "harness/case_run.h"
#include "harness/child.h"
#include "harness/clock.h"
#include "harness/cpu.h"
#include "harness/layer_verify.h"
#include "harness/units.h"

#include <stdio.h>
#include <string.h>

/* Far beyond what any layer of the suites takes: a child that is still at it hangs. */
static const double limit_s = 600;

static int verify(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct case_run *cr = context;
    struct layer_verdict verdict;
    char pinning[CPU_PINNING_MAX];
    cpu_pin_team(cr->c->threads, pinning);
    int code = layer_verify(&cr->c->model, cr->run->given, cr->group[0]->kernel, cr->c->cached,
                            cr->c->new_tokens, cr->run->seed + cr->c->seed_offset, cr->c->threads,
                            &verdict, error);
    if (!code)
        child_send(channel, layer_verdict_json(&verdict));
    return code;
}

static void take_verdict(void *context, const json_t *message)
{
    struct case_run *cr = context;
    json_decref(cr->group[0]->verdict);
    cr->group[0]->verdict = json_deep_copy(message);
}

/* The stage nearest to its limit; infinite, as null, counts as failed anyway. */
static double worst_ratio(const json_t *verdict)
{
    double worst = 0;
    const char *name;
    json_t *stage;
    json_object_foreach(json_object_get(verdict, "stages"), name, stage)
    {
        double ratio = json_number_value(json_object_get(stage, "ratio")) /
                       json_number_value(json_object_get(stage, "limit"));
        if (ratio > worst)
            worst = ratio;
    }
    return worst;
}

/* Null stands for what is not finite. */
static struct text figure(const json_t *figures, const char *key)
{
    const json_t *value = json_object_get(figures, key);
    struct text text = {"(not finite)"};
    return json_is_number(value) ? unit_number(json_number_value(value), 3) : text;
}

/* What somebody else's outputs are off by, theirs or ours. */
static void print_expected(const struct case_run *cr, const struct contender *contender)
{
    const json_t *e = json_object_get(contender->verdict, "expected");
    if (!e || cr->run->json)
        return;
    progress_clear(&cr->run->progress);
    printf("%s %s: y against what is expected, %lld tokens: %s of RMS, %s at most; the reference: "
           "%s, %s; limit %g\n",
           cr->name, contender->kernel->name,
           (long long)json_integer_value(json_object_get(e, "tokens")), figure(e, "rms_rel").s,
           figure(e, "max_abs").s, figure(e, "reference_rms_rel").s,
           figure(e, "reference_max_abs").s, json_number_value(json_object_get(e, "limit")));
    fflush(stdout);
}

static int verify_one(struct case_run *cr, struct contender *contender, struct mla_error *error)
{
    struct child_job job = {verify, take_verdict, cr, limit_s};
    progress_step(&cr->run->progress, "layer around %s", contender->kernel->name);
    cr->group[0] = contender;
    enum child_ending ending;
    int64_t start = clock_ns();
    int code = child_run_ending(&job, &ending, error);
    contender->seconds = 1e-9 * (double)(clock_ns() - start);
    if (code == MLA_INTERRUPTED)
        return code;
    print_expected(cr, contender);
    contender->passed = code == 0 && json_is_true(json_object_get(contender->verdict, "passed"));
    if (contender->passed) {
        char name[CASE_NAME_MAX + 64];
        snprintf(name, sizeof name, "%s/%s", cr->name, contender->kernel->name);
        json_t *entry = json_deep_copy(contender->verdict);
        json_object_set_new(entry, "name", json_string(name));
        json_array_append_new(json_object_get(cr->run->result->mlabench, "layers"), entry);
        tally_pass(&cr->run->tally, contender->index, cr->name, worst_ratio(contender->verdict),
                   contender->seconds);
    } else if (code == MLA_MACHINE) {
        run_skip(cr->run, cr->c, contender->index, "%s", error->message);
    } else {
        const char *reason = json_string_value(json_object_get(contender->verdict, "reason"));
        const char *stage = json_string_value(json_object_get(contender->verdict, "failed"));
        char check[64];
        snprintf(check, sizeof check, "layer:%s", stage ? stage : "y");
        case_fail(cr, contender, code ? child_ending_check(ending) : check,
                  code ? error->message : reason);
        cr->run->hung[contender->index] |= ending == CHILD_HUNG;
    }
    return 0;
}

int case_layer(struct case_run *cr, struct mla_error *error)
{
    int code = 0, i = 0;
    for (; i < cr->count && !code && !run_over(cr->run); i++)
        code = verify_one(cr, &cr->contenders[i], error);
    case_leave_rest(cr, i);
    return code;
}
