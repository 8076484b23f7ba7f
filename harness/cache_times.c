/* SPDX-License-Identifier: MIT */
#include "harness/cache_times.h"

#include <string.h>

static bool is_about(const struct result_row *row, const struct model *model,
                     const struct cache_kind *kind, enum mla_format format)
{
    if (row->ragged || row->cold || row->special[0] || strcmp(row->format, format_names[format]))
        return false;
    if (model->kind == MODEL_MHA)
        return strcmp(row->model, model->name) == 0;
    return strcmp(row->family, model->name) == 0 && strcmp(result_cache(row), kind->name) == 0;
}

int cache_times(const struct result_table *table, const struct model *model,
                const struct cache_kind *kind, enum mla_format format,
                const struct result_row **rows, int most)
{
    int count = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        bool fastest = is_about(row, model, kind, format);
        for (int k = 0; k < table->count && fastest; k++) {
            const struct result_row *other = &table->rows[k];
            fastest = k == i || !is_about(other, model, kind, format) ||
                      other->threads != row->threads || !result_same_work(other, row) ||
                      row->ns.median < other->ns.median ||
                      (row->ns.median == other->ns.median && i < k);
        }
        if (fastest && count++ < most)
            rows[count - 1] = row;
    }
    return count;
}

double model_time(const struct result_row *row, const struct model *model)
{
    return row->ns.median / result_tokens(row) * attention_layers(model);
}
