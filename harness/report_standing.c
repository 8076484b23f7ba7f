/* SPDX-License-Identifier: MIT */
#include "harness/report_standing.h"

#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool compete(const struct result_row *a, const struct result_row *b)
{
    return a->threads == b->threads && !strcmp(a->model, b->model) && result_same_work(a, b);
}

struct standing standing_of(const struct result_table *table, const struct result_row *of)
{
    struct standing s = {.best = of, .times = NAN};
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row == of || !compete(row, of))
            continue;
        if (row->ns.median < s.best->ns.median) {
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
    return s;
}

bool standing_leads(const struct result_table *table, const struct result_row *row)
{
    for (const struct result_row *other = table->rows; other < row; other++)
        if (compete(other, row))
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
