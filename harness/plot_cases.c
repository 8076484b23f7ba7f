/* SPDX-License-Identifier: MIT
 *
 * Which rows belong together in a plot. */
#include "harness/plot_draw.h"
#include "harness/suite.h"
#include "harness/units.h"

#include <stdio.h>
#include <string.h>

enum { FORMATS = sizeof format_names / sizeof format_names[0] };

static bool is_prefill(const struct result_row *row)
{
    return row->cached == 0;
}

int64_t plot_context(const struct result_row *row)
{
    return is_prefill(row) ? row->new_tokens : row->cached;
}

bool plot_same_group(const struct result_row *a, const struct result_row *b)
{
    return !strcmp(a->family, b->family) && !strcmp(a->phase, b->phase) &&
           !strcmp(a->format, b->format) && a->batch == b->batch && a->ragged == b->ragged &&
           a->cold == b->cold && !strcmp(a->special, b->special) &&
           (a->new_tokens == b->new_tokens || (is_prefill(a) && is_prefill(b)));
}

void plot_series(const struct result_table *table, const struct result_row *of,
                 bool (*go_together)(const struct result_row *, const struct result_row *),
                 struct words *series)
{
    for (const struct result_row *last = NULL;;) {
        const struct result_row *next = NULL;
        for (int i = 0; i < table->count; i++) {
            const struct result_row *row = &table->rows[i];
            if (go_together(row, of) && (!last || result_kernel_order(row, last) > 0) &&
                (!next || result_kernel_order(row, next) < 0))
                next = row;
        }
        if (!next)
            return;
        words_add(series, next->series);
        last = next;
    }
}

const struct result_row *plot_find(const struct result_table *table, const struct result_row *work,
                                   const char *series, int64_t threads)
{
    const struct result_row *found = NULL;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row->threads == threads && result_same_work(row, work) &&
            !strcmp(row->series, series) && (!found || row->ns.median < found->ns.median))
            found = row;
    }
    return found;
}

/* Rows of the same work at the same number of threads. */
static int kernels_of(const struct result_table *table, const struct result_row *work)
{
    int kernels = 0;
    for (int i = 0; i < table->count; i++)
        kernels +=
            table->rows[i].threads == work->threads && result_same_work(&table->rows[i], work);
    return kernels;
}

/* The most kernels that any case of a row's family and phase has. */
static int most_kernels(const struct result_table *table, const struct result_row *of)
{
    int most = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        int kernels = !strcmp(row->family, of->family) && !strcmp(row->phase, of->phase)
                          ? kernels_of(table, row)
                          : 0;
        if (kernels > most)
            most = kernels;
    }
    return most;
}

static bool represents_better(const struct result_table *table, const struct result_row *a,
                              const struct result_row *b)
{
    int enough = most_kernels(table, a);
    const int64_t merits[][2] = {
        {!a->cold, !b->cold},
        {!*a->special, !*b->special},
        {4 * kernels_of(table, a) >= 3 * enough, 4 * kernels_of(table, b) >= 3 * enough},
        {a->threads, b->threads},
        {-a->batch, -b->batch},
        {a->cached + a->new_tokens, b->cached + b->new_tokens},
    };
    for (size_t i = 0; i < sizeof merits / sizeof merits[0]; i++)
        if (merits[i][0] != merits[i][1])
            return merits[i][0] > merits[i][1];
    return false;
}

int plot_cases(const struct result_table *table, const char *family,
               const struct result_row *cases[PLOT_CASES_MAX])
{
    int count = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (strcmp(row->family, family))
            continue;
        int known = 0;
        while (known < count && strcmp(cases[known]->phase, row->phase))
            known++;
        if (known == PLOT_CASES_MAX)
            continue;
        if (known == count)
            cases[count++] = row;
        else if (represents_better(table, row, cases[known]))
            cases[known] = row;
    }
    return count;
}

int plot_format(const struct result_row *row)
{
    int format = 0;
    while (format < FORMATS && strcmp(format_names[format], row->format) != 0)
        format++;
    return format;
}

void plot_case_title(const struct result_row *row, int64_t threads, char *title, size_t size)
{
    char phase[32], format[16], cached[64] = "", fresh[64] = "", batch[64] = "", team[64] = "",
                                special[64];
    plot_label(phase, sizeof phase, row->phase);
    plot_label(format, sizeof format, row->format);
    if (row->cached > 0)
        snprintf(cached, sizeof cached, ", %s cached", unit_tokens(row->cached).s);
    if (row->new_tokens > 1)
        snprintf(fresh, sizeof fresh, ", %s new", unit_tokens(row->new_tokens).s);
    if (row->batch > 1)
        snprintf(batch, sizeof batch, ", batch %s%s", unit_count(row->batch).s,
                 row->ragged ? " ragged" : "");
    if (threads > 0)
        snprintf(team, sizeof team, ", %s thread%s", unit_count(threads).s, threads > 1 ? "s" : "");
    plot_label(special, sizeof special, row->special);
    snprintf(title, size, "%s%s%s%s, %s%s%s%s", phase, cached, fresh, batch, format, special,
             row->cold ? ", cold" : "", team);
}
