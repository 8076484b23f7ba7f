/* SPDX-License-Identifier: MIT
 *
 * Errors against context, decode: a panel per kind of cache, for each format the error that it
 * costs and the largest that some kernel's arithmetic adds. */
#include "harness/plot_draw.h"
#include "harness/trade.h"
#include "harness/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CONTEXTS_MAX 64

static bool belongs(const struct result_row *row, const char *family, const char *cache)
{
    return !strcmp(row->family, family) && !strcmp(row->phase, "decode") && row->batch == 1 &&
           !row->cold && !row->special[0] && trade_takes(row) &&
           (!cache || !strcmp(result_cache(row), cache));
}

/* Contexts of a format, ascending. */
static int contexts_of(const struct result_table *table, const char *family, const char *cache,
                       const char *format, int64_t contexts[CONTEXTS_MAX])
{
    int count = 0;
    for (int64_t last = -1; count < CONTEXTS_MAX; last = contexts[count++]) {
        int64_t next = INT64_MAX;
        for (int i = 0; i < table->count; i++) {
            const struct result_row *row = &table->rows[i];
            if (belongs(row, family, cache) && (!format || !strcmp(row->format, format)) &&
                row->cached > last && row->cached < next)
                next = row->cached;
        }
        if (next == INT64_MAX)
            break;
        contexts[count] = next;
    }
    return count;
}

static void print_line(FILE *file, const struct result_table *table, const char *family,
                       const char *cache, const char *format, int64_t context)
{
    double format_error = 0, least = INFINITY, most = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!belongs(row, family, cache) || strcmp(row->format, format) || row->cached != context)
            continue;
        format_error = fmax(format_error, row->error.format_rms_rel);
        least = fmin(least, row->error.rms_rel);
        most = fmax(most, row->error.rms_rel);
    }
    fprintf(file, "%" PRId64 "\t", context);
    if (format_error > 0)
        fprintf(file, "%.4g\t", format_error);
    else
        fprintf(file, "NaN\t"); /* fp32: on a logarithmic axis there is no 0 */
    fprintf(file, "%.4g\t%.4g\n", least, most);
}

static void set_texts(struct plot_draft *draft, const char *family)
{
    char label[64];
    plot_label(label, sizeof label, family);
    snprintf(draft->plot->title, sizeof draft->plot->title, "%s, decode, by format", label);
    snprintf(draft->x_label, sizeof draft->x_label, "cached tokens");
    snprintf(draft->plot->caption, sizeof draft->plot->caption,
             "Errors of o against context, %s, decode (root mean square over all heads, relative). "
             "Solid: what a cache format costs, exact attention over what the cache kept against "
             "exact attention over the true rows. Dashed: what arithmetic adds to it, the kernel "
             "with the least and the one with the most of it. Inputs are normally distributed.",
             label);
}

int plot_formats(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    static const char *const caches[] = {"latent", "expanded"};
    const struct result_table *table = maker->table;
    struct plot_draft draft = {0};
    int64_t contexts[CONTEXTS_MAX];
    bool lossy = false;
    for (int i = 0; i < table->count; i++)
        if (belongs(&table->rows[i], family, NULL)) {
            words_add(&draft.series, table->rows[i].format);
            lossy = lossy || table->rows[i].error.format_rms_rel > 0;
        }
    for (int c = 0; c < 2; c++)
        if (contexts_of(table, family, caches[c], NULL, contexts) > 1)
            words_add(&draft.panels, caches[c]);
    if (!lossy || draft.panels.count == 0) {
        plot_undrawable(maker,
                        "%s: no plot of formats' errors against context, no format but fp32 has "
                        "two contexts.",
                        family);
        return 0;
    }
    int code = plot_begin(maker, PLOT_FORMATS, family,
                          "context_tokens\tformat_rms_rel\tarithmetic_least\tarithmetic_most",
                          &draft, error, "formats");
    if (code)
        return code;
    set_texts(&draft, family);
    for (int p = 0; p < draft.panels.count; p++)
        for (int s = 0; s < draft.series.count; s++) {
            const char *cache = draft.panels.item[p], *format = draft.series.item[s];
            int count = contexts_of(table, family, cache, format, contexts);
            plot_block(&draft, format, count, 4);
            for (int i = 0; i < count; i++)
                print_line(draft.data.file, table, family, cache, format, contexts[i]);
        }
    return plot_finish(maker, &draft, error);
}
