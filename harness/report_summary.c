/* SPDX-License-Identifier: MIT
 *
 * Which kernel to use for what, by how much, and how sure that is: a line for all cases of a model,
 * phase, format and number of threads in which the same kernel is to be used. */
#include "harness/report_summary.h"
#include "harness/control.h"
#include "harness/report_page.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CELL = 256,
    OPEN_MOST = 16, /* lines of other models are folded beyond */
    NAMES_MOST = 64,
    NAMED = 3, /* as many as a reader takes in */
};

/* Of a median beside that of the kernel to use: below, it is said. */
static const double notably_less = 0.99;

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

/* Kernels, each once, with the number of cases that it was found in. */
struct names {
    const char *name[NAMES_MOST];
    int count, times[NAMES_MOST];
    double least[NAMES_MOST]; /* the least that a median is of that of the kernel to use */
};

static void name(struct names *names, const char *kernel, double of_used)
{
    int i = 0;
    while (i < names->count && strcmp(names->name[i], kernel) != 0)
        i++;
    if (i == NAMES_MOST)
        return;
    if (i == names->count) {
        names->name[names->count++] = kernel;
        names->least[i] = of_used;
    }
    names->least[i] = fmin(names->least[i], of_used);
    names->times[i]++;
}

struct tally {
    int alone, rivals, ahead; /* cases: without others, with, and with a surely slower one */
    double least;             /* how much longer the next surely takes, in the closest case */
    const char *why, *next;   /* why nothing is known of a case; the surely slower one */
    bool nexts_differ;
    struct names level; /* kernels that are not surely slower */
    struct range time, times, peak, error, bytes;
};

/* Beside its rivals in one case. */
static void tally_rivals(struct tally *t, const struct result_table *table, const struct won *won)
{
    const char *why = NULL;
    bool ahead = false;
    for (int i = 0; i < won->count; i++) {
        const struct result_row *row = won->rivals[i].row;
        if (row == won->use)
            continue;
        struct contest c = contest(table, won->use, row);
        if (c.verdict != CONTEST_SLOWER) {
            if (c.level || c.verdict == CONTEST_FASTER)
                name(&t->level, row->kernel, row->ns.median / won->use->ns.median);
            else if (!why)
                why = c.why;
        } else if (!ahead) { /* the first by medians */
            ahead = true;
            t->ahead++;
            widen(&t->times, row->ns.median / won->use->ns.median);
            t->least = fmin(t->least, exp(c.change.low));
            t->nexts_differ = t->nexts_differ || (t->next && strcmp(t->next, row->kernel));
            t->next = row->kernel;
        }
    }
    if (!t->why)
        t->why = why;
}

static struct tally tally_line(const struct summary *summary, int line)
{
    const struct range none = {NAN, NAN};
    struct tally t = {.least = NAN, .time = none, .times = none};
    t.peak = t.error = t.bytes = none;
    for (int i = 0; i < summary->count; i++) {
        const struct won *won = &summary->cases[i];
        const struct result_row *use = won->use;
        if (won->line != line)
            continue;
        widen(&t.time, use->ns.median / result_tokens(use));
        widen(&t.peak, use->pct_fma_peak.median);
        widen(&t.error, use->error.ratio / use->error.limit);
        if (use->kv_cache.per_token > 0)
            widen(&t.bytes, (double)use->kv_cache.per_token);
        t.alone += won->count == 1;
        t.rivals += won->count > 1;
        tally_rivals(&t, summary->table, won);
    }
    return t;
}

/* How much more the next takes, at least. */
static struct text at_least(double times)
{
    return times < 1.1 ? unit_percent(100 * (times - 1)) : unit_times(times);
}

/* e.g. "sure in 3 of 4: 1.20 x at least; unresolved: too few rounds". */
static void say_sure(const struct tally *t, char *text, size_t size)
{
    char of[64] = "", least[128] = "";
    if (t->rivals == 0) {
        snprintf(text, size, "no other to compare with");
        return;
    }
    if (t->rivals > 1)
        snprintf(of, sizeof of, " in %d of %d", t->ahead, t->rivals);
    if (t->ahead > 0)
        snprintf(least, sizeof least, "sure%s: %s%s at least", of, at_least(t->least).s,
                 t->least < 1.1 ? " more" : "");
    snprintf(text, size, "%s%s%s%s", t->ahead || t->why ? least : "no other is surely slower",
             t->ahead && t->why ? "; " : "", t->why ? "unresolved: " : "", t->why ? t->why : "");
}

/* e.g. "absorbed-avx2, latent (1 of 3)". */
static void say_level(const struct tally *t, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "%s", t->rivals ? "none" : "-");
    for (int i = 0; i < t->level.count && i < NAMED && used < size; i++) {
        used +=
            (size_t)snprintf(text + used, size - used, "%s%.48s", i ? ", " : "", t->level.name[i]);
        bool everywhere = t->level.times[i] == t->rivals, less = t->level.least[i] < notably_less;
        if (!everywhere && used < size)
            used += (size_t)snprintf(text + used, size - used, " (%d of %d%s", t->level.times[i],
                                     t->rivals, less ? "" : ")");
        if (less && used < size)
            used += (size_t)snprintf(text + used, size - used, "%smedian %s less)",
                                     everywhere ? " (" : ", ",
                                     unit_percent(100 * (1 - t->level.least[i])).s);
    }
    if (t->level.count > NAMED && used < size)
        snprintf(text + used, size - used, " and %d more", t->level.count - NAMED);
    if (t->level.count == 0 && t->why)
        snprintf(text, size, "unknown");
}

static const char align[] = "lllrlrlrrr";

static void put_line(struct document *doc, const struct summary *summary, int line)
{
    const struct result_row *any = NULL;
    for (int i = 0; !any; i++)
        if (summary->cases[i].line == line)
            any = summary->cases[i].use;
    struct tally t = tally_line(summary, line);
    char work[CELL], where[CELL], kernel[CELL], time[CELL], level[CELL], ahead[CELL], sure[CELL],
        peak[CELL], error[CELL], bytes[CELL];
    summary_where(summary, line, where, sizeof where);
    snprintf(work, sizeof work, "%.64s, %.32s, %.16s%s, %s thread%s", any->model, any->phase,
             any->format, any->cold ? ", cold" : "", unit_count(any->threads).s,
             any->threads > 1 ? "s" : "");
    snprintf(kernel, sizeof kernel, "%.128s%s", any->kernel,
             t.rivals > 0 && t.ahead == 0 ? " (not surely)" : "");
    say_level(&t, level, sizeof level);
    show(&t.time, unit_time, time, sizeof time);
    show(&t.times, unit_times, ahead, sizeof ahead);
    if (t.next)
        snprintf(ahead + strlen(ahead), sizeof ahead - strlen(ahead), " (%.96s)",
                 t.nexts_differ ? "several" : t.next);
    say_sure(&t, sure, sizeof sure);
    if (t.rivals > 0 && t.alone > 0)
        snprintf(sure + strlen(sure), sizeof sure - strlen(sure), "; no other in %d more", t.alone);
    const char *absent = summary_absent(summary, line);
    if (absent)
        snprintf(sure + strlen(sure), sizeof sure - strlen(sure),
                 "; %.64s, used elsewhere, was not timed here", absent);
    show(&t.peak, unit_percent, peak, sizeof peak);
    snprintf(error, sizeof error, "%s", unit_number(t.error.high, 2).s);
    show(&t.bytes, count, bytes, sizeof bytes);
    doc->format->row(
        doc, align,
        (const char *const[]){work, where, kernel, time, level, ahead, sure, peak, error, bytes});
}

enum part { LEADER, OTHERS, FEWER_THREADS };

static int64_t most_threads(const struct summary *summary, const struct result_row *of)
{
    int64_t most = 0;
    for (int i = 0; i < summary->count; i++) {
        const struct result_row *row = summary->cases[i].use;
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
        const struct result_row *row = summary->cases[i].use;
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
                                                   "not surely slower", "next takes", "how sure",
                                                   "of FMA peak", "error / limit",
                                                   "bytes per token"});
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
    int rivals = 0, sure = 0, left_out = 0;
    for (int i = 0; i < summary->count; i++) {
        rivals += summary->cases[i].count > 1;
        sure += summary->cases[i].sure;
    }
    for (int i = 0; i < summary->table->count; i++)
        left_out += !summary->table->rows[i].baseline &&
                    standing_left_out(summary->table, &summary->table->rows[i]);
    doc_paragraph(doc,
                  "Which kernel to use for what. In %s of %s cases with several kernels one is "
                  "surely the fastest of all; where several are not told apart, the one that is "
                  "so in most cases is named first. \"Next takes\" is the median of the fastest "
                  "that is surely slower, over its own, and \"at least\" the low end of its "
                  "interval (95 %%, exact, over rounds that both took part in; each comparison by "
                  "itself, so that of many some will be wrong). Times are those of one attention "
                  "layer, medians.",
                  unit_count(sure).s, unit_count(rivals).s);
    if (left_out)
        doc_paragraph(
            doc,
            "auto, which calls one of the vector kernels, is left out where another of the "
            "same order takes as long within 10 %% and is not surely slower (%s of its "
            "rows).",
            unit_count(left_out).s);
}

void report_summary(struct document *doc, const struct result_table *table)
{
    struct summary summary;
    doc->format->heading(doc, "Summary");
    if (!summary_gather(table, &summary)) {
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
    summary_destroy(&summary);
    doc->format->paragraph(doc, "How that was checked:");
    report_checked(doc, table);
}
