/* SPDX-License-Identifier: MIT */
#include "harness/case_run.h"
#include "harness/certificate.h"
#include "harness/child.h"
#include "harness/clock.h"

#include <stdio.h>
#include <string.h>

/* Of all checks of one kernel together: they take milliseconds. */
static const double limit_s = 60;

/* What the child is at, and what it found. */
struct examination {
    struct case_run *cr;
    struct contender *contender;
    int next;         /* the check to begin with */
    json_t *outcomes; /* {NAME: {outcome, reason}} */
};

static int examine(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct examination *e = context;
    const struct certificate_subject subject = {
        .inputs = &e->cr->inputs,
        .oracle = &e->cr->oracle,
        .kernel = e->contender->kernel,
        .max_position_embeddings = e->cr->c->model.max_position_embeddings,
    };
    certificate_prepare();
    for (int i = e->next; i < CERTIFICATE_CHECKS; i++) {
        enum certificate_outcome outcome;
        child_send(channel, json_pack("{s:i}", "begun", i));
        int code = certificate_check(&subject, i, &outcome, error);
        if (code)
            return code;
        child_send(channel,
                   json_pack("{s:i, s:s, s:s}", "ended", i, "outcome",
                             certificate_outcome_names[outcome], "reason", error->message));
    }
    error->message[0] = '\0';
    return 0;
}

static void note(struct examination *e, int check, const char *outcome, const char *reason)
{
    json_object_set_new(e->outcomes, certificate_checks[check].name,
                        json_pack("{s:s, s:s}", "outcome", outcome, "reason", reason));
}

static void take_outcome(void *context, const json_t *message)
{
    struct examination *e = context;
    const json_t *ended = json_object_get(message, "ended");
    if (ended)
        note(e, (int)json_integer_value(ended),
             json_string_value(json_object_get(message, "outcome")),
             json_string_value(json_object_get(message, "reason")));
    else
        e->next = (int)json_integer_value(json_object_get(message, "begun"));
}

/* Runs all checks, going on after one in which the kernel crashed or hung. */
static int examine_all(struct examination *e, struct mla_error *error)
{
    while (e->next < CERTIFICATE_CHECKS) {
        enum child_ending ending;
        struct child_job job = {examine, take_outcome, e, limit_s};
        int code = child_run_ending(&job, &ending, error);
        if (code == MLA_INTERRUPTED || code == MLA_MACHINE || code == 0)
            return code;
        note(e, e->next, certificate_outcome_names[CERTIFIED_BROKEN], error->message);
        if (ending == CHILD_HUNG) {
            e->cr->run->hung[e->contender->index] = true;
            return 0;
        }
        e->next++;
    }
    return 0;
}

static int report_broken(const struct examination *e)
{
    int broken = 0;
    for (int i = 0; i < CERTIFICATE_CHECKS; i++) {
        const json_t *found = json_object_get(e->outcomes, certificate_checks[i].name);
        const char *outcome = json_string_value(json_object_get(found, "outcome"));
        if (!outcome || strcmp(outcome, certificate_outcome_names[CERTIFIED_BROKEN]) != 0)
            continue;
        char check[64], reason[640];
        snprintf(check, sizeof check, "certificate:%s", certificate_checks[i].name);
        snprintf(reason, sizeof reason, "%s: %.500s", certificate_checks[i].summary,
                 json_string_value(json_object_get(found, "reason")));
        case_fail(e->cr, e->contender, check, reason);
        broken++;
    }
    return broken;
}

static int certify_one(struct case_run *cr, struct contender *contender, struct mla_error *error)
{
    struct examination e = {.cr = cr, .contender = contender, .outcomes = json_object()};
    progress_step(&cr->run->progress, "certificate of %s", contender->kernel->name);
    int64_t start = clock_ns();
    int code = examine_all(&e, error);
    contender->seconds = 1e-9 * (double)(clock_ns() - start);
    if (code == MLA_MACHINE)
        run_skip(cr->run, cr->c, contender->index, "%s", error->message);
    else if (code == 0 && report_broken(&e) == 0)
        tally_pass(&cr->run->tally, contender->index, cr->name, 0, contender->seconds);
    json_array_append_new(json_object_get(cr->run->result->mlabench, "certificates"),
                          json_pack("{s:s, s:s, s:o}", "case", cr->name, "kernel",
                                    contender->kernel->name, "checks", e.outcomes));
    return code == MLA_INTERRUPTED ? code : 0;
}

int case_certificate(struct case_run *cr, struct mla_error *error)
{
    int code = 0, i = 0;
    for (; i < cr->count && !code && !run_over(cr->run); i++)
        code = certify_one(cr, &cr->contenders[i], error);
    case_leave_rest(cr, i);
    return code;
}
