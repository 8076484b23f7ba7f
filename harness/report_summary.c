/* SPDX-License-Identifier: MIT
 *
 * Which kernel to use for what, by how much, and how sure that is: a line for all cases of a model,
 * phase, format and number of threads that have the same winner. */
#include "harness/report_summary.h"
#include "harness/report_page.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 256, OPEN_MOST = 16 /* lines of other models are folded beyond */ };

bool summary_same_question(const struct result_row *a, const struct result_row *b)
{
    return !strcmp(a->model, b->model) && !strcmp(a->phase, b->phase) &&
           !strcmp(a->format, b->format) && a->cold == b->cold && a->threads == b->threads;
}

static bool same_answer(const struct won *a, const struct won *b)
{
    return summary_same_question(a->standing.best, b->standing.best) &&
           !strcmp(a->standing.best->kernel, b->standing.best->kernel);
}

/* False: no memory. */
static bool gather(const struct result_table *table, struct summary *summary)
{
    *summary = (struct summary){.table = table};
    summary->cases = calloc((size_t)table->count + 1, sizeof *summary->cases);
    if (!summary->cases)
        return false;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row->baseline || !standing_leads(table, row))
            continue;
        struct won *won = &summary->cases[summary->count++];
        won->standing = standing_of(table, row);
        won->line = summary->lines;
        for (const struct won *other = summary->cases; other < won; other++)
            if (same_answer(other, won)) {
                won->line = other->line;
                break;
            }
        summary->lines += won->line == summary->lines;
    }
    return true;
}

/* The least and the most of a figure over a line's cases. */
struct range {
    double low, high;
};

static void widen(struct range *range, double x)
{
    range->low = isnan(range->low) ? x : fmin(range->low, x);
    range->high = isnan(range->high) ? x : fmax(range->high, x);
}

/* The unit once where both have the same: "52.5 to 71.9 %". */
static void show(const struct range *range, struct text (*unit)(double x), char *text, size_t size)
{
    struct text low = unit(range->low), high = unit(range->high);
    const char *low_unit = strchr(low.s, ' '), *high_unit = strchr(high.s, ' ');
    bool same_unit = low_unit && high_unit && !strcmp(low_unit, high_unit);
    if (!strcmp(low.s, high.s))
        snprintf(text, size, "%s", low.s);
    else
        snprintf(text, size, "%.*s to %s", same_unit ? (int)(low_unit - low.s) : (int)sizeof low.s,
                 low.s, high.s);
}

static struct text count(double x)
{
    return unit_count(isfinite(x) ? (int64_t)x : -1);
}

struct tally {
    int alone, rivals, sure; /* cases: without a second, with one, and surely won of those */
    double least; /* how much longer the second surely takes, in the closest of the sure ones */
    const char *why, *second;
    bool seconds_differ;
    struct range time, times, peak, error, bytes;
};

static struct tally tally_line(const struct summary *summary, int line)
{
    const struct range none = {NAN, NAN};
    struct tally t = {.least = NAN, .time = none, .times = none};
    t.peak = t.error = t.bytes = none;
    for (int i = 0; i < summary->count; i++) {
        const struct standing *s = &summary->cases[i].standing;
        if (summary->cases[i].line != line)
            continue;
        widen(&t.time, s->best->ns.median / result_tokens(s->best));
        widen(&t.peak, s->best->pct_fma_peak.median);
        widen(&t.error, s->best->error.ratio / s->best->error.limit);
        if (s->best->kv_cache.per_token > 0)
            widen(&t.bytes, (double)s->best->kv_cache.per_token);
        t.alone += !s->second;
        if (!s->second)
            continue;
        t.rivals++;
        widen(&t.times, s->times);
        t.seconds_differ = t.seconds_differ || (t.second && strcmp(t.second, s->second->kernel));
        t.second = s->second->kernel;
        if (s->sure) {
            t.sure++;
            t.least = fmin(t.least, exp(s->contest.change.low));
        } else if (!t.why) {
            t.why = s->contest.why ? s->contest.why : "medians and rounds disagree";
        }
    }
    return t;
}

/* How much more the second takes, at least. */
static struct text at_least(double times)
{
    return times < 1.1 ? unit_percent(100 * (times - 1)) : unit_times(times);
}

/* e.g. "sure in 3 of 4: 1.20 x at least; else unresolved: too few rounds". */
static void say_sure(const struct tally *t, char *text, size_t size)
{
    char of[64] = "", least[128] = "";
    if (t->rivals == 0) {
        snprintf(text, size, "no other to compare with");
        return;
    }
    if (t->rivals > 1)
        snprintf(of, sizeof of, " in %d of %d", t->sure, t->rivals);
    if (t->sure > 0)
        snprintf(least, sizeof least, "sure%s: %s%s at least", of, at_least(t->least).s,
                 t->least < 1.1 ? " more" : "");
    snprintf(text, size, "%s%s%s", least,
             t->sure == 0          ? "unresolved: "
             : t->sure < t->rivals ? "; else unresolved: "
                                   : "",
             t->sure < t->rivals ? t->why : "");
}

static const char align[] = "lllrrlrrr";

static void put_line(struct document *doc, const struct summary *summary, int line)
{
    const struct result_row *any = NULL;
    for (int i = 0; !any; i++)
        if (summary->cases[i].line == line)
            any = summary->cases[i].standing.best;
    struct tally t = tally_line(summary, line);
    char work[CELL], where[CELL], kernel[CELL], time[CELL], ahead[CELL], sure[CELL], peak[CELL],
        error[CELL], bytes[CELL];
    summary_where(summary, line, where, sizeof where);
    snprintf(work, sizeof work, "%.64s, %.32s, %.16s%s, %s thread%s", any->model, any->phase,
             any->format, any->cold ? ", cold" : "", unit_count(any->threads).s,
             any->threads > 1 ? "s" : "");
    snprintf(kernel, sizeof kernel, "%.128s%s", any->kernel,
             t.rivals > 0 && t.sure == 0 ? " (not surely)" : "");
    show(&t.time, unit_time, time, sizeof time);
    show(&t.times, unit_times, ahead, sizeof ahead);
    if (t.second)
        snprintf(ahead + strlen(ahead), sizeof ahead - strlen(ahead), " (%.96s)",
                 t.seconds_differ ? "several" : t.second);
    say_sure(&t, sure, sizeof sure);
    if (t.rivals > 0 && t.alone > 0)
        snprintf(sure + strlen(sure), sizeof sure - strlen(sure), "; no other in %d more", t.alone);
    const char *absent = summary_absent(summary, line);
    if (absent)
        snprintf(sure + strlen(sure), sizeof sure - strlen(sure),
                 "; %.64s, the fastest elsewhere, was not timed here", absent);
    show(&t.peak, unit_percent, peak, sizeof peak);
    snprintf(error, sizeof error, "%s", unit_number(t.error.high, 2).s);
    show(&t.bytes, count, bytes, sizeof bytes);
    doc->format->row(
        doc, align,
        (const char *const[]){work, where, kernel, time, ahead, sure, peak, error, bytes});
}

enum part { LEADER, OTHERS, FEWER_THREADS };

static int64_t most_threads(const struct summary *summary, const struct result_row *of)
{
    int64_t most = 0;
    for (int i = 0; i < summary->count; i++) {
        const struct result_row *row = summary->cases[i].standing.best;
        if (!strcmp(row->model, of->model) && row->threads > most)
            most = row->threads;
    }
    return most;
}

/* Writes the lines of a part of the table, or with NULL counts them. */
static int put_part(struct document *doc, const struct summary *summary, enum part part,
                    bool others_open)
{
    const char *leader = report_leader(summary->table);
    int lines = 0, next = 0;
    for (int i = 0; i < summary->count; i++) {
        const struct result_row *row = summary->cases[i].standing.best;
        if (summary->cases[i].line != next)
            continue;
        next++;
        enum part own = row->threads < most_threads(summary, row)     ? FEWER_THREADS
                        : others_open || !strcmp(row->family, leader) ? LEADER
                                                                      : OTHERS;
        if (own != part)
            continue;
        lines++;
        if (doc)
            put_line(doc, summary, next - 1);
    }
    return lines;
}

static void put_table(struct document *doc, const struct summary *summary, enum part part,
                      bool others_open)
{
    doc->format->begin_table(doc, align,
                             (const char *const[]){"for", "where", "use", "per new token",
                                                   "next takes", "how sure", "of FMA peak",
                                                   "worst error / limit", "cache bytes per token"});
    put_part(doc, summary, part, others_open);
    doc->format->end_table(doc);
}

static void tables(struct document *doc, const struct summary *summary)
{
    static const char *const titles[] = {
        [OTHERS] = "Other models",
        [FEWER_THREADS] = "With fewer threads",
    };
    bool others_open = put_part(NULL, summary, LEADER, true) <= OPEN_MOST;
    put_table(doc, summary, LEADER, others_open);
    for (enum part part = OTHERS; part <= FEWER_THREADS; part++) {
        if (put_part(NULL, summary, part, others_open) == 0)
            continue;
        char title[64];
        snprintf(title, sizeof title, "%s (%s)", titles[part],
                 unit_count(put_part(NULL, summary, part, others_open)).s);
        doc->format->begin_fold(doc, title);
        put_table(doc, summary, part, others_open);
        doc->format->end_fold(doc);
    }
}

/* In a sentence: how many cases have a winner. */
static void count_winners(struct document *doc, const struct summary *summary)
{
    int rivals = 0, sure = 0;
    for (int i = 0; i < summary->count; i++) {
        rivals += summary->cases[i].standing.second != NULL;
        sure += summary->cases[i].standing.sure;
    }
    doc_paragraph(doc,
                  "Which kernel to use for what. In %s of %s cases with several kernels one is "
                  "surely the fastest. Times are those of one attention layer, medians; \"next "
                  "takes\" is the second fastest kernel's median over the fastest's, and \"at "
                  "least\" the low end of its interval (95 %%, exact, over rounds that both took "
                  "part in).",
                  unit_count(sure).s, unit_count(rivals).s);
}

void report_summary(struct document *doc, const struct result_table *table)
{
    struct summary summary;
    doc->format->heading(doc, "Summary");
    if (!gather(table, &summary)) {
        doc->failed = true;
        return;
    }
    if (summary.count > 0) {
        count_winners(doc, &summary);
        tables(doc, &summary);
        report_crossovers(doc, table);
    } else if (table->count == 0) {
        doc->format->paragraph(doc, "No kernel was timed.");
    }
    free(summary.cases);
    doc->format->paragraph(doc, "How that was checked:");
    report_checked(doc, table);
}
