/* SPDX-License-Identifier: MIT
 *
 * Which kernel is fastest where, a column per run, and how the runs' times compare. */
#include "harness/report_checked.h"
#include "harness/report_page.h"
#include "harness/report_runs.h"
#include "harness/report_standing.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL = 256, LEFT = 2, COLUMNS = LEFT + 2 * RUNS_MOST };

struct line {
    char cells[COLUMNS][CELL];
};

static void put_line(struct document *doc, const char *align, const struct line *line, bool heading)
{
    const char *cells[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        cells[i] = line->cells[i];
    if (heading)
        doc->format->begin_table(doc, align, cells);
    else
        doc->format->row(doc, align, cells);
}

/* Columns: model, case, of each run its fastest kernel, in which they agree, and of each run but
 * the first the ratio. */
static void begin(struct document *doc, const struct lineup *lineup, char align[COLUMNS + 1])
{
    const struct stored_runs *runs = lineup->runs;
    struct line line = {{"model", "case"}};
    int at = LEFT;
    for (int i = 0; i < runs->count; i++)
        snprintf(line.cells[at++], CELL, "%s", runs->items[i].label);
    snprintf(line.cells[at++], CELL, "in all");
    memset(align, 'l', (size_t)at);
    for (int i = 1; i < runs->count; i++) {
        align[at] = 'r';
        snprintf(line.cells[at++], CELL, "%s takes", runs->items[i].label);
    }
    align[at] = 0;
    put_line(doc, align, &line, true);
}

/* The standing in a run of the case whose rows are from `first` to before `end`; best NULL: the run
 * does not have it. */
static struct standing standing_in(const struct lineup *lineup, int first, int end, int run)
{
    for (int r = first; r < end; r++)
        if (lineup->rows[r].of[run])
            return standing_of(&lineup->runs->items[run].table, lineup->rows[r].of[run]);
    return (struct standing){.best = NULL};
}

static void put_case(struct document *doc, const struct lineup *lineup, int first, int end,
                     const char *align)
{
    struct line line = {{""}};
    const struct result_row *reference = NULL;
    const char *winner = "-"; /* of all runs */
    int at = LEFT, count = lineup->runs->count;
    snprintf(line.cells[0], CELL, "%s", lineup->rows[first].any->model);
    lineup_case(&lineup->rows[first], line.cells[1], CELL);
    for (int i = 0; i < count; i++) {
        const struct standing s = standing_in(lineup, first, end, i);
        char *cell = line.cells[at++], *ratio = line.cells[LEFT + count + i];
        snprintf(cell, CELL, "-");
        if (i > 0)
            snprintf(ratio, CELL, "-");
        if (!s.best)
            continue;
        double ns = s.best->ns.median / result_tokens(s.best);
        snprintf(cell, CELL, "%.64s: %s, %s, %s", s.best->kernel, unit_time(ns).s,
                 unit_percent(s.best->pct_fma_peak.median).s,
                 !s.second ? "alone"
                 : s.sure  ? "surely"
                           : "unresolved");
        winner = !strcmp(winner, "-") || !strcmp(winner, s.best->kernel) ? s.best->kernel
                                                                         : "not the same";
        if (i == 0)
            reference = s.best;
        else if (reference)
            snprintf(ratio, CELL, "%s",
                     unit_times(ns * result_tokens(reference) / reference->ns.median).s);
    }
    snprintf(line.cells[LEFT + count], CELL, "%s", winner);
    put_line(doc, align, &line, false);
}

static void fastest(struct document *doc, const struct lineup *lineup)
{
    char align[COLUMNS + 1];
    doc->format->paragraph(
        doc, "The fastest kernel of each case that at least two runs have: time per new token "
             "(medians), % of its own machine's FMA peak, and whether it is surely (95 %) faster "
             "than the next in that run. The last columns are the time of the run's fastest kernel "
             "over that of the first run's. The runs were not interleaved: what the hour did to a "
             "machine is in these ratios, and in no interval; mlabench compare judges runs of one "
             "machine.");
    begin(doc, lineup, align);
    for (int first = 0, end; first < lineup->count; first = end) {
        bool shared = false;
        for (end = first;
             end < lineup->count && lineup_same_case(&lineup->rows[end], &lineup->rows[first]);
             end++)
            shared = shared || lineup->rows[end].runs > 1;
        if (shared)
            put_case(doc, lineup, first, end, align);
    }
    doc->format->end_table(doc);
}

/* How often a kernel is surely the fastest, of the cases with several. */
static void count_sure(const struct result_table *table, int *sure, int *rivals)
{
    *sure = *rivals = 0;
    for (int i = 0; i < table->count; i++) {
        if (table->rows[i].baseline || !standing_leads(table, &table->rows[i]))
            continue;
        const struct standing s = standing_of(table, &table->rows[i]);
        *rivals += s.second != NULL;
        *sure += s.sure;
    }
}

static void checks(struct document *doc, const struct stored_run *run)
{
    const json_t *verified = json_object_get(run->table.mlabench, "verified");
    const struct checked checked = checked_of(&run->table);
    const struct result_row *worst = checked.worst;
    int sure, rivals;
    count_sure(&run->table, &sure, &rivals);
    doc_item(doc,
             "%s: against the double-precision reference %s passed, %s failed, %s skipped (kernels "
             "times cases), queries checked %s of %s, worst error %s times the limit. In %s of %s "
             "cases with several kernels one is surely the fastest%s%s%s.",
             run->label, unit_count(result_count(verified, "passed")).s,
             unit_count(result_count(verified, "failed")).s,
             unit_count(result_count(verified, "skipped")).s, unit_count(checked.queries_checked).s,
             unit_count(checked.queries).s,
             unit_number(worst ? worst->error.ratio / worst->error.limit : NAN, 2).s,
             unit_count(sure).s, unit_count(rivals).s,
             checked.controls ? "; A/A controls, the fastest against itself, differed by " : "",
             checked.controls ? unit_percent(checked.control_most).s : "",
             checked.controls ? " at most" : "");
}

void report_runs_summary(struct document *doc, const struct lineup *lineup)
{
    bool shared = false;
    for (int r = 0; r < lineup->count; r++)
        shared = shared || lineup->rows[r].runs > 1;
    if (shared)
        fastest(doc, lineup);
    else
        doc->format->paragraph(doc, "No kernel and case is in more than one of the runs.");
    doc->format->paragraph(doc, "How that was checked:");
    doc->format->begin_list(doc);
    for (int i = 0; i < lineup->runs->count; i++)
        checks(doc, &lineup->runs->items[i]);
    doc->format->end_list(doc);
}
