/* SPDX-License-Identifier: MIT
 *
 * Every kernel and case, a column per run. */
#include "harness/report_page.h"
#include "harness/report_runs.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL = 256, LEFT = 3 /* columns before those of the runs */ };

struct line {
    char align[LEFT + RUNS_MOST + 1];
    char cells[LEFT + RUNS_MOST][CELL];
};

static void put_line(struct document *doc, const struct line *line, bool heading)
{
    const char *cells[LEFT + RUNS_MOST];
    for (int i = 0; i < LEFT + RUNS_MOST; i++)
        cells[i] = line->cells[i];
    if (heading)
        doc->format->begin_table(doc, line->align, cells);
    else
        doc->format->row(doc, line->align, cells);
}

/* `left`: the first columns' headings. */
static void begin_line(struct document *doc, struct line *line, const struct lineup *lineup,
                       const char *const *left, int columns)
{
    *line = (struct line){.align = ""};
    memset(line->align, 'l', (size_t)columns);
    memset(line->align + columns, 'r', (size_t)lineup->runs->count);
    for (int i = 0; i < columns; i++)
        snprintf(line->cells[i], CELL, "%s", left[i]);
    for (int i = 0; i < lineup->runs->count; i++)
        snprintf(line->cells[columns + i], CELL, "%s", lineup->runs->items[i].label);
    put_line(doc, line, true);
}

static void time_of(const struct result_row *row, char *cell)
{
    snprintf(cell, CELL, "%s (%s to %s)", unit_time(row->ns.median).s, unit_time(row->ns.q1).s,
             unit_time(row->ns.q3).s);
}

static void peak_of(const struct result_row *row, char *cell)
{
    snprintf(cell, CELL, "%s, core %s", unit_percent(row->pct_fma_peak.median).s,
             unit_percent(row->core_pct_fma_peak.median).s);
}

static void bandwidth_of(const struct result_row *row, char *cell)
{
    snprintf(cell, CELL, "%s", unit_percent(row->pct_read_bandwidth.median).s);
}

static void table_of(struct document *doc, const struct lineup *lineup,
                     void (*describe)(const struct result_row *row, char *cell))
{
    static const char *const left[LEFT] = {"model", "case", "kernel"};
    struct line line;
    begin_line(doc, &line, lineup, left, LEFT);
    for (int r = 0; r < lineup->count; r++) {
        const struct lineup_row *row = &lineup->rows[r];
        snprintf(line.cells[0], CELL, "%s", row->any->model);
        lineup_case(row, line.cells[1], CELL);
        snprintf(line.cells[2], CELL, "%s", row->any->kernel);
        for (int i = 0; i < lineup->runs->count; i++) {
            snprintf(line.cells[LEFT + i], CELL, "-");
            if (row->of[i])
                describe(row->of[i], line.cells[LEFT + i]);
        }
        put_line(doc, &line, false);
    }
    doc->format->end_table(doc);
}

void report_lineup(struct document *doc, const struct lineup *lineup)
{
    const struct document_format *f = doc->format;
    f->paragraph(doc, "Whole step as % of the FMA peak of the run's own machine, and the core "
                      "(scores, softmax, weighted sum) alone. Medians of the repetitions.");
    table_of(doc, lineup, peak_of);
    f->paragraph(doc, "Time of one step, all sequences together: median and quartiles.");
    table_of(doc, lineup, time_of);
    f->begin_fold(doc, "% of the machine's own DRAM read bandwidth");
    table_of(doc, lineup, bandwidth_of);
    f->end_fold(doc);
    f->begin_list(doc);
    f->file_item(doc, "tables/runs.csv", "all of this, run by run");
    f->end_list(doc);
}
