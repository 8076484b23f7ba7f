/* SPDX-License-Identifier: MIT */
#include "harness/compare_report.h"

#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double percent(double log_ratio)
{
    return 100 * expm1(log_ratio);
}

const char *compare_verdict(const struct comparison *c, const struct compare_row *row)
{
    return c->difference_count ? "not compared" : gate_verdict_names[row->times.verdict];
}

/* The reason that a list of {name, reason} gives for a name, or for its case as a whole. */
static const char *reason_in(const json_t *list, const struct result_row *row)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%.*s", result_case_length(row), row->name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *name = result_text(entry, "name");
        if (!strcmp(name, row->name) || !strcmp(name, whole))
            return result_text(entry, "reason");
    }
    return "";
}

const char *compare_absence(const struct comparison *c, const struct lineup_row *row)
{
    const json_t *own = c->runs->items[row->of[0] != NULL].table.mlabench;
    const char *reason = reason_in(json_object_get(own, "failed"), row->any);
    return *reason ? reason : reason_in(json_object_get(own, "skipped"), row->any);
}

double compare_counter(const struct result_row *row, const char *name)
{
    struct spread steps = result_spread(row, NULL, "iterations");
    struct spread counts = result_spread(row, "counters", name);
    int due = row->count;
    for (int i = 0; i < row->count; i++)
        due -= result_counted_elsewhere(row->repetitions[i], name);
    /* Repetitions of a run have the same number of steps. */
    return counts.n > 0 && counts.n == due && steps.n == row->count && steps.min > 0
               ? counts.median / steps.median
               : NAN;
}

/* --- text --- */

static void print_differing(const struct comparison *c)
{
    static const char *const keys[] = {"suite", "seed",     "version", "commit",
                                       "dirty", "compiler", "flags",   "blas"};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        char *texts[2];
        const json_t *values[2];
        for (int i = 0; i < 2; i++) {
            values[i] = json_object_get(c->runs->items[i].table.mlabench, keys[k]);
            texts[i] = values[i] ? json_dumps(values[i], JSON_ENCODE_ANY) : NULL;
        }
        if (values[0] != values[1] && !json_equal(values[0], values[1]))
            printf("  %s: %s before, %s after\n", keys[k], texts[0] ? texts[0] : "not known",
                   texts[1] ? texts[1] : "not known");
        free(texts[0]);
        free(texts[1]);
    }
}

static void print_head(const struct comparison *c)
{
    static const char *const which[] = {"before", "after"};
    for (int i = 0; i < 2; i++)
        printf("%s: %s (%s, started %s)\n", which[i], c->runs->items[i].path,
               c->runs->items[i].label, result_text(c->runs->items[i].table.mlabench, "started"));
    print_differing(c);
    if (c->difference_count == 0) {
        puts("The same machine: times are compared. The runs were not interleaved, so what the "
             "machine did\nbetween them is in no interval; its FMA peak and the case's other "
             "kernels hint at it.");
        return;
    }
    puts("Times can't be compared, because these are not the same machine:");
    for (int i = 0; i < c->difference_count; i++)
        printf("  %s: %s before, %s after\n", c->differences[i].what, c->differences[i].one,
               c->differences[i].other);
}

static void print_growth(const struct compare_row *one)
{
    const struct result_row *before = one->row->of[0], *after = one->row->of[1];
    if (one->cache_grew)
        printf("; THE CACHE GREW from %lld to %lld bytes allocated, %lld to %lld touched",
               (long long)before->kv_cache.allocated, (long long)after->kv_cache.allocated,
               (long long)before->kv_cache.touched, (long long)after->kv_cache.touched);
    if (one->error_grew)
        printf("; THE ERROR GREW from %.3f to %.3f of the limit", compare_error(before),
               compare_error(after));
}

static void print_name(const struct compare_row *one)
{
    printf("%-62.*s %-19s ", result_case_length(one->row->any), one->row->any->name,
           one->row->any->kernel);
}

static void print_witness(double change)
{
    if (isfinite(change))
        printf("%+6.1f  ", percent(change));
    else
        printf("%6s  ", "-");
}

static void print_times(const struct compare_row *one)
{
    const struct compare_times *t = &one->times;
    double before = compare_counter(one->row->of[0], "PAPI_TOT_INS");
    double after = compare_counter(one->row->of[1], "PAPI_TOT_INS");
    bool slower = t->verdict == GATE_SLOWER;
    print_name(one);
    printf("%10s %10s  %+7.1f  %+7.1f to %+7.1f  ", unit_time(one->row->of[0]->ns.median).s,
           unit_time(one->row->of[1]->ns.median).s, percent(t->ratio), percent(t->low),
           percent(t->high));
    print_witness(-t->peak);
    print_witness(t->others);
    printf("%s%s%s", slower ? "SLOWER" : gate_verdict_names[t->verdict], t->why ? ": " : "",
           t->why ? t->why : "");
    if (isfinite(before) && isfinite(after))
        printf("; instructions %+.2f %%", 100 * (after / before - 1));
}

static void print_shares(const struct compare_row *one)
{
    const struct result_row *before = one->row->of[0], *after = one->row->of[1];
    print_name(one);
    printf("%8s %8s  %6.3f %6.3f  %10s %10s", unit_percent(before->pct_fma_peak.median).s,
           unit_percent(after->pct_fma_peak.median).s, compare_error(before), compare_error(after),
           unit_bytes((double)before->kv_cache.allocated).s,
           unit_bytes((double)after->kv_cache.allocated).s);
}

static void print_rows(const struct comparison *c)
{
    if (c->count > 0 && c->difference_count == 0)
        printf("%-62s %-19s %10s %10s  %7s  %18s  %6s  %6s  verdict\n", "time of one step",
               "kernel", "before", "after", "%", "interval", "peak %", "others");
    else if (c->count > 0)
        printf("%-62s %-19s %17s  %13s  %21s\n", "before, after", "kernel", "of own FMA peak",
               "error / limit", "KV cache");
    for (int i = 0; i < c->count; i++) {
        if (c->difference_count)
            print_shares(&c->rows[i]);
        else
            print_times(&c->rows[i]);
        print_growth(&c->rows[i]);
        putchar('\n');
    }
}

static void print_rest(const struct comparison *c)
{
    for (int i = 0; i < c->lineup.count; i++) {
        const struct lineup_row *row = &c->lineup.rows[i];
        const char *reason = row->runs < 2 ? compare_absence(c, row) : "";
        if (row->runs < 2)
            printf("only %s: %s%s%s\n", row->of[0] ? "before" : "after", row->any->name,
                   *reason ? ": " : "", reason);
    }
    for (int i = 0; i < c->broken_count; i++)
        printf("NOW FAILS: %s: %s\n", result_text(c->broken[i], "name"),
               result_text(c->broken[i], "reason"));
}

void compare_print(const struct comparison *c)
{
    struct compare_counts counts = comparison_count(c);
    print_head(c);
    print_rows(c);
    print_rest(c);
    printf("%d comparisons: ", counts.rows);
    if (c->difference_count == 0)
        printf("%d slower, %d faster, %d equal within %.3g %%, %d unresolved, ",
               counts.verdicts[GATE_SLOWER], counts.verdicts[GATE_FASTER],
               counts.verdicts[GATE_EQUAL], 100 * c->limit, counts.verdicts[GATE_UNRESOLVED]);
    printf("%d with a larger cache, ", counts.cache);
    if (c->difference_count == 0 && c->same_inputs)
        printf("%d with a larger error, ", counts.error);
    printf("%d only before, %d only after, %d that now fail\n", counts.only[0], counts.only[1],
           counts.broken);
}
