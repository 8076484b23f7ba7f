/* SPDX-License-Identifier: MIT */
#include "harness/compare.h"

#include "harness/control.h"
#include "harness/paired.h"
#include "harness/random.h"
#include "harness/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double sure = 0.95;

/* As in harness/gate_report.c. */
static const double error_growth = 0.05;

enum { DRAWS = 2000, LEAST_DRAWS = 200, LEAST_OTHERS = 3 };
static const double most_numbers = 2e7; /* drawn for one comparison: about a second */

/* The median of n of x, drawn with repetition from `counter` of the generator on. */
static double redrawn_median(const double *x, int n, uint64_t seed, uint64_t counter, double *drawn)
{
    for (int i = 0; i < n; i++)
        drawn[i] = x[random_below(seed, RANDOM_BOOTSTRAP, counter + (uint64_t)i, (uint64_t)n)];
    return stat_median(drawn, n);
}

static void draw_interval(const double *before, int n, const double *after, int m, uint64_t seed,
                          double interval[2])
{
    int draws = (int)fmin(DRAWS, fmax(LEAST_DRAWS, most_numbers / ((double)n + m)));
    double *ratios = malloc((size_t)draws * sizeof *ratios);
    double *drawn = malloc((size_t)(n > m ? n : m) * sizeof *drawn);
    interval[0] = -INFINITY;
    interval[1] = INFINITY;
    if (ratios && drawn) {
        uint64_t counter = 0;
        for (int d = 0; d < draws; d++) {
            double one = redrawn_median(before, n, seed, counter, drawn);
            counter += (uint64_t)n;
            ratios[d] = redrawn_median(after, m, seed, counter, drawn) - one;
            counter += (uint64_t)m;
        }
        interval[0] = stat_quantile(ratios, draws, (1 - sure) / 2);
        interval[1] = stat_quantile(ratios, draws, (1 + sure) / 2);
    }
    free(ratios);
    free(drawn);
}

static double *logarithms(const double *x, int n)
{
    double *logs = malloc((size_t)n * sizeof *logs);
    for (int i = 0; i < n && logs; i++)
        logs[i] = log(x[i]);
    return logs;
}

/* How much of a change one way, 1 or -1, a witness explains; 0 if it knows nothing. */
static double explained(double witness, int way)
{
    return isfinite(witness) ? fmax(0, way * witness) : 0;
}

static const char machine_changed[] = "the machine itself changed: see its FMA peak";
static const char others_changed[] = "the case's other kernels changed alike";
static const char control_differed[] = "within one of the runs the same kernel differs from itself";

/* Beyond the limit, and no less than half of it owed to a witness; what is left of estimate and
 * interval is still beyond the limit, or above none. */
static bool stands(const struct compare_times *t, int way, double beyond, double witness)
{
    double ratio = fabs(t->ratio), least = way > 0 ? t->low : -t->high;
    return witness < ratio / 2 && ratio - witness > beyond && least - witness > 0;
}

void compare_conclude(double limit, struct compare_times *t)
{
    double beyond = log1p(limit);
    int way = t->ratio > 0 ? 1 : -1;
    double peak = explained(t->peak, way), others = explained(t->others, way);
    bool changed = fabs(t->ratio) > beyond && (way > 0 ? t->low > 0 : t->high < 0);
    /* What is equal must not owe it to a machine that changed the other way. */
    double peak_either = fmax(peak, explained(t->peak, -way));
    double others_either = fmax(others, explained(t->others, -way));
    t->verdict = GATE_UNRESOLVED;
    t->why = NULL;
    if (isnan(t->ratio))
        t->why = "there is no memory for it";
    else if (isinf(t->low) || isinf(t->high))
        t->why = "too few repetitions";
    else if (!changed && (t->low <= -beyond || t->high >= beyond))
        t->why = "the interval reaches beyond the limit";
    else if (changed ? !stands(t, way, beyond, peak) : peak_either >= beyond / 2)
        t->why = machine_changed;
    else if (changed ? !stands(t, way, beyond, others) : others_either >= beyond / 2)
        t->why = others_changed;
    else if (t->control >= (changed ? fabs(t->ratio) : beyond) / 2)
        t->why = control_differed;
    else
        t->verdict = !changed ? GATE_EQUAL : way > 0 ? GATE_SLOWER : GATE_FASTER;
}

void compare_estimate(const double *before, int n, const double *after, int m, uint64_t seed,
                      struct compare_times *times)
{
    double *x = logarithms(before, n), *y = logarithms(after, m);
    *times = (struct compare_times){.ratio = NAN, .peak = NAN, .others = NAN, .control = NAN};
    if (x && y) {
        struct paired one = paired_signs(x, n, sqrt(sure)), other = paired_signs(y, m, sqrt(sure));
        times->ratio = other.median - one.median;
        times->rank[0] = other.low - one.high;
        times->rank[1] = other.high - one.low;
        draw_interval(x, n, y, m, seed, times->drawn);
        times->low = fmin(times->rank[0], times->drawn[0]);
        times->high = fmax(times->rank[1], times->drawn[1]);
    }
    free(x);
    free(y);
}

/* Of all repetitions of a row; *n is their number. Malloc'ed, or NULL. */
static double *times_of(const struct result_row *row, int *n)
{
    double *ns = malloc((size_t)row->count * sizeof *ns);
    *n = row->count;
    for (int i = 0; i < row->count && ns; i++)
        ns[i] = result_number(row->repetitions[i], "real_time");
    return ns;
}

static int estimate_times(const struct comparison *c, const struct lineup_row *row, uint64_t seed,
                          struct compare_times *times, struct mla_error *error)
{
    const struct stored_run *runs = c->runs->items;
    int n, m;
    double *before = times_of(row->of[0], &n), *after = times_of(row->of[1], &m);
    int code = before && after ? 0 : mla_fail(error, MLA_MACHINE, "no memory for %d times", n + m);
    if (!code) {
        compare_estimate(before, n, after, m, seed, times);
        times->peak = log(result_spread(row->of[0], NULL, "fma_peak_gflops").median /
                          result_spread(row->of[1], NULL, "fma_peak_gflops").median);
        times->control = fmax(control_moved(&runs[0].table, row->of[0], row->of[0]),
                              control_moved(&runs[1].table, row->of[1], row->of[1]));
    }
    free(before);
    free(after);
    return code;
}

/* The median ratio of the rows of the same case but `which`. */
static double others_of(const struct comparison *c, int which, double *ratios)
{
    int others = 0;
    for (int i = 0; i < c->count; i++)
        if (i != which && lineup_same_case(c->rows[i].row, c->rows[which].row))
            ratios[others++] = c->rows[i].times.ratio;
    return others < LEAST_OTHERS ? NAN : stat_median(ratios, others);
}

static int conclude_all(struct comparison *c, struct mla_error *error)
{
    double *ratios = calloc((size_t)c->count + 1, sizeof *ratios);
    if (!ratios)
        return mla_fail(error, MLA_MACHINE, "no memory for %d comparisons", c->count);
    for (int i = 0; i < c->count; i++)
        c->rows[i].times.others = others_of(c, i, ratios);
    for (int i = 0; i < c->count; i++)
        compare_conclude(c->limit, &c->rows[i].times);
    free(ratios);
    return 0;
}

double compare_error(const struct result_row *row)
{
    return fmax(row->error.ratio, row->error.lse_ratio) / row->error.limit;
}

static bool cache_grew(const struct result_row *before, const struct result_row *after)
{
    const struct result_kv_cache *a = &before->kv_cache, *b = &after->kv_cache;
    return (a->allocated >= 0 && b->allocated > a->allocated) ||
           (a->touched >= 0 && b->touched > a->touched);
}

static int compare_rows(struct comparison *c, struct mla_error *error)
{
    int code = 0;
    c->rows = calloc((size_t)c->lineup.count + 1, sizeof *c->rows);
    if (!c->rows)
        return mla_fail(error, MLA_MACHINE, "no memory for %d comparisons", c->lineup.count);
    for (int i = 0; i < c->lineup.count && !code; i++) {
        const struct lineup_row *row = &c->lineup.rows[i];
        if (row->runs < 2)
            continue;
        struct compare_row *one = &c->rows[c->count++];
        *one = (struct compare_row){.row = row, .cache_grew = cache_grew(row->of[0], row->of[1])};
        if (c->difference_count)
            continue;
        one->error_grew =
            c->same_inputs && compare_error(row->of[1]) > compare_error(row->of[0]) + error_growth;
        code = estimate_times(c, row, (uint64_t)i, &one->times, error);
    }
    return code || c->difference_count ? code : conclude_all(c, error);
}

static const json_t *failed_list(const struct comparison *c, int run)
{
    return json_object_get(c->runs->items[run].table.mlabench, "failed");
}

static bool is_named(const json_t *const *entries, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(result_text(entries[i], "name"), name) == 0)
            return true;
    return false;
}

static int find_broken(struct comparison *c, struct mla_error *error)
{
    const json_t *before = failed_list(c, 0), *after = failed_list(c, 1), *entry;
    size_t i;
    json_t *known = json_object();
    c->broken = calloc(json_array_size(after) + 1, sizeof *c->broken);
    json_array_foreach((json_t *)before, i, entry)
        json_object_set_new(known, result_text(entry, "name"), json_true());
    for (i = 0; c->broken && (entry = json_array_get(after, i)); i++) {
        const char *name = result_text(entry, "name");
        if (!json_object_get(known, name) && !is_named(c->broken, c->broken_count, name))
            c->broken[c->broken_count++] = entry;
    }
    json_decref(known);
    return c->broken ? 0 : mla_fail(error, MLA_MACHINE, "no memory for the failures");
}

int comparison_make(const struct stored_runs *runs, double limit, struct comparison *c,
                    struct mla_error *error)
{
    const struct result_table *before = &runs->items[0].table, *after = &runs->items[1].table;
    *c = (struct comparison){.runs = runs, .limit = limit};
    c->difference_count =
        machine_differences(before->context, after->context, false, c->differences);
    const json_t *seed = json_object_get(before->mlabench, "seed");
    c->same_inputs = seed && json_equal(seed, json_object_get(after->mlabench, "seed"));
    int code = lineup_create(runs, &c->lineup, error);
    if (!code)
        code = compare_rows(c, error);
    if (!code)
        code = find_broken(c, error);
    if (!code && c->count + c->broken_count == 0)
        code = mla_fail(error, MLA_BAD_INPUT, "%s and %s have no kernel and case in common",
                        runs->items[0].path, runs->items[1].path);
    return code;
}

void comparison_free(struct comparison *c)
{
    lineup_destroy(&c->lineup);
    free(c->rows);
    free(c->broken);
    *c = (struct comparison){0};
}

struct compare_counts comparison_count(const struct comparison *c)
{
    struct compare_counts counts = {.rows = c->count, .broken = c->broken_count};
    for (int i = 0; i < c->count; i++) {
        counts.verdicts[c->rows[i].times.verdict] += c->difference_count == 0;
        counts.cache += c->rows[i].cache_grew;
        counts.error += c->rows[i].error_grew;
    }
    for (int i = 0; i < c->lineup.count; i++)
        if (c->lineup.rows[i].runs < 2)
            counts.only[c->lineup.rows[i].of[1] != NULL]++;
    counts.regressions = counts.verdicts[GATE_SLOWER] + counts.cache + counts.error + counts.broken;
    return counts;
}
