/* SPDX-License-Identifier: MIT
 *
 * The trade between speed, error and bytes: a panel of time against error, one of time against
 * bytes per token; a point per kernel and format, and what no other point beats as a line. After
 * the blocks of the series comes one per panel with that line. */
#include "harness/plot_draw.h"
#include "harness/trade.h"
#include "harness/units.h"

#include <stdio.h>
#include <string.h>

static double error_of(const struct result_row *row)
{
    return row->error.total_rms_rel;
}

static double bytes_of(const struct result_row *row)
{
    return (double)row->kv_cache.per_token;
}

static double (*const axes[])(const struct result_row *row) = {error_of, bytes_of};

static double seconds(const struct result_row *row, double ns)
{
    return 1e-9 * ns / result_tokens(row);
}

/* NULL `file` only counts. */
static int print_series(FILE *file, const struct result_table *table,
                        const struct result_row *leader, const char *series,
                        double (*x)(const struct result_row *row))
{
    int printed = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!trade_together(row, leader) || strcmp(row->series, series))
            continue;
        printed++;
        if (file)
            fprintf(file, "%.6g\t%.6g\t%.6g\t%.6g\t%d\t%d\t%.4g\t%.4g\n", x(row),
                    seconds(row, row->ns.median), seconds(row, row->ns.q1),
                    seconds(row, row->ns.q3), plot_format(row), trade_beaten(table, row),
                    row->error.format_rms_rel, row->error.rms_rel);
    }
    return printed;
}

/* Of the points that are faster than all with a smaller x the next after `last`, or NULL. */
static const struct result_row *next_of_front(const struct result_table *table,
                                              const struct result_row *leader,
                                              const struct result_row *last,
                                              double (*x)(const struct result_row *row))
{
    const struct result_row *next = NULL;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!trade_together(row, leader) || (last && row->ns.median >= last->ns.median))
            continue;
        if (!next || x(row) < x(next) || (x(row) == x(next) && row->ns.median < next->ns.median))
            next = row;
    }
    return next;
}

static void print_front(struct plot_draft *draft, const struct result_table *table,
                        const struct result_row *leader, double (*x)(const struct result_row *row))
{
    plot_block(draft, "(front)", 1, 2);
    const struct result_row *row = NULL;
    while ((row = next_of_front(table, leader, row, x)))
        fprintf(draft->data.file, "%.6g\t%.6g\n", x(row), seconds(row, row->ns.median));
}

static void set_texts(struct plot_draft *draft, const struct result_row *leader)
{
    char family[64], batch[64] = "", special[64], panel[320];
    plot_label(family, sizeof family, leader->family);
    plot_phrase(special, sizeof special, leader->special);
    if (leader->batch > 1)
        snprintf(batch, sizeof batch, ", batch %s%s", unit_count(leader->batch).s,
                 leader->ragged ? " ragged" : "");
    snprintf(panel, sizeof panel, "%s, %s tokens%s%s%s, %s thread%s", leader->phase,
             unit_tokens(plot_context(leader)).s, batch, special, leader->cold ? ", cold" : "",
             unit_count(leader->threads).s, leader->threads > 1 ? "s" : "");
    words_add(&draft->panels, panel);
    words_add(&draft->panels, "bytes");
    snprintf(draft->plot->title, sizeof draft->plot->title, "%s, by cache format", family);
    snprintf(draft->plot->caption, sizeof draft->plot->caption,
             "Speed, error and bytes of every kernel and cache format: %s, %s. Time per new token "
             "and layer against the error of o over the true rows (root mean square, relative; the "
             "format's and the arithmetic's together) and against the cache's bytes per token. "
             "Lines join what no other point beats in the panel; pale points are beaten by some "
             "other in all three (errors within a factor of %g count as equal). Inputs are "
             "normally distributed: of others, with outliers, formats with one scale for many "
             "columns lose more.",
             family, panel, TRADE_SAME_ERROR);
}

int plot_trade(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_table *table = maker->table;
    const struct result_row *leader = trade_leader(table, family);
    if (!leader) {
        plot_undrawable(maker, "%s: no plot of speed, error and bytes, no case has two formats.",
                        family);
        return 0;
    }
    struct plot_draft draft = {0};
    int code = plot_begin(maker, PLOT_TRADE, family,
                          "x\tmedian_s\tq1_s\tq3_s\tformat\tbeaten\tformat_rms_rel\t"
                          "arithmetic_rms_rel",
                          &draft, error, "trade");
    if (code)
        return code;
    set_texts(&draft, leader);
    plot_series(table, leader, trade_together, &draft.series);
    for (int p = 0; p < 2; p++)
        for (int s = 0; s < draft.series.count; s++) {
            const char *name = draft.series.item[s];
            plot_block(&draft, name, print_series(NULL, table, leader, name, axes[p]), 8);
            print_series(draft.data.file, table, leader, name, axes[p]);
        }
    for (int p = 0; p < 2; p++)
        print_front(&draft, table, leader, axes[p]);
    return plot_finish(maker, &draft, error);
}
