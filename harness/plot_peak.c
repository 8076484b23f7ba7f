/* SPDX-License-Identifier: MIT
 *
 * % of the FMA peak: a panel per phase, a row per kernel, a mark per number of threads. */
#include "harness/plot_draw.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEAMS_MAX 4

/* Numbers of threads in any of the cases, ascending. */
static int teams(const struct result_table *table, const struct result_row *const *cases, int count,
                 int64_t *threads)
{
    int found = 0;
    for (int64_t last = 0; found < TEAMS_MAX;) {
        int64_t next = INT64_MAX;
        for (int i = 0; i < table->count; i++)
            for (int c = 0; c < count; c++)
                if (result_same_work(&table->rows[i], cases[c]) && table->rows[i].threads > last &&
                    table->rows[i].threads < next)
                    next = table->rows[i].threads;
        if (next == INT64_MAX)
            break;
        threads[found++] = last = next;
    }
    return found;
}

/* A line per kernel, of NaN where it has no figure. Returns how many have. */
static int print_team(FILE *file, const struct result_table *table, const struct result_row *work,
                      const struct words *kernels, int64_t threads)
{
    int figures = 0;
    for (int k = 0; k < kernels->count; k++) {
        const struct result_row *row = plot_find(table, work, kernels->item[k], threads);
        fprintf(file, "%d\t%s\t", k, kernels->item[k]);
        if (row && row->pct_fma_peak.n > 0)
            fprintf(file, "%.4g\t%.4g\t%.4g\t%.4g\n", row->pct_fma_peak.median,
                    row->pct_fma_peak.q1, row->pct_fma_peak.q3, row->core_pct_fma_peak.median);
        else
            fprintf(file, "NaN\tNaN\tNaN\tNaN\n");
        figures += row && row->pct_fma_peak.n > 0;
    }
    return figures;
}

static int print_panels(struct plot_draft *draft, const struct result_table *table,
                        const struct result_row *const *cases, int count, const int64_t *threads)
{
    int figures = 0;
    for (int c = 0; c < count; c++) {
        char title[96];
        struct words kernels = {0};
        plot_series(table, cases[c], result_same_work, &kernels);
        plot_case_title(cases[c], 0, title, sizeof title);
        words_add(&draft->panels, title);
        for (int t = 0; t < draft->labels.count; t++) {
            plot_block(draft, draft->labels.item[t], kernels.count, 6);
            figures += print_team(draft->data.file, table, cases[c], &kernels, threads[t]);
        }
    }
    return figures;
}

int plot_peak(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_row *cases[PLOT_CASES_MAX];
    int count = plot_cases(maker->table, family, cases);
    int64_t threads[TEAMS_MAX] = {0};
    int team_count = teams(maker->table, cases, count, threads);
    struct plot_draft draft = {0};
    int code = plot_begin(maker, PLOT_PEAK, family,
                          "row\tkernel\tmedian_pct\tq1_pct\tq3_pct\tcore_median_pct", &draft, error,
                          "fma-peak");
    if (code)
        return code;
    for (int t = 0; t < team_count; t++) {
        char label[64];
        snprintf(label, sizeof label, "%s thread%s", unit_count(threads[t]).s,
                 threads[t] == 1 ? "" : "s");
        words_add(&draft.labels, label);
    }
    if (print_panels(&draft, maker->table, cases, count, threads) == 0)
        plot_undrawable(maker, "%s: the plot of %% of FMA peak is empty, no peak was measured.",
                        family);
    plot_label(draft.plot->title, sizeof draft.plot->title, family);
    snprintf(draft.plot->caption, sizeof draft.plot->caption,
             "Speed as %% of the FMA peak that the same round measured on as many threads: %s. "
             "Marks are medians of the whole step, bars their quartiles, short ticks the core "
             "(scores, softmax, weighted sum) alone. FLOPs by the accounting. Of MHA, "
             "GQA-8 and MQA the fastest kernel.",
             draft.plot->title);
    return plot_finish(maker, &draft, error);
}
