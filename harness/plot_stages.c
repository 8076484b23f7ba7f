/* SPDX-License-Identifier: MIT
 *
 * Where the time goes: stacked bars, a panel per phase, a bar per kernel. Shares, because a linear
 * axis of times would show the slowest kernel only; the time itself stands beside the bar. */
#include "harness/plot_draw.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const stages[] = {"absorb", "core", "value_up", "store"};
#define STAGES (int)(sizeof stages / sizeof stages[0])

/* Ends of the stages' bars in % of the median time, stacked. Medians of parts need not add up to
 * the median of the whole: where they exceed it they are shrunk. Returns whether any stage was
 * announced beside `store`, which is timed around the kernel. */
static bool stack(const struct result_row *row, double ends[STAGES])
{
    double sum = 0;
    bool announced = false;
    for (int s = 0; s < STAGES; s++) {
        double median = result_spread(row, "stages", stages[s]).median;
        announced = announced || (isfinite(median) && strcmp(stages[s], "store"));
        sum += isfinite(median) ? fmax(median, 0) : 0;
        ends[s] = sum;
    }
    for (int s = 0; s < STAGES; s++)
        ends[s] *= 100 / fmax(sum, row->ns.median);
    return announced;
}

static void print_bar(FILE *file, int y, const char *series, const struct result_row *row)
{
    double ends[STAGES] = {0};
    bool announced = stack(row, ends);
    fprintf(file, "%d\t%s\t", y, series);
    for (int s = 0; s < STAGES; s++)
        fprintf(file, "%.4g\t", ends[s]);
    fprintf(file, "100\t%s%s\n", unit_time(row->ns.median).s, announced ? "" : " *");
}

static bool same_step(const struct result_row *a, const struct result_row *b)
{
    return a->threads == b->threads && result_same_work(a, b);
}

int plot_stages(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_row *cases[PLOT_CASES_MAX];
    int count = plot_cases(maker->table, family, cases);
    struct plot_draft draft = {0};
    int code = plot_begin(maker, PLOT_STAGES, family,
                          "row\tkernel\tabsorb_end_pct\tcore_end_pct\tvalue_up_end_pct\t"
                          "store_end_pct\tend_pct\tmedian_time",
                          &draft, error, "stages");
    if (code)
        return code;
    for (int c = 0; c < count; c++) {
        char title[96];
        struct words kernels = {0};
        plot_series(maker->table, cases[c], same_step, &kernels);
        plot_case_title(cases[c], cases[c]->threads, title, sizeof title);
        words_add(&draft.panels, title);
        plot_block(&draft, title, kernels.count, 8);
        for (int k = 0; k < kernels.count; k++)
            print_bar(draft.data.file, k, kernels.item[k],
                      plot_find(maker->table, cases[c], kernels.item[k], cases[c]->threads));
    }
    plot_label(draft.plot->title, sizeof draft.plot->title, family);
    snprintf(draft.plot->caption, sizeof draft.plot->caption,
             "Where the time of one step goes: %s. Medians over the repetitions, averaged over "
             "threads; what is left to 100 %% is waiting for other threads and what no stage "
             "covers. The median time is at the right; an asterisk marks a kernel that announces "
             "no stages. Of MHA, GQA-8 and MQA the fastest kernel.",
             draft.plot->title);
    return plot_finish(maker, &draft, error);
}
