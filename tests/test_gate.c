/* SPDX-License-Identifier: MIT */
#include "harness/gate.h"
#include "harness/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { PROCESSES = 8, ROUNDS = 8, MOST = 30 };

static const struct gate_rule rule = {.limit = 0.03, .sure = 0.95};

/* Rounds whose logarithms are normal around `change` (`control`), with a spread of their own and
 * one that a process's rounds share. */
struct made {
    double change, control, spread, process_spread;
};

static float normal(uint64_t i)
{
    float x;
    random_normal(11, RANDOM_TARGETS, i, 1, 1, &x);
    return x;
}

static void make(struct gate_series *series, struct made made, uint64_t which)
{
    struct mla_error error;
    cr_assert(gate_series_create(series, PROCESSES, ROUNDS, &error) == 0);
    uint64_t i = which * 1000;
    for (int32_t p = 0; p < PROCESSES; p++) {
        double shared = made.process_spread * normal(i++);
        for (int r = 0; r < ROUNDS; r++) {
            series->head[series->n] = made.change + shared + made.spread * normal(i++);
            series->control[series->n] = made.control + made.spread * normal(i++);
            series->process[series->n++] = p;
        }
    }
}

static struct gate_finding judged(struct made made)
{
    struct gate_series series = {.n = 0};
    struct gate_finding finding;
    make(&series, made, 0);
    gate_judge(&rule, &series, 1, 1, &finding);
    gate_series_free(&series);
    return finding;
}

static void expect(struct made made, enum gate_verdict verdict)
{
    struct gate_finding f = judged(made);
    cr_assert(f.verdict == verdict, "%s: %g, %g to %g, %g to %g, p %g, %s",
              gate_verdict_names[f.verdict], f.head.median, f.head.low, f.head.high, f.low, f.high,
              f.p, f.why ? f.why : "");
    cr_assert((f.why != NULL) == (verdict == GATE_UNRESOLVED));
}

Test(gate, sure_changes_alarm)
{
    expect((struct made){.change = 0.03, .spread = 0.005, .process_spread = 0.003}, GATE_SLOWER);
    expect((struct made){.change = -0.03, .spread = 0.005, .process_spread = 0.003}, GATE_FASTER);
    expect((struct made){.change = 0.1, .spread = 0.05}, GATE_SLOWER);
}

Test(gate, what_is_surely_small_is_equal)
{
    expect((struct made){.spread = 0.005, .process_spread = 0.003}, GATE_EQUAL);
    expect((struct made){.change = 0.012, .spread = 0.003}, GATE_EQUAL); /* sure, but small */
}

Test(gate, doubt_is_said)
{
    expect((struct made){.spread = 0.3}, GATE_UNRESOLVED);
    expect((struct made){.change = 0.03, .spread = 0.3}, GATE_UNRESOLVED);
    /* The rounds are sure, the processes disagree. */
    expect((struct made){.change = 0.02, .spread = 0.001, .process_spread = 0.1}, GATE_UNRESOLVED);
}

Test(gate, nothing_is_concluded_where_the_same_differs)
{
    struct gate_finding f = judged((struct made){.change = 0.04, .control = 0.03, .spread = 0.005});
    cr_assert(f.verdict == GATE_UNRESOLVED && f.why, "%s", gate_verdict_names[f.verdict]);
    cr_assert_str_eq(f.why, "the same code differs from itself");
    expect((struct made){.control = 0.012, .spread = 0.002}, GATE_UNRESOLVED);
    expect((struct made){.change = 0.5, .control = 0.012, .spread = 0.002}, GATE_SLOWER);
}

Test(gate, nothing_measured)
{
    struct gate_series none = {.n = 0};
    struct gate_finding f;
    gate_judge(&rule, &none, 1, 1, &f);
    cr_assert(f.verdict == GATE_UNRESOLVED);
    cr_assert_str_eq(f.why, "nothing was measured");
    gate_judge(&rule, NULL, 0, 1, NULL);
}

/* A p that would alarm alone does not among many. */
Test(gate, many_questions_need_more)
{
    struct gate_series series[MOST] = {{.n = 0}};
    struct gate_finding findings[MOST];
    for (int i = 0; i < MOST; i++) {
        make(&series[i], (struct made){.spread = 0.05}, (uint64_t)i + 1);
        int slower = i == 7 ? 42 : 32; /* of 64: p = 0.017 */
        for (int r = 0; r < series[i].n; r++)
            series[i].head[r] = (r * 37 % 64 < slower ? 1 : -1) * 0.05;
    }
    gate_judge(&rule, &series[7], 1, 1, &findings[7]);
    cr_assert(findings[7].p < 0.05 && findings[7].verdict == GATE_SLOWER, "%g", findings[7].p);
    gate_judge(&rule, series, MOST, 1, findings);
    cr_assert(findings[7].p > 0.05 && findings[7].verdict == GATE_UNRESOLVED, "%g", findings[7].p);
    for (int i = 0; i < MOST; i++)
        gate_series_free(&series[i]);
}
