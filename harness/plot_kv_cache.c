/* SPDX-License-Identifier: MIT
 *
 * KV-cache bytes against tokens cached: a plot per model, a panel per format, a line per layout. */
#include "harness/plot_draw.h"
#include "harness/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool belongs(const struct result_row *row, const char *family, const char *format)
{
    return !strcmp(row->family, family) && !strcmp(row->format, format) &&
           row->kv_cache.per_token > 0 && row->kv_cache.predicted > 0;
}

static const struct result_row *first_of(const struct result_table *table, const char *family,
                                         const char *format, const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (belongs(&table->rows[i], family, format) &&
            !strcmp(result_cache(&table->rows[i]), name))
            return &table->rows[i];
    return NULL;
}

/* The rows of a layout; NULL file only counts. */
static int print_layout(FILE *file, const struct result_table *table, const char *family,
                        const char *format, const char *name)
{
    int printed = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        const struct result_kv_cache *cache = &row->kv_cache;
        if (!belongs(row, family, format) || strcmp(result_cache(row), name))
            continue;
        printed++;
        if (file)
            fprintf(file, "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n",
                    cache->predicted / cache->per_token, cache->predicted, cache->allocated,
                    cache->touched, cache->per_token);
    }
    return printed;
}

static const char *const layouts[] = {"MHA", "GQA-8", "MQA", "expanded", "latent"};
#define LAYOUTS (int)(sizeof layouts / sizeof layouts[0])

/* The legend tells the bytes per token if they are the same in all panels. */
static void add_series(const struct result_table *table, const char *family,
                       struct plot_draft *draft)
{
    for (int l = 0; l < LAYOUTS; l++)
        for (int f = 0; f < draft->panels.count; f++) {
            const struct result_row *row =
                first_of(table, family, draft->panels.item[f], layouts[l]);
            if (!row)
                continue;
            words_add(&draft->series, layouts[l]);
            char label[96];
            snprintf(label, sizeof label, "%s, %s/token", layouts[l],
                     unit_bytes((double)row->kv_cache.per_token).s);
            words_add(&draft->labels, draft->panels.count == 1 ? label : layouts[l]);
            break;
        }
}

/* How much smaller the latent is, at equal precision and by which baseline. */
static void add_ratios(const struct result_table *table, const char *family, const char *format,
                       char *text, size_t size)
{
    const struct result_row *latent = first_of(table, family, format, "latent");
    size_t used = strlen(text);
    const char *before = "";
    char sentence[32];
    snprintf(sentence, sizeof sentence, " Over the latent in %.8s: ", format);
    for (int l = 0; latent && l < LAYOUTS; l++) {
        const struct result_row *other = first_of(table, family, format, layouts[l]);
        if (!other || other == latent || used >= size)
            continue;
        used += (size_t)snprintf(
            text + used, size - used, "%s%s %s", *before ? before : sentence, layouts[l],
            unit_times((double)other->kv_cache.per_token / (double)latent->kv_cache.per_token).s);
        before = ", ";
    }
    if (*before && used < size)
        snprintf(text + used, size - used, ".");
}

int plot_kv_cache(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_table *table = maker->table;
    struct plot_draft draft = {0};
    for (int i = 0; i < table->count; i++)
        if (belongs(&table->rows[i], family, table->rows[i].format))
            words_add(&draft.panels, table->rows[i].format);
    if (draft.panels.count == 0) {
        plot_undrawable(maker, "%s: no plot of cache bytes, there are none in the file.", family);
        return 0;
    }
    int code = plot_begin(maker, PLOT_KV_CACHE, family,
                          "tokens_cached\tpredicted_bytes\tallocated_bytes\ttouched_bytes\t"
                          "bytes_per_token",
                          &draft, error, "kv-cache");
    if (code)
        return code;
    add_series(table, family, &draft);
    char label[64];
    plot_label(label, sizeof label, family);
    snprintf(draft.x_label, sizeof draft.x_label, "tokens cached, all sequences");
    snprintf(draft.plot->title, sizeof draft.plot->title, "%s, one layer%s%s", label,
             draft.panels.count == 1 ? ", " : "",
             draft.panels.count == 1 ? draft.panels.item[0] : "");
    snprintf(draft.plot->caption, sizeof draft.plot->caption,
             "KV-cache bytes of one layer against tokens cached, all sequences together: %s. Lines "
             "are the formula, points what was allocated and touched. MHA, GQA and MQA are layers "
             "of the same "
             "width.",
             label);
    for (int f = 0; f < draft.panels.count; f++) {
        const char *format = draft.panels.item[f];
        add_ratios(table, family, format, draft.plot->caption, sizeof draft.plot->caption);
        for (int s = 0; s < draft.series.count; s++) {
            const char *name = draft.series.item[s];
            plot_block(&draft, name, print_layout(NULL, table, family, format, name), 5);
            print_layout(draft.data.file, table, family, format, name);
        }
    }
    return plot_finish(maker, &draft, error);
}
