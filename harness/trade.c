/* SPDX-License-Identifier: MIT */
#include "harness/trade.h"

#include <string.h>

bool trade_takes(const struct result_row *row)
{
    return !row->baseline && row->ns.median > 0 && row->error.total_rms_rel > 0 &&
           row->kv_cache.per_token > 0;
}

bool trade_together(const struct result_row *a, const struct result_row *b)
{
    struct result_row other = *b;
    other.format = a->format;
    return trade_takes(a) && trade_takes(b) && a->threads == b->threads &&
           result_same_work(a, &other);
}

static bool beats(const struct result_row *a, const struct result_row *b)
{
    double error = a->error.total_rms_rel, other_error = b->error.total_rms_rel;
    bool worse = a->ns.median > b->ns.median || error > TRADE_SAME_ERROR * other_error ||
                 a->kv_cache.per_token > b->kv_cache.per_token;
    bool better = a->ns.median < b->ns.median || other_error > TRADE_SAME_ERROR * error ||
                  a->kv_cache.per_token < b->kv_cache.per_token;
    return better && !worse;
}

bool trade_beaten(const struct result_table *table, const struct result_row *row)
{
    for (int i = 0; i < table->count; i++)
        if (trade_together(&table->rows[i], row) && beats(&table->rows[i], row))
            return true;
    return false;
}

/* How many rows and formats go together with this one. */
static void count(const struct result_table *table, const struct result_row *of, int *rows,
                  int *formats)
{
    *rows = *formats = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!trade_together(row, of))
            continue;
        int first = 0;
        while (!trade_together(&table->rows[first], of) ||
               strcmp(table->rows[first].format, row->format))
            first++;
        *formats += first == i;
        ++*rows;
    }
}

const struct result_row *trade_leader(const struct result_table *table, const char *family)
{
    const struct result_row *leader = NULL;
    int most_rows = 0, most_formats = 1;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        int rows, formats;
        if (strcmp(row->family, family) || !trade_takes(row))
            continue;
        count(table, row, &rows, &formats);
        int more = formats != most_formats ? formats - most_formats : rows - most_rows;
        if (formats > 1 &&
            (more > 0 ||
             (more == 0 && (row->cached > leader->cached ||
                            (row->cached == leader->cached && row->threads > leader->threads))))) {
            leader = row;
            most_rows = rows;
            most_formats = formats;
        }
    }
    return leader;
}
