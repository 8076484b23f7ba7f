/* SPDX-License-Identifier: MIT
 *
 * % of each machine's own FMA peak: a plot per model and phase, a panel for one thread and one for
 * more, a row per kernel, a mark per run. */
#include "harness/plot_draw.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 6

enum { ALONE, TEAM, PANELS }; /* one thread, more */

/* The rows of one case, from first to before end. */
struct span {
    int first, end;
    int figures; /* rows times runs that have them */
    int runs;    /* the most that any of its rows has */
};

static struct span span_from(const struct lineup *lineup, int first)
{
    struct span span = {first, first, 0, 0};
    for (; span.end < lineup->count &&
           lineup_same_case(&lineup->rows[span.end], &lineup->rows[first]);
         span.end++) {
        const struct lineup_row *row = &lineup->rows[span.end];
        span.figures += row->runs;
        if (span.runs < row->runs)
            span.runs = row->runs;
    }
    return span;
}

static int panel_of(const struct lineup_row *row)
{
    return row->any->threads == 1 && !row->all_cpus ? ALONE : TEAM;
}

static bool shows_more(const struct lineup *lineup, const struct span *a, const struct span *b)
{
    const struct lineup_row *one = &lineup->rows[a->first], *other = &lineup->rows[b->first];
    int most = a->figures > b->figures ? a->figures : b->figures;
    const int64_t merits[][2] = {
        {a->runs, b->runs},
        {4 * a->figures >= 3 * most, 4 * b->figures >= 3 * most},
        {one->all_cpus, other->all_cpus},
        {one->any->threads, other->any->threads},
        {-one->any->batch, -other->any->batch},
        {one->any->cached + one->any->new_tokens, other->any->cached + other->any->new_tokens},
    };
    for (size_t i = 0; i < sizeof merits / sizeof merits[0]; i++)
        if (merits[i][0] != merits[i][1])
            return merits[i][0] > merits[i][1];
    return false;
}

/* Of the cases of a model's phase that at least two runs have the one for each panel; end 0: none.
 */
static void choose(const struct lineup *lineup, const struct lineup_row *of,
                   struct span spans[PANELS])
{
    for (struct span span = {0, 0, 0, 0}; span.end < lineup->count;) {
        span = span_from(lineup, span.end);
        const struct lineup_row *row = &lineup->rows[span.first];
        struct span *best = &spans[panel_of(row)];
        if (span.runs >= 2 && !strcmp(row->any->model, of->any->model) &&
            !strcmp(row->any->phase, of->any->phase) &&
            (best->end == 0 || shows_more(lineup, &span, best)))
            *best = span;
    }
}

/* A line per kernel, of NaN where the run has no figure. */
static void print_run(struct plot_draft *draft, const struct lineup *lineup,
                      const struct span *span, int run)
{
    FILE *file = draft->data.file;
    plot_block(draft, draft->series.item[run], span->end - span->first, COLUMNS);
    for (int r = span->first; r < span->end; r++) {
        const struct result_row *row = lineup->rows[r].of[run];
        fprintf(file, "%d\t%s\t", r - span->first, lineup->rows[r].any->series);
        if (row && row->pct_fma_peak.n > 0)
            fprintf(file, "%.4g\t%.4g\t%.4g\t%.4g\n", row->pct_fma_peak.median,
                    row->pct_fma_peak.q1, row->pct_fma_peak.q3, row->core_pct_fma_peak.median);
        else
            fprintf(file, "NaN\tNaN\tNaN\tNaN\n");
    }
}

static void print_panel(struct plot_draft *draft, const struct lineup *lineup,
                        const struct span *span)
{
    char title[96];
    const struct lineup_row *row = &lineup->rows[span->first];
    plot_case_title(row->any, row->all_cpus ? 0 : row->any->threads, title, sizeof title);
    if (row->all_cpus)
        snprintf(title + strlen(title), sizeof title - strlen(title), ", all CPUs");
    words_add(&draft->panels, title);
    for (int run = 0; run < lineup->runs->count; run++)
        print_run(draft, lineup, span, run);
}

static void add_series(struct plot_draft *draft, const struct stored_run *run)
{
    char label[96];
    plot_phrase(label, sizeof label, run->label);
    words_add(&draft->series, label);
}

static void set_texts(struct plot *plot, const struct result_row *row)
{
    char phase[32];
    plot_label(phase, sizeof phase, row->phase);
    plot_label(plot->title, sizeof plot->title, row->model);
    snprintf(
        plot->caption, sizeof plot->caption,
        "Speed as %% of the FMA peak that each run's own machine showed in the same round on "
        "as many threads: %s, %s. Marks are medians of the whole step, bars their quartiles, short "
        "ticks the core (scores, softmax, weighted sum) alone; a kernel without a mark was not "
        "timed there.",
        plot->title, phase);
}

int plot_machines(struct plot_maker *maker, const struct lineup *lineup,
                  const struct lineup_row *of, struct mla_error *error)
{
    struct span spans[PANELS] = {{0, 0, 0, 0}};
    struct plot_draft draft = {0};
    choose(lineup, of, spans);
    if (spans[ALONE].end + spans[TEAM].end == 0)
        return 0;
    int code = plot_begin(maker, PLOT_MACHINES, of->any->model,
                          "row\tkernel\tmedian_pct\tq1_pct\tq3_pct\tcore_median_pct", &draft, error,
                          "%s-machines", of->any->phase);
    if (code)
        return code;
    for (int run = 0; run < lineup->runs->count; run++)
        add_series(&draft, &lineup->runs->items[run]);
    for (int p = 0; p < PANELS; p++)
        if (spans[p].end)
            print_panel(&draft, lineup, &spans[p]);
    set_texts(draft.plot, of->any);
    return plot_finish(maker, &draft, error);
}
