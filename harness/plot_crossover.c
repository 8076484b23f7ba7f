/* SPDX-License-Identifier: MIT
 *
 * Time per new token against the number of new tokens: a plot per group of harness/crossover.h, a
 * line per kernel. After the kernels' blocks come two more: the crossover by FLOPs, and each end of
 * the measured one with the pair's time there. */
#include "harness/crossover.h"
#include "harness/plot_draw.h"
#include "harness/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 8

static void print_line(struct plot_draft *draft, const struct result_table *table,
                       const struct result_row *leader, const char *series)
{
    int rows = 0;
    for (int64_t n = 0, next;; n = next) {
        const struct result_row *row = NULL;
        next = INT64_MAX;
        for (int i = 0; i < table->count; i++) {
            const struct result_row *r = &table->rows[i];
            if (!strcmp(r->series, series) && r->new_tokens > n && r->new_tokens < next &&
                crossover_same_group(r, leader)) {
                row = r;
                next = r->new_tokens;
            }
        }
        if (!row)
            break;
        if (rows++ == 0)
            plot_block(draft, series, 1, COLUMNS);
        double seconds = 1e-9 / result_tokens(row);
        fprintf(draft->data.file, "%" PRId64 "\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%d\t%d\n",
                row->new_tokens, row->ns.median * seconds, row->ns.q1 * seconds,
                row->ns.q3 * seconds, row->ns.min * seconds, row->ns.max * seconds, row->ns.n,
                !strcmp(row->order, "absorbed"));
    }
}

/* Seconds per new token of the pair's absorbed kernel where both take the same. */
static double seconds_at(const struct result_table *table, const struct crossover *crossover,
                         double tokens)
{
    int i = 1;
    while (i + 1 < crossover->count && (double)crossover->tokens[i] < tokens)
        i++;
    double x[2], y[2];
    for (int k = 0; k < 2; k++) {
        const struct result_row *row = crossover_row(
            table, crossover->leader, crossover->absorbed->kernel, crossover->tokens[i - 1 + k]);
        x[k] = log((double)row->new_tokens);
        y[k] = log(1e-9 * row->ns.median / result_tokens(row));
    }
    return exp(y[0] + (y[1] - y[0]) * (log(tokens) - x[0]) / (x[1] - x[0]));
}

static void print_crossings(struct plot_draft *draft, const struct result_table *table,
                            const struct crossover *crossover)
{
    const struct crossing *flops = &crossover->by_flops, *measured = &crossover->measured;
    static const char nans[] = "\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN";
    plot_block(draft, "(crossover by FLOPs)", flops->count > 0, COLUMNS);
    if (flops->count > 0)
        fprintf(draft->data.file, "%.6g\tNaN%s\n", flops->first, nans);
    plot_block(draft, "(measured crossover)", measured->count > 0, COLUMNS);
    const double ends[] = {measured->first, measured->last};
    for (int i = 0; i < measured->count && i < 2; i++)
        fprintf(draft->data.file, "%.6g\t%.6g%s\n", ends[i], seconds_at(table, crossover, ends[i]),
                nans);
}

/* One sentence each. */
static void say_measured(const struct crossover *crossover, char *text, size_t size)
{
    char words[160], absorbed[64], reexpanded[64];
    int count = crossover->measured.count;
    crossover_words(crossover, &crossover->measured, "is faster", words, sizeof words);
    plot_label(absorbed, sizeof absorbed, crossover->absorbed->kernel);
    plot_label(reexpanded, sizeof reexpanded, crossover->reexpanded->kernel);
    snprintf(text, size, "%s: %s, measured between %s and %s.",
             count > 1    ? "Solid lines and rings"
             : count == 1 ? "Solid line and ring"
                          : "No solid line",
             words, absorbed, reexpanded);
}

static void say_by_flops(const struct crossover *crossover, char *text, size_t size)
{
    char words[160];
    int count = crossover->by_flops.count;
    crossover_words(crossover, &crossover->by_flops, "takes fewer FLOPs", words, sizeof words);
    if (count < 0)
        snprintf(text, size, "No dashed line: the FLOPs are not known.");
    else
        snprintf(text, size,
                 "%s: %s by the accounting; times would cross there if both orders ran "
                 "equally efficiently.",
                 count > 0 ? "Dashed line" : "No dashed line", words);
}

static void set_texts(struct plot_draft *draft, const struct crossover *crossover)
{
    char family[64], name[128], measured[384], by_flops[384];
    struct plot *plot = draft->plot;
    plot_label(family, sizeof family, crossover->leader->family);
    crossover_case(crossover->leader, name, sizeof name);
    say_measured(crossover, measured, sizeof measured);
    say_by_flops(crossover, by_flops, sizeof by_flops);
    snprintf(plot->title, sizeof plot->title, "%s, %s", family, name);
    snprintf(draft->x_label, sizeof draft->x_label, "new tokens at once");
    snprintf(plot->caption, sizeof plot->caption,
             "Absorb, or expand the latent anew: time per new token of the whole step against the "
             "number of new tokens, %s. Points are medians of the repetitions, bars their "
             "quartiles; both axes are logarithmic, and between points crossovers are interpolated "
             "along straight lines. %s %s",
             plot->title, measured, by_flops);
}

static int draw_group(struct plot_maker *maker, const struct crossover *crossover,
                      struct mla_error *error)
{
    const struct result_row *leader = crossover->leader;
    struct plot_draft draft = {0};
    int code = plot_begin(
        maker, PLOT_CROSSOVER, leader->family,
        "new_tokens\tmedian_s\tq1_s\tq3_s\tmin_s\tmax_s\trepetitions\tabsorbed", &draft, error,
        "cached%" PRId64 "-batch%" PRId64 "%s-threads%" PRId64 "-%s%s%s-crossover", leader->cached,
        leader->batch, leader->ragged ? "r" : "", leader->threads, leader->format, leader->tag,
        leader->cold ? "-cold" : "");
    if (code)
        return code;
    set_texts(&draft, crossover);
    words_add(&draft.panels, "all");
    plot_series(maker->table, leader, crossover_same_group, &draft.series);
    for (int s = 0; s < draft.series.count; s++)
        print_line(&draft, maker->table, leader, draft.series.item[s]);
    print_crossings(&draft, maker->table, crossover);
    return plot_finish(maker, &draft, error);
}

int plot_crossover(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_table *table = maker->table;
    int code = 0;
    for (int i = 0; !code && i < table->count; i++) {
        struct crossover crossover;
        if (!strcmp(table->rows[i].family, family) && crossover_at(table, i, &crossover))
            code = draw_group(maker, &crossover, error);
    }
    return code;
}
