/* SPDX-License-Identifier: MIT
 *
 * Time per new token against context: a plot per model, phase, batch and format that has at least
 * two contexts, a panel per number of threads, a line per kernel. */
#include "harness/plot_draw.h"
#include "harness/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PANELS_MAX   4
#define CONTEXTS_MAX 64

/* Distinct values of a group, ascending. Returns how many there are, at most `most`. */
static int distinct(const struct result_table *table, const struct result_row *leader,
                    int64_t (*value)(const struct result_row *row), int64_t *values, int most)
{
    int count = 0;
    for (int64_t last = -1; count < most;) {
        int64_t next = INT64_MAX;
        for (int i = 0; i < table->count; i++) {
            int64_t v = value(&table->rows[i]);
            if (plot_same_group(&table->rows[i], leader) && v > last && v < next)
                next = v;
        }
        if (next == INT64_MAX)
            break;
        values[count++] = last = next;
    }
    return count;
}

static int64_t threads_of(const struct result_row *row)
{
    return row->threads;
}

/* The row to draw for a series at one context, or NULL. */
static const struct result_row *point(const struct result_table *table,
                                      const struct result_row *leader, const char *series,
                                      int64_t threads, int64_t context)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (plot_same_group(row, leader) && plot_context(row) == context &&
            row->threads == threads && !strcmp(row->series, series))
            return plot_find(table, row, series, threads);
    }
    return NULL;
}

/* One line in one panel. NULL `file` only counts. */
static int print_line(FILE *file, const struct result_table *table, const struct result_row *leader,
                      const char *series, int64_t threads, const int64_t *contexts, int count)
{
    int printed = 0;
    for (int c = 0; c < count; c++) {
        const struct result_row *row = point(table, leader, series, threads, contexts[c]);
        if (!row)
            continue;
        double seconds = 1e-9 / result_tokens(row);
        printed++;
        if (file)
            fprintf(file, "%" PRId64 "\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%d\n", contexts[c],
                    row->ns.median * seconds, row->ns.q1 * seconds, row->ns.q3 * seconds,
                    row->ns.min * seconds, row->ns.max * seconds, row->ns.n);
    }
    return printed;
}

static void set_texts(struct plot_draft *draft, const struct result_row *leader)
{
    char family[64], phase[32], format[16], batch[64], tokens[64] = "", special[64];
    plot_label(family, sizeof family, leader->family);
    plot_label(phase, sizeof phase, leader->phase);
    plot_label(format, sizeof format, leader->format);
    plot_phrase(special, sizeof special, leader->special);
    snprintf(batch, sizeof batch, "batch %s%s", unit_count(leader->batch).s,
             leader->ragged ? " ragged" : "");
    if (leader->cached > 0 && leader->new_tokens > 1)
        snprintf(tokens, sizeof tokens, ", %s new", unit_tokens(leader->new_tokens).s);
    snprintf(draft->plot->title, sizeof draft->plot->title, "%s, %s%s, %s, %s%s%s", family, phase,
             tokens, batch, format, special, leader->cold ? ", cold" : "");
    snprintf(draft->x_label, sizeof draft->x_label, "%s",
             leader->cached > 0 ? "cached tokens" : "prompt tokens");
    snprintf(draft->plot->caption, sizeof draft->plot->caption,
             "Time per new token against context: %s. Points are medians of the repetitions, bars "
             "their quartiles; both axes are logarithmic. One attention layer: storing the new "
             "tokens' rows and attending. Of MHA, GQA-8 and MQA the fastest kernel.",
             draft->plot->title);
}

static int begin(struct plot_maker *maker, const struct result_row *leader,
                 struct plot_draft *draft, struct mla_error *error)
{
    char fresh[32] = "";
    if (leader->cached > 0 && leader->new_tokens > 1)
        snprintf(fresh, sizeof fresh, "-new%" PRId64, leader->new_tokens);
    return plot_begin(maker, PLOT_LATENCY, leader->family,
                      "context_tokens\tmedian_s\tq1_s\tq3_s\tmin_s\tmax_s\trepetitions", draft,
                      error, "%s%s-batch%" PRId64 "%s-%s%s%s-latency", leader->phase, fresh,
                      leader->batch, leader->ragged ? "r" : "", leader->format, leader->tag,
                      leader->cold ? "-cold" : "");
}

static int draw_group(struct plot_maker *maker, const struct result_row *leader,
                      struct mla_error *error)
{
    const struct result_table *table = maker->table;
    int64_t contexts[CONTEXTS_MAX], threads[PANELS_MAX];
    int context_count = distinct(table, leader, plot_context, contexts, CONTEXTS_MAX);
    int panels = distinct(table, leader, threads_of, threads, PANELS_MAX);
    if (context_count < 2) {
        plot_undrawable(maker,
                        "%s, %s, batch %s%s%s: no plot of time against context, there is only "
                        "one context.",
                        leader->family, leader->phase, unit_count(leader->batch).s, leader->special,
                        leader->cold ? ", cold" : "");
        return 0;
    }
    struct plot_draft draft = {0};
    int code = begin(maker, leader, &draft, error);
    if (code)
        return code;
    set_texts(&draft, leader);
    plot_series(table, leader, plot_same_group, &draft.series);
    for (int p = 0; p < panels; p++) {
        char panel[64];
        snprintf(panel, sizeof panel, "%s thread%s", unit_count(threads[p]).s,
                 threads[p] == 1 ? "" : "s");
        words_add(&draft.panels, panel);
        for (int s = 0; s < draft.series.count; s++) {
            const char *name = draft.series.item[s];
            int rows = print_line(NULL, table, leader, name, threads[p], contexts, context_count);
            plot_block(&draft, name, rows, 7);
            print_line(draft.data.file, table, leader, name, threads[p], contexts, context_count);
        }
    }
    return plot_finish(maker, &draft, error);
}

int plot_latency(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_table *table = maker->table;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (strcmp(row->family, family))
            continue;
        int first = 0;
        while (!plot_same_group(&table->rows[first], row))
            first++;
        int code = first == i ? draw_group(maker, row, error) : 0;
        if (code)
            return code;
    }
    return 0;
}
