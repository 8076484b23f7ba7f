/* SPDX-License-Identifier: MIT
 *
 * How it was checked that kernels are right, and that a difference between two is one. */
#include "harness/report_checked.h"

#include "harness/report_page.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void gather_errors(const struct result_table *table, struct checked *checked)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_error *e = &table->rows[i].error, *worst = NULL;
        if (checked->worst)
            worst = &checked->worst->error;
        if (e->ratio >= 0 && (!worst || e->ratio / e->limit > worst->ratio / worst->limit))
            checked->worst = &table->rows[i];
        if (e->queries > 0 && e->queries_checked >= 0) {
            checked->queries_checked += e->queries_checked;
            checked->queries += e->queries;
        }
    }
}

static void gather_controls(const struct result_table *table, struct checked *checked)
{
    size_t i;
    json_t *control;
    json_array_foreach(json_object_get(table->mlabench, "controls"), i, control)
    {
        double median = result_number(control, "median_pct");
        double low = result_number(control, "low_pct"), high = result_number(control, "high_pct");
        if (isnan(median))
            continue;
        checked->controls++;
        checked->control_most = fmax(checked->control_most, fabs(median));
        checked->controls_moved += low > 0 || high < 0;
    }
}

struct checked checked_of(const struct result_table *table)
{
    struct checked checked = {0};
    gather_errors(table, &checked);
    gather_controls(table, &checked);
    return checked;
}

static void correctness(struct document *doc, const struct result_table *table)
{
    const json_t *verified = json_object_get(table->mlabench, "verified");
    if (verified)
        doc_item(doc,
                 "Verified against the double-precision reference before timing: %s passed, %s "
                 "failed, %s skipped (kernels times cases).",
                 unit_count(result_count(verified, "passed")).s,
                 unit_count(result_count(verified, "failed")).s,
                 unit_count(result_count(verified, "skipped")).s);
    int same = 0, within = 0;
    for (int i = 0; i < table->count; i++) {
        const char *outcome = result_text(table->rows[i].repetitions[0], "timed_output");
        same += !strcmp(outcome, "same bits");
        within += !strcmp(outcome, "within the limit");
    }
    if (same + within > 0)
        doc_item(doc,
                 "What was timed is what was verified: the last timed output was the same to the "
                 "last bit %s times, and within the error allowed %s times, of kernels that do "
                 "not promise the bits.",
                 unit_count(same).s, unit_count(within).s);
    struct checked checked = checked_of(table);
    if (!checked.worst)
        return;
    char text[256];
    report_case(checked.worst, text, sizeof text);
    doc_item(doc,
             "Worst error of a kernel that was timed: %s times the limit, by %s on %s (%s). "
             "Queries checked: %s of %s.",
             unit_number(checked.worst->error.ratio / checked.worst->error.limit, 2).s,
             checked.worst->kernel, checked.worst->model, text,
             unit_count(checked.queries_checked).s, unit_count(checked.queries).s);
}

static void controls(struct document *doc, const struct result_table *table)
{
    struct checked checked = checked_of(table);
    if (checked.controls > 0)
        doc_item(doc,
                 "A/A control: in each case the fastest kernel was timed against itself. The two "
                 "differed by %s at most, surely (95 %%) in %s of %s cases. A difference between "
                 "kernels of less than twice what their control did is called unresolved.",
                 unit_percent(checked.control_most).s, unit_count(checked.controls_moved).s,
                 unit_count(checked.controls).s);
}

void report_checked(struct document *doc, const struct result_table *table)
{
    doc->format->begin_list(doc);
    correctness(doc, table);
    controls(doc, table);
    doc->format->end_list(doc);
}
