/* SPDX-License-Identifier: MIT */
#include "harness/gate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { DRAWS = 1000 };

const char *const gate_verdict_names[] = {
    [GATE_EQUAL] = "equal",
    [GATE_FASTER] = "faster",
    [GATE_SLOWER] = "slower",
    [GATE_UNRESOLVED] = "unresolved",
};

int gate_series_create(struct gate_series *series, int32_t processes, int rounds,
                       struct mla_error *error)
{
    size_t n = (size_t)processes * (size_t)rounds;
    *series = (struct gate_series){.head = calloc(n, sizeof(double)),
                                   .control = calloc(n, sizeof(double)),
                                   .process = calloc(n, sizeof(int32_t)),
                                   .processes = processes};
    return series->head && series->control && series->process
               ? 0
               : mla_fail(error, MLA_MACHINE, "no memory for %zu rounds", n);
}

void gate_series_free(struct gate_series *series)
{
    free(series->head);
    free(series->control);
    free(series->process);
    *series = (struct gate_series){0};
}

static bool within(double low, double high, double limit)
{
    return low > -limit && high < limit;
}

/* control_p is corrected. A control that moved by little takes nothing from a change of much. */
static void conclude(const struct gate_rule *rule, double control_p, struct gate_finding *f)
{
    double noticed = rule->limit / 2, alarm = 1 - rule->sure;
    double control_limit = fmax(noticed, fabs(f->head.median)) / 2;
    bool same_side = f->head.median > 0 ? f->low > 0 : f->high < 0;
    f->verdict = GATE_UNRESOLVED;
    f->why = NULL;
    if (f->head.n == 0 || isnan(f->head.median))
        f->why = "nothing was measured";
    else if (control_p <= alarm && fabs(f->control.median) > control_limit)
        f->why = "the same code differs from itself";
    else if (f->p <= alarm && same_side && fabs(f->head.median) > noticed)
        f->verdict = f->head.median > 0 ? GATE_SLOWER : GATE_FASTER;
    else if (within(f->head.low, f->head.high, rule->limit) && within(f->low, f->high, rule->limit))
        f->verdict = GATE_EQUAL;
    else
        f->why = isinf(f->head.low) ? "too few rounds" : "the rounds differ too much";
}

void gate_judge(const struct gate_rule *rule, const struct gate_series *series, int count,
                uint64_t seed, struct gate_finding *findings)
{
    double *p = calloc(2 * (size_t)count + 1, sizeof *p);
    for (int i = 0; i < count; i++) {
        const struct gate_series *s = &series[i];
        struct gate_finding *f = &findings[i];
        f->head = paired_signs(s->head, s->n, rule->sure);
        f->control = paired_signs(s->control, s->n, rule->sure);
        paired_bootstrap(s->head, s->process, s->n, s->processes, rule->sure, DRAWS,
                         seed + (uint64_t)i, &f->low, &f->high);
        if (p) {
            p[i] = f->head.p;
            p[count + i] = f->control.p;
        }
    }
    if (p) {
        holm(p, count);
        holm(p + count, count);
    }
    for (int i = 0; i < count; i++) {
        findings[i].p = p ? p[i] : 1; /* no memory: nothing is certain */
        conclude(rule, p ? p[count + i] : 0, &findings[i]);
    }
    free(p);
}
