/* SPDX-License-Identifier: MIT
 *
 * What the figures say of the longest contexts, beside MHA, and what the caches take. */
#include "harness/report_page.h"
#include "harness/report_standing.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void report_case(const struct result_row *row, char *text, unsigned long size)
{
    char cached[64] = "", fresh[64] = "", batch[64] = "";
    if (row->cached > 0)
        snprintf(cached, sizeof cached, ", %s cached", unit_tokens(row->cached).s);
    if (row->new_tokens > 1)
        snprintf(fresh, sizeof fresh, ", %s new", unit_tokens(row->new_tokens).s);
    if (row->batch > 1)
        snprintf(batch, sizeof batch, ", batch %s%s", unit_count(row->batch).s,
                 row->ragged ? " ragged" : "");
    snprintf(text, size, "%s%s%s%s, %s%s%s, %s thread%s", row->phase, cached, fresh, batch,
             row->format, row->special, row->cold ? ", cold" : "", unit_count(row->threads).s,
             row->threads > 1 ? "s" : "");
}

/* A model's cases that a summary names: for each phase, batch and format the longest context at the
 * most threads. */
static bool stands_for(const struct result_table *table, const struct result_row *row)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_row *other = &table->rows[i];
        if (strcmp(other->model, row->model) || strcmp(other->phase, row->phase) ||
            strcmp(other->format, row->format) || other->batch != row->batch ||
            other->ragged != row->ragged || other->cold != row->cold ||
            strcmp(other->special, row->special))
            continue;
        int64_t longer = other->cached + other->new_tokens - row->cached - row->new_tokens;
        if (other->threads > row->threads || (other->threads == row->threads && longer > 0))
            return false;
        if (other->threads == row->threads && longer == 0 && other < row)
            return false; /* an earlier row of this case stands for it */
    }
    return true;
}

/* The MHA layer of the same width at the same work by its fastest kernel, or NULL. */
static const struct result_row *mha_of(const struct result_table *table,
                                       const struct result_row *row)
{
    const struct result_row *found = NULL;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *mha = &table->rows[i];
        if (!strcmp(mha->series, "MHA") && mha->threads == row->threads &&
            result_same_work(mha, row) && (!found || mha->ns.median < found->ns.median))
            found = mha;
    }
    return found;
}

static void fastest(struct document *doc, const struct result_table *table)
{
    static const char align[] = "lllrrrrrlr";
    const struct document_format *f = doc->format;
    f->begin_table(doc, align,
                   (const char *const[]){"model", "case", "fastest kernel", "per new token",
                                         "quartiles", "of FMA peak", "core alone", "second takes",
                                         "how sure", "MHA takes"});
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row->baseline || !stands_for(table, row))
            continue;
        const struct standing standing = standing_of(table, row);
        const struct result_row *best = standing.best;
        const struct result_row *mha = mha_of(table, row);
        double tokens = result_tokens(row);
        char text[256], quartiles[128], second[160], sure[192];
        report_case(row, text, sizeof text);
        standing_words(&standing, sure, sizeof sure);
        snprintf(quartiles, sizeof quartiles, "%s to %s", unit_time(best->ns.q1 / tokens).s,
                 unit_time(best->ns.q3 / tokens).s);
        snprintf(second, sizeof second, "-");
        if (standing.second)
            snprintf(second, sizeof second, "%s (%.64s)", unit_times(standing.times).s,
                     standing.second->kernel);
        f->row(doc, align,
               (const char *const[]){row->model, text, best->kernel,
                                     unit_time(best->ns.median / tokens).s, quartiles,
                                     unit_percent(best->pct_fma_peak.median).s,
                                     unit_percent(best->core_pct_fma_peak.median).s, second, sure,
                                     unit_times(mha ? mha->ns.median / best->ns.median : NAN).s});
    }
    f->end_table(doc);
}

/* What a row caches, as a reader calls it. */
static const char *cached_as(const struct result_row *row)
{
    if (row->baseline)
        return row->series;
    return strcmp(row->order, "expanded") ? "latent" : "expanded";
}

static const struct result_row *latent_of(const struct result_table *table,
                                          const struct result_row *of)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!strcmp(row->family, of->family) && !strcmp(row->format, of->format) &&
            row->kv_cache.per_token > 0 && !strcmp(cached_as(row), "latent"))
            return row;
    }
    return NULL;
}

static bool same_cache(const struct result_row *a, const struct result_row *b)
{
    return !strcmp(a->family, b->family) && !strcmp(a->format, b->format) &&
           !strcmp(cached_as(a), cached_as(b)) && a->kv_cache.per_token == b->kv_cache.per_token;
}

/* Whether what was allocated and touched is what the formula says, for all rows of a cache. */
static const char *agreement(const struct result_table *table, const struct result_row *of)
{
    bool allocated = true, touched = true;
    for (int i = 0; i < table->count; i++) {
        const struct result_kv_cache *cache = &table->rows[i].kv_cache;
        if (!same_cache(&table->rows[i], of))
            continue;
        allocated = allocated && cache->allocated == cache->predicted;
        touched = touched && cache->touched == cache->predicted;
    }
    return allocated && touched ? "allocated and touched"
           : touched            ? "touched; more is allocated"
           : allocated          ? "allocated; touched differs"
                                : "neither, see tables/kv_cache.csv";
}

static void caches(struct document *doc, const struct result_table *table)
{
    static const char align[] = "lllrrl";
    const struct document_format *f = doc->format;
    f->begin_table(doc, align,
                   (const char *const[]){"model", "format", "cached", "bytes per token and layer",
                                         "of the latent's", "same as predicted"});
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        int first = 0;
        while (!same_cache(&table->rows[first], row))
            first++;
        if (first != i || row->kv_cache.per_token <= 0)
            continue;
        const struct result_row *latent = latent_of(table, row);
        double ratio =
            latent ? (double)row->kv_cache.per_token / (double)latent->kv_cache.per_token : NAN;
        f->row(doc, align,
               (const char *const[]){row->family, row->format, cached_as(row),
                                     unit_count(row->kv_cache.per_token).s, unit_times(ratio).s,
                                     agreement(table, row)});
    }
    f->end_table(doc);
}

void report_findings(struct document *doc, const struct result_table *table)
{
    const struct document_format *f = doc->format;
    f->heading(doc, "Findings");
    f->paragraph(doc,
                 "Fastest kernel of each model at the longest context of every phase, batch "
                 "and format, at the most threads. Times are medians; MHA is the layer of the same "
                 "width.");
    fastest(doc, table);
    f->paragraph(doc, "KV cache per token. MHA, GQA-8 and MQA are layers of the same width at the "
                      "same precision; expanded is the model's own keys and values, uncompressed.");
    caches(doc, table);
}
