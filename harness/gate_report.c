/* SPDX-License-Identifier: MIT */
#include "harness/gate_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What of the limit the error may grow by and still be the same error: other sums in another order
 * differ by less. A cache must not grow at all. */
static const double error_growth = 0.05;

bool gate_cache_grew(const struct gate_comparison *one)
{
    return gate_timed(one) && one->head.cache_bytes > one->base.cache_bytes;
}

bool gate_error_grew(const struct gate_comparison *one)
{
    return gate_timed(one) && one->head.error > one->base.error + error_growth;
}

bool gate_broken(const struct gate_comparison *one)
{
    return one->base.passed && !one->head.passed;
}

struct gate_counts gate_count(const struct gate_run *run)
{
    struct gate_counts counts = {.comparisons = run->count};
    for (int i = 0; i < run->count; i++) {
        const struct gate_comparison *one = &run->comparisons[i];
        if (gate_timed(one))
            counts.verdicts[one->verdict]++;
        counts.cache += gate_cache_grew(one);
        counts.error += gate_error_grew(one);
        counts.broken += gate_broken(one);
        counts.wrong_before += !one->base.passed;
    }
    return counts;
}

double gate_percent(double log_ratio)
{
    return 100 * expm1(log_ratio);
}

static const char *verdict_of(const struct gate_comparison *one)
{
    if (gate_broken(one))
        return "BROKEN";
    if (!one->base.passed)
        return "not compared";
    return one->verdict == GATE_SLOWER ? "SLOWER" : gate_verdict_names[one->verdict];
}

const char *gate_reason(const struct gate_comparison *one)
{
    if (gate_broken(one))
        return one->head.reason;
    if (!one->base.passed)
        return one->base.reason;
    if (one->verdict != GATE_UNRESOLVED)
        return "";
    if (one->finding.why)
        return one->finding.why;
    return one->cut ? "it alarmed, and there was no time to ask again"
                    : "it alarmed once, and not again";
}

/* The longest names, so that columns fit. */
static void widths(const struct gate_run *run, int *cases, int *kernels)
{
    *cases = *kernels = 0;
    for (int i = 0; i < run->count; i++) {
        int one = (int)strlen(run->comparisons[i].case_name);
        int kernel = (int)strlen(run->comparisons[i].kernel);
        *cases = one > *cases ? one : *cases;
        *kernels = kernel > *kernels ? kernel : *kernels;
    }
}

static void print_one(const struct gate_comparison *one, int cases, int kernels)
{
    const struct gate_finding *f = &one->finding;
    printf("%-*s %-*s ", cases, one->case_name, kernels, one->kernel);
    if (gate_timed(one))
        printf("%+7.2f  %+7.2f to %+6.2f  %+6.2f  ", gate_percent(f->head.median),
               gate_percent(fmin(f->head.low, f->low)), gate_percent(fmax(f->head.high, f->high)),
               gate_percent(f->control.median));
    else
        printf("%7s  %17s  %6s  ", "-", "-", "-");
    const char *reason = gate_reason(one);
    printf("%s%s%s", verdict_of(one), *reason ? ": " : "", reason);
    if (gate_cache_grew(one))
        printf("; THE CACHE GREW from %lld to %lld bytes", (long long)one->base.cache_bytes,
               (long long)one->head.cache_bytes);
    if (gate_error_grew(one))
        printf("; THE ERROR GREW from %.3f to %.3f of the limit", one->base.error, one->head.error);
    putchar('\n');
}

void gate_print(const struct gate_run *run)
{
    struct gate_counts counts = gate_count(run);
    int cases, kernels;
    widths(run, &cases, &kernels);
    printf("%-*s %-*s %7s  %17s  %6s  verdict\n", cases, "time after / before, % of change",
           kernels, "kernel", "median", "interval", "A/A");
    for (int i = 0; i < run->count; i++)
        print_one(&run->comparisons[i], cases, kernels);
    printf("%d comparisons: %d slower, %d faster, %d equal within %.3g %%, %d unresolved, %d with "
           "a larger cache, %d with a larger error, %d broken, %d wrong before\n",
           counts.comparisons, counts.verdicts[GATE_SLOWER], counts.verdicts[GATE_FASTER],
           counts.verdicts[GATE_EQUAL], 100 * run->rule.limit, counts.verdicts[GATE_UNRESOLVED],
           counts.cache, counts.error, counts.broken, counts.wrong_before);
    if (run->cut)
        printf(
            "%d of the unresolved were to be timed again, and %.3g minutes were up (--minutes)\n",
            run->cut, run->minutes);
}

/* Null where it is not finite. */
static json_t *figure(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *check_json(const struct gate_check *check)
{
    return json_pack("{s:b, s:o, s:I, s:s}", "passed", check->passed, "error", figure(check->error),
                     "cache_bytes", (json_int_t)check->cache_bytes, "reason", check->reason);
}

static json_t *paired_json(const struct paired *paired)
{
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "rounds", paired->n, "median_pct",
                     figure(gate_percent(paired->median)), "low_pct",
                     figure(gate_percent(paired->low)), "high_pct",
                     figure(gate_percent(paired->high)), "sure", figure(paired->sure), "p",
                     figure(paired->p));
}

/* Every round of the latest stage, as logarithms of ratios. */
static json_t *rounds_json(const struct gate_series *series)
{
    json_t *head = json_array(), *control = json_array(), *process = json_array();
    for (int i = 0; i < series->n; i++) {
        json_array_append_new(head, figure(series->head[i]));
        json_array_append_new(control, figure(series->control[i]));
        json_array_append_new(process, json_integer(series->process[i]));
    }
    return json_pack("{s:o, s:o, s:o}", "head", head, "control", control, "process", process);
}

static json_t *comparison_json(const struct gate_comparison *one)
{
    const struct gate_finding *f = &one->finding;
    json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "case", one->case_name, "kernel",
                            one->kernel, "verdict", verdict_of(one), "reason", gate_reason(one),
                            "base", check_json(&one->base), "head", check_json(&one->head));
    json_object_set_new(all, "cache_grew", json_boolean(gate_cache_grew(one)));
    json_object_set_new(all, "error_grew", json_boolean(gate_error_grew(one)));
    if (!gate_timed(one))
        return all;
    json_t *bootstrap = json_pack("{s:o, s:o}", "low_pct", figure(gate_percent(f->low)), "high_pct",
                                  figure(gate_percent(f->high)));
    json_t *timed = json_pack(
        "{s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:f, s:I}", "stages", one->stages, "processes",
        (int)one->series.processes, "alarms_slower", one->alarms[0], "alarms_faster",
        one->alarms[1], "change", paired_json(&f->head), "control", paired_json(&f->control),
        "bootstrap", bootstrap, "p_corrected", figure(f->p), "steal_ms", one->steal_ms,
        "involuntary_switches", (json_int_t)one->involuntary_switches);
    json_object_update(all, timed);
    json_decref(timed);
    json_object_set_new(all, "log_ratios", rounds_json(&one->series));
    return all;
}

json_t *gate_json(const struct gate_run *run)
{
    struct gate_counts counts = gate_count(run);
    json_t *comparisons = json_array();
    for (int i = 0; i < run->count; i++)
        json_array_append_new(comparisons, comparison_json(&run->comparisons[i]));
    json_t *summary =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "comparisons",
                  counts.comparisons, "slower", counts.verdicts[GATE_SLOWER], "faster",
                  counts.verdicts[GATE_FASTER], "equal", counts.verdicts[GATE_EQUAL], "unresolved",
                  counts.verdicts[GATE_UNRESOLVED], "larger_cache", counts.cache, "larger_error",
                  counts.error, "broken", counts.broken, "wrong_before", counts.wrong_before);
    return json_pack("{s:s, s:f, s:f, s:f, s:i, s:o, s:o}", "suite", run->suite->name, "limit_pct",
                     100 * run->rule.limit, "sure", run->rule.sure, "minutes", run->minutes,
                     "not_timed_again", run->cut, "summary", summary, "comparisons", comparisons);
}
