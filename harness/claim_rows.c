/* SPDX-License-Identifier: MIT */
#include "harness/claim_rows.h"

#include <math.h>
#include <string.h>

bool claim_row_ordinary(const struct result_row *row)
{
    return row->batch == 1 && !row->ragged && !row->cold && !row->special[0] && row->ns.n > 0;
}

static bool same_case(const struct result_row *a, const struct result_row *b)
{
    return !strcmp(a->family, b->family) && !strcmp(a->format, b->format) &&
           a->threads == b->threads && a->cached == b->cached && a->new_tokens == b->new_tokens;
}

const struct result_row *claim_row(const struct result_table *table, const struct result_row *work,
                                   const char *cache, const char *order)
{
    const struct result_row *best = NULL;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (claim_row_ordinary(row) && same_case(row, work) && !strcmp(result_cache(row), cache) &&
            (!order || !strcmp(row->order, order)) && (!best || row->ns.median < best->ns.median))
            best = row;
    }
    return best;
}

double claim_time(const struct result_row *row)
{
    return row ? row->ns.median : NAN;
}

double claim_flops(const struct result_row *row)
{
    return row ? result_number(row->repetitions[0], "flops") : NAN;
}

bool claim_row_repeats(const struct result_table *table, int index)
{
    for (int i = 0; i < index; i++)
        if (claim_row_ordinary(&table->rows[i]) && same_case(&table->rows[i], &table->rows[index]))
            return true;
    return false;
}
