/* SPDX-License-Identifier: MIT */
#include "harness/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *percent(double log_ratio)
{
    double value = 100 * expm1(log_ratio);
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *control_json(const char *case_name, const char *kernel, json_t *kernels,
                     const double *log_ratios, int rounds, const char *reason)
{
    struct paired moved = paired_signs(log_ratios, rounds, CONTROL_SURE);
    json_t *ratios = json_array();
    for (int i = 0; i < rounds; i++)
        json_array_append_new(ratios, json_real(log_ratios[i]));
    return json_pack("{s:s, s:s?, s:o, s:i, s:o, s:o, s:o, s:o, s:s?}", "case", case_name, "kernel",
                     kernel, "kernels", kernels, "rounds", rounds, "median_pct",
                     percent(moved.median), "low_pct", percent(moved.low), "high_pct",
                     percent(moved.high), "log_ratios", ratios, "reason", reason);
}

static bool lists(const json_t *kernels, const char *name)
{
    size_t i;
    json_t *kernel;
    json_array_foreach(kernels, i, kernel)
    {
        if (json_is_string(kernel) && strcmp(json_string_value(kernel), name) == 0)
            return true;
    }
    return false;
}

/* Of the rounds that had both rows' kernels, or NULL. */
static const json_t *control_of(const struct result_table *table, const struct result_row *a,
                                const struct result_row *b)
{
    size_t i, length = (size_t)result_case_length(a);
    json_t *control;
    json_array_foreach(json_object_get(table->mlabench, "controls"), i, control)
    {
        const char *name = result_text(control, "case");
        const json_t *kernels = json_object_get(control, "kernels");
        if (strlen(name) == length && strncmp(name, a->name, length) == 0 &&
            lists(kernels, a->kernel) && lists(kernels, b->kernel))
            return control;
    }
    return NULL;
}

double control_moved(const struct result_table *table, const struct result_row *a,
                     const struct result_row *b)
{
    return fabs(log1p(result_number(control_of(table, a, b), "median_pct") / 100));
}

/* The entry of a round, or NULL. */
static const json_t *of_round(const struct result_row *row, int64_t round)
{
    for (int i = 0; i < row->count; i++)
        if (result_count(row->repetitions[i], "round") == round)
            return row->repetitions[i];
    return NULL;
}

static struct paired change_of(const struct result_row *a, const struct result_row *b)
{
    double *x = calloc((size_t)a->count + 1, sizeof *x);
    int n = 0;
    for (int i = 0; i < a->count && x; i++) {
        const json_t *other = of_round(b, result_count(a->repetitions[i], "round"));
        if (other)
            x[n++] = log(result_number(other, "real_time") /
                         result_number(a->repetitions[i], "real_time"));
    }
    struct paired change = paired_signs(x, n, CONTROL_SURE);
    free(x);
    return change;
}

struct contest contest(const struct result_table *table, const struct result_row *a,
                       const struct result_row *b)
{
    struct contest c = {CONTEST_UNRESOLVED, change_of(a, b), NULL, false};
    double moved = control_moved(table, a, b);
    if (c.change.n == 0 || isnan(c.change.median))
        c.why = "not timed together";
    else if (isinf(c.change.low))
        c.why = "too few rounds";
    else if (isnan(moved))
        c.why = "no control";
    else if (c.change.low <= 0 && c.change.high >= 0)
        c.why = "the rounds differ too much";
    else if (2 * moved >= fabs(c.change.median))
        c.why = "the same kernel differs from itself";
    else
        c.verdict = c.change.median > 0 ? CONTEST_SLOWER : CONTEST_FASTER;
    c.level = c.why && c.change.n > 0 && isfinite(c.change.low) && !isnan(moved);
    return c;
}
