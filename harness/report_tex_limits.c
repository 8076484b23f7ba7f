/* SPDX-License-Identifier: MIT
 *
 * What a reader of the paper must know before believing it: of the machine's quiet, and of what is
 * not there. */
#include "harness/report_tex.h"
#include "harness/statistics.h"
#include "harness/tex.h"
#include "harness/units.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MOST 8 /* of a list, the rest being counted */

__attribute__((format(printf, 2, 3))) static void say(FILE *file, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    tex_text(file, text);
}

static void begin(FILE *file, const char *title)
{
    fprintf(file, "\n\\paragraph{%s}\n", title);
}

static void noise(FILE *file, const struct result_table *table)
{
    int disturbed = 0, repetitions = 0;
    double steal = 0;
    for (int i = 0; i < table->count; i++)
        for (int n = 0; n < table->rows[i].count; n++) {
            const json_t *noise = json_object_get(table->rows[i].repetitions[n], "noise");
            double ms = result_number(noise, "steal_ms");
            repetitions++;
            disturbed += ms > 0;
            steal += ms > 0 ? ms : 0;
        }
    begin(file, "Noise.");
    say(file,
        "In %s of %s repetitions the hypervisor took CPU time away, %s ms in all; they are not "
        "left out.",
        unit_count(disturbed).s, unit_count(repetitions).s, unit_number(steal, 3).s);
}

/* How far apart the rounds found two copies of the same kernel. */
static void controls(FILE *file, const struct result_table *table)
{
    const json_t *list = json_object_get(table->mlabench, "controls");
    size_t count = json_array_size(list), i;
    double *medians = malloc((count + 1) * sizeof *medians);
    int found = 0;
    json_t *control;
    json_array_foreach(list, i, control) if (medians)
    {
        double median = result_number(control, "median_pct");
        if (isfinite(median))
            medians[found++] = fabs(median);
    }
    begin(file, "Controls.");
    if (found > 0)
        say(file,
            "In %s of %s cases the fastest kernel ran against a second copy of itself. Medians "
            "differed by %s in the middle case and by %s at most: kernels of a case that differ by "
            "less than twice what its own control showed are not told apart.",
            unit_count(found).s, unit_count((int64_t)count).s,
            unit_percent(stat_median(medians, found)).s,
            unit_percent(stat_quantile(medians, found, 1)).s);
    else
        say(file, "No kernel was timed against a copy of itself.");
    free(medians);
}

/* Names with reasons; many are counted. */
static void list(FILE *file, const json_t *entries, const char *title, const char *none)
{
    size_t count = json_array_size(entries), i;
    json_t *entry;
    begin(file, title);
    if (count == 0)
        say(file, "%s", none);
    json_array_foreach(entries, i, entry) if (i < NAMED_MOST) say(
        file, "%s%s: %s", i ? "; " : "", result_text(entry, "name"), result_text(entry, "reason"));
    if (count > NAMED_MOST)
        say(file, "; and %s more, which result.json names with their reasons",
            unit_count((int64_t)(count - NAMED_MOST)).s);
    if (count > 0)
        fputs(".\n", file);
}

/* Of each counter that no repetition has the first reason given. */
static void counters(FILE *file, const struct result_table *table)
{
    json_t *missing = json_object(), *reason;
    const char *name, *before = "";
    for (int i = 0; i < table->count; i++)
        for (int n = 0; n < table->rows[i].count; n++)
            json_object_foreach(
                json_object_get(table->rows[i].repetitions[n], "counters_missing"), name,
                reason) if (!json_object_get(missing, name) &&
                            !result_counted_elsewhere(table->rows[i].repetitions[n], name))
                json_object_set(missing, name, reason);
    begin(file, "Event counters that could not be had.");
    if (json_object_size(missing) == 0)
        say(file, "None.");
    json_object_foreach(missing, name, reason)
    {
        say(file, "%s%s", before, name);
        before = ", ";
    }
    json_object_foreach(missing, name, reason)
    {
        say(file, ". The first: %s.",
            json_is_string(reason) ? json_string_value(reason) : "no reason given");
        break;
    }
    json_decref(missing);
}

/* Cases of several formats say the same. */
static bool said_before(const struct plots *plots, int i)
{
    for (int k = 0; k < i; k++)
        if (!strcmp(plots->undrawable[k], plots->undrawable[i]))
            return true;
    return false;
}

static void plots_missing(FILE *file, const struct plots *plots)
{
    int missing = 0;
    begin(file, "Plots that are not here.");
    for (int i = 0; i < plots->count; i++)
        if (!plots->items[i].drawn && missing++ < NAMED_MOST)
            say(file, "%s: %s. ", plots->items[i].name, plots->items[i].why_not);
    for (int i = 0; i < plots->undrawable_count; i++)
        if (!said_before(plots, i) && missing++ < NAMED_MOST)
            say(file, "%s ", plots->undrawable[i]);
    if (missing == 0)
        say(file, "None is missing.");
    else if (missing > NAMED_MOST)
        say(file, "The report names %s more.", unit_count(missing - NAMED_MOST).s);
}

void report_tex_limits(FILE *file, const struct result_table *table, const struct plots *plots)
{
    noise(file, table);
    controls(file, table);
    list(file, json_object_get(table->mlabench, "failed"), "Failed verification, hence not timed.",
         "Nothing.");
    list(file, json_object_get(table->mlabench, "skipped"), "Skipped.", "Nothing.");
    counters(file, table);
    plots_missing(file, plots);
}
