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

/* A row that may stand for its phase, and how many kernels its case has. */
struct candidate {
    const struct result_row *row;
    int kernels;
};

/* `most`: kernels that any case of the phase has. */
static bool represents_better(const struct candidate *one, const struct candidate *other, int most)
{
    const struct result_row *a = one->row, *b = other->row;
    const int64_t merits[][2] = {
        {!a->cold, !b->cold},
        {!*a->special, !*b->special},
        {4 * one->kernels >= 3 * most, 4 * other->kernels >= 3 * most},
        {a->threads, b->threads},
        {-a->batch, -b->batch},
        {a->cached + a->new_tokens, b->cached + b->new_tokens},
    };
    for (size_t i = 0; i < sizeof merits / sizeof merits[0]; i++)
        if (merits[i][0] != merits[i][1])
            return merits[i][0] > merits[i][1];
    return false;
}

/* Where the phase is in a list of `count` rows, or count. */
static int find_phase(const struct result_row *const *rows, int count, const char *phase)
{
    int i = 0;
    while (i < count && strcmp(rows[i]->phase, phase))
        i++;
    return i;
}

int plot_cases(const struct result_table *table, const char *family,
               const struct result_row *cases[PLOT_CASES_MAX])
{
    int count = 0, most[PLOT_CASES_MAX] = {0};
    struct candidate best[PLOT_CASES_MAX] = {{NULL, 0}};
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        int phase = find_phase(cases, count, row->phase);
        if (strcmp(row->family, family) || phase == PLOT_CASES_MAX)
            continue;
        if (phase == count)
            cases[count++] = row;
        int kernels = kernels_of(table, row);
        if (kernels > most[phase])
            most[phase] = kernels;
    }
    for (int i = 0; i < table->count; i++) {
        const struct candidate one = {&table->rows[i], kernels_of(table, &table->rows[i])};
        int phase = find_phase(cases, count, one.row->phase);
        if (strcmp(one.row->family, family) || phase == count)
            continue;
        if (!best[phase].row || represents_better(&one, &best[phase], most[phase]))
            best[phase] = one;
    }
    for (int phase = 0; phase < count; phase++)
        cases[phase] = best[phase].row;
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
    plot_phrase(special, sizeof special, row->special);
    snprintf(title, size, "%s%s%s%s, %s%s%s%s", phase, cached, fresh, batch, format, special,
             row->cold ? ", cold" : "", team);
}
