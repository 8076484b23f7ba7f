/* SPDX-License-Identifier: MIT */
#include "harness/report_standing.h"

#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool standing_compete(const struct result_row *a, const struct result_row *b)
{
    return a->threads == b->threads && !strcmp(a->model, b->model) && result_same_work(a, b);
}

/* What a choice and what noise may cost `auto`, or spare it, beside the kernel it chose. */
static const double as_long = 1.1;

static bool is_auto(const struct result_row *row)
{
    return strcmp(row->kernel, "auto") == 0;
}

bool standing_left_out(const struct result_table *table, const struct result_row *row)
{
    if (!is_auto(row))
        return false;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *other = &table->rows[i];
        double times = other->ns.median / row->ns.median;
        if (!is_auto(other) && standing_compete(other, row) && !strcmp(other->order, row->order) &&
            times <= as_long && times >= 1 / as_long &&
            contest(table, row, other).verdict != CONTEST_SLOWER)
            return true;
    }
    return false;
}

struct standing standing_of(const struct result_table *table, const struct result_row *of)
{
    struct standing s = {.best = NULL, .times = NAN};
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!standing_compete(row, of) || standing_left_out(table, row))
            continue;
        if (!s.best || row->ns.median < s.best->ns.median) {
            s.second = s.best;
            s.best = row;
        } else if (!s.second || row->ns.median < s.second->ns.median) {
            s.second = row;
        }
    }
    if (!s.second)
        return s;
    s.times = s.second->ns.median / s.best->ns.median;
    s.contest = contest(table, s.best, s.second);
    s.sure = s.contest.verdict == CONTEST_SLOWER;
    for (int i = 0; i < table->count && s.sure; i++) {
        const struct result_row *row = &table->rows[i];
        if (row == s.best || row == s.second || !standing_compete(row, of) ||
            standing_left_out(table, row))
            continue;
        struct contest other = contest(table, s.best, row);
        s.sure = other.verdict == CONTEST_SLOWER;
        if (!s.sure)
            s.contest = other;
    }
    return s;
}

bool standing_leads(const struct result_table *table, const struct result_row *row)
{
    for (const struct result_row *other = table->rows; other < row; other++)
        if (standing_compete(other, row))
            return false;
    return true;
}

void standing_words(const struct standing *s, char *text, unsigned long size)
{
    if (!s->second)
        snprintf(text, size, "only one");
    else if (s->sure)
        snprintf(text, size, "sure: second takes %s to %s more",
                 unit_percent(100 * expm1(s->contest.change.low)).s,
                 unit_percent(100 * expm1(s->contest.change.high)).s);
    else
        snprintf(text, size, "unresolved: %s",
                 s->contest.why ? s->contest.why : "medians and rounds disagree");
}
