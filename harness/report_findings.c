/* SPDX-License-Identifier: MIT
 *
 * What the figures say, in short: which kernel is fastest where and how surely, whether all are
 * right, up to where absorbing pays, and what the caches take. */
#include "harness/control.h"
#include "harness/report_page.h"
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

static void correctness(struct document *doc, const struct result_table *table)
{
    const json_t *verified = json_object_get(table->mlabench, "verified");
    if (verified)
        doc_item(doc,
                 "Verified against the double-precision reference before timing: %s passed, %s "
                 "failed, %s skipped (kernels times cases).",
                 unit_count(result_count(verified, "passed")).s,
                 unit_count(result_count(verified, "failed")).s,
                 unit_count(result_count(verified, "skipped")).s);
    int same = 0, within = 0;
    for (int i = 0; i < table->count; i++) {
        const char *outcome = result_text(table->rows[i].repetitions[0], "timed_output");
        same += !strcmp(outcome, "same bits");
        within += !strcmp(outcome, "within the limit");
    }
    if (same + within > 0)
        doc_item(doc,
                 "What was timed is what was verified: the last timed output was the same to the "
                 "last bit %s times, and within the error allowed %s times, of kernels that do "
                 "not promise the bits.",
                 unit_count(same).s, unit_count(within).s);
    const struct result_row *worst = NULL;
    int64_t checked = 0, queries = 0;
    for (int i = 0; i < table->count; i++) {
        const struct result_error *e = &table->rows[i].error;
        if (e->ratio >= 0 &&
            (!worst || e->ratio / e->limit > worst->error.ratio / worst->error.limit))
            worst = &table->rows[i];
        if (e->queries > 0 && e->queries_checked >= 0) {
            checked += e->queries_checked;
            queries += e->queries;
        }
    }
    if (!worst)
        return;
    char text[256];
    report_case(worst, text, sizeof text);
    doc_item(doc,
             "Worst error of a kernel that was timed: %s times the limit, by %s on %s (%s). "
             "Queries checked: %s of %s.",
             unit_number(worst->error.ratio / worst->error.limit, 2).s, worst->kernel, worst->model,
             text, unit_count(checked).s, unit_count(queries).s);
}

/* How far the control moved, case by case. */
static void controls(struct document *doc, const struct result_table *table)
{
    size_t i, n = 0, moved = 0;
    double most = 0;
    json_t *control;
    json_array_foreach(json_object_get(table->mlabench, "controls"), i, control)
    {
        double median = result_number(control, "median_pct");
        double low = result_number(control, "low_pct"), high = result_number(control, "high_pct");
        if (isnan(median))
            continue;
        n++;
        most = fmax(most, fabs(median));
        moved += low > 0 || high < 0;
    }
    if (n > 0)
        doc_item(doc,
                 "A/A control: in each case the fastest kernel was timed against itself. The two "
                 "differed by %s at most, surely (95 %%) in %s of %s cases. A difference between "
                 "kernels of less than twice what their control did is called unresolved.",
                 unit_percent(most).s, unit_count((int64_t)moved).s, unit_count((int64_t)n).s);
}

/* Rows that compete: the same model (baselines are other models), work and threads. */
static bool compete(const struct result_row *a, const struct result_row *b)
{
    return a->threads == b->threads && !strcmp(a->model, b->model) && result_same_work(a, b);
}

/* The best and the second of those that compete with the row, itself included; no second: NULL. */
static void rank(const struct result_table *table, const struct result_row *of,
                 const struct result_row *best[2])
{
    best[0] = of;
    best[1] = NULL;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row == of || !compete(row, of))
            continue;
        if (row->ns.median < best[0]->ns.median) {
            best[1] = best[0];
            best[0] = row;
        } else if (!best[1] || row->ns.median < best[1]->ns.median) {
            best[1] = row;
        }
    }
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

/* Whether the best is surely faster than the second. */
static void certainty(const struct result_table *table, const struct result_row *const best[2],
                      char *text, size_t size)
{
    if (!best[1]) {
        snprintf(text, size, "only one");
        return;
    }
    struct contest c = contest(table, best[0], best[1]);
    if (c.verdict == CONTEST_SLOWER)
        snprintf(text, size, "sure: second takes %s to %s more",
                 unit_percent(100 * expm1(c.change.low)).s,
                 unit_percent(100 * expm1(c.change.high)).s);
    else
        snprintf(text, size, "unresolved: %s", c.why ? c.why : "medians and rounds disagree");
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
        const struct result_row *row = &table->rows[i], *best[2];
        if (row->baseline || !stands_for(table, row))
            continue;
        rank(table, row, best);
        const struct result_row *mha = mha_of(table, row);
        double tokens = result_tokens(row);
        char text[256], quartiles[128], second[160], sure[192];
        report_case(row, text, sizeof text);
        certainty(table, best, sure, sizeof sure);
        snprintf(quartiles, sizeof quartiles, "%s to %s", unit_time(best[0]->ns.q1 / tokens).s,
                 unit_time(best[0]->ns.q3 / tokens).s);
        snprintf(second, sizeof second, "-");
        if (best[1])
            snprintf(second, sizeof second, "%s (%.64s)",
                     unit_times(best[1]->ns.median / best[0]->ns.median).s, best[1]->kernel);
        f->row(doc, align,
               (const char *const[]){
                   row->model, text, best[0]->kernel, unit_time(best[0]->ns.median / tokens).s,
                   quartiles, unit_percent(best[0]->pct_fma_peak.median).s,
                   unit_percent(best[0]->core_pct_fma_peak.median).s, second, sure,
                   unit_times(mha ? mha->ns.median / best[0]->ns.median : NAN).s});
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
    f->begin_list(doc);
    correctness(doc, table);
    controls(doc, table);
    report_crossovers(doc, table);
    f->end_list(doc);
    if (table->count == 0) {
        f->paragraph(doc, "No kernel was timed.");
        return;
    }
    f->paragraph(doc,
                 "Fastest kernel of each model at the longest context of every phase, batch "
                 "and format, at the most threads. Times are medians; MHA is the layer of the same "
                 "width.");
    fastest(doc, table);
    f->paragraph(doc, "KV cache per token. MHA, GQA-8 and MQA are layers of the same width at the "
                      "same precision; expanded is the model's own keys and values, uncompressed.");
    caches(doc, table);
}
