/* SPDX-License-Identifier: MIT
 *
 * Where a line of the summary holds, in words. */
#include "harness/report_summary.h"
#include "harness/units.h"

#include <stdio.h>
#include <string.h>

enum { CELL = 256, LONG = 90 /* characters, of what a reader takes in */ };

static int64_t context(const struct result_row *row)
{
    return row->cached > 0 ? row->cached : row->new_tokens;
}

/* What a case is beside its context, e.g. "batch 8 ragged, pages 64", or "". */
static void variant(const struct result_row *row, char *text, size_t size)
{
    char fresh[64] = "", batch[64] = "";
    if (row->cached > 0 && row->new_tokens > 1)
        snprintf(fresh, sizeof fresh, ", %s new", unit_tokens(row->new_tokens).s);
    if (row->batch > 1)
        snprintf(batch, sizeof batch, ", batch %s%s", unit_count(row->batch).s,
                 row->ragged ? " ragged" : "");
    snprintf(text, size, "%s%s%s", fresh, batch, row->special);
    if (text[0])
        memmove(text, text + 2, strlen(text) - 1);
}

static bool same_variant(const struct result_row *a, const struct result_row *b)
{
    return a->batch == b->batch && a->ragged == b->ragged && !strcmp(a->special, b->special) &&
           (a->cached == 0 || a->new_tokens == b->new_tokens) &&
           (a->cached == 0) == (b->cached == 0);
}

/* Whether another kernel is used at a context between those of the case's variant in its line. */
static bool interrupted(const struct summary *summary, const struct won *won, int64_t low,
                        int64_t high)
{
    for (int i = 0; i < summary->count; i++) {
        const struct won *other = &summary->cases[i];
        const struct result_row *row = other->use;
        if (other->line != won->line && summary_same_question(row, won->use) &&
            same_variant(row, won->use) && context(row) > low && context(row) < high)
            return true;
    }
    return false;
}

/* Contexts of a variant's cases in a line: "256 to 64k", or one by one. Those come in ascending
 * order, whatever that of the suite. */
static void say_contexts(const struct summary *summary, const struct won *won, char *text,
                         size_t size)
{
    int64_t low = INT64_MAX, high = -1;
    int distinct = 0;
    size_t used = 0;
    char list[CELL] = "";
    for (int64_t last = -1;;) {
        int64_t next = INT64_MAX;
        for (int i = 0; i < summary->count; i++) {
            const struct won *other = &summary->cases[i];
            int64_t own = context(other->use);
            if (other->line == won->line && own > last && own < next &&
                same_variant(other->use, won->use))
                next = own;
        }
        if (next == INT64_MAX)
            break;
        if (used < sizeof list - 32)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                                     unit_tokens(next).s);
        low = next < low ? next : low;
        high = last = next;
        distinct++;
    }
    if (distinct > 2 && !interrupted(summary, won, low, high))
        snprintf(text, size, "%s to %s", unit_tokens(low).s, unit_tokens(high).s);
    else
        snprintf(text, size, "%s", list);
}

void summary_where(const struct summary *summary, int line, char *text, size_t size)
{
    size_t used = 0;
    int left = 0;
    text[0] = 0;
    for (int i = 0; i < summary->count; i++) {
        const struct won *won = &summary->cases[i];
        bool first = won->line == line;
        for (int k = 0; first && k < i; k++)
            first =
                summary->cases[k].line != line || !same_variant(summary->cases[k].use, won->use);
        if (!first)
            continue;
        char contexts[CELL], other[160], part[2 * CELL];
        const struct result_row *row = won->use;
        say_contexts(summary, won, contexts, sizeof contexts);
        variant(row, other, sizeof other);
        snprintf(part, sizeof part, "%s%s %s%s%s", used ? "; " : "", contexts,
                 row->cached > 0 ? "cached" : "new", other[0] ? ", " : "", other);
        if (used == 0 || used + strlen(part) < LONG)
            used += (size_t)snprintf(text + used, size - used, "%s", part);
        else
            left++;
    }
    if (left)
        snprintf(text + used, size - used, "; and %d more", left);
}

static bool was_timed(const struct result_table *table, const struct result_row *in,
                      const char *kernel)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!strcmp(row->kernel, kernel) && !strcmp(row->model, in->model) &&
            row->threads == in->threads && result_same_work(row, in))
            return true;
    }
    return false;
}

const char *summary_absent(const struct summary *summary, int line)
{
    for (int i = 0, next = 0; i < summary->count; i++) {
        const struct result_row *elsewhere = summary->cases[i].use;
        bool asked = false, timed = summary->cases[i].line < next;
        if (!timed)
            next = summary->cases[i].line + 1; /* of a line one case will do */
        timed = timed || summary->cases[i].line == line;
        for (int k = 0; k < summary->count && !timed; k++) {
            const struct result_row *own = summary->cases[k].use;
            if (summary->cases[k].line != line || !summary_same_question(own, elsewhere))
                continue;
            asked = true;
            timed = was_timed(summary->table, own, elsewhere->kernel);
        }
        if (asked && !timed)
            return elsewhere->kernel;
    }
    return NULL;
}
