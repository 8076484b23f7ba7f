/* SPDX-License-Identifier: MIT
 *
 * Which kernel each case is to use, and which cases have the same answer. */
#include "harness/control.h"
#include "harness/report_summary.h"

#include <stdlib.h>
#include <string.h>

bool summary_same_question(const struct result_row *a, const struct result_row *b)
{
    return !strcmp(a->model, b->model) && !strcmp(a->phase, b->phase) &&
           !strcmp(a->format, b->format) && a->cold == b->cold && a->threads == b->threads;
}

static int by_median(const void *x, const void *y)
{
    double a = ((const struct rival *)x)->row->ns.median,
           b = ((const struct rival *)y)->row->ns.median;
    return (a > b) - (a < b);
}

/* Named for a fastest that it is level with: how much longer it may take. */
static const double as_long = 1.1;

static bool is_beaten(const struct result_table *table, const struct won *won,
                      const struct result_row *row)
{
    for (int i = 0; i < won->count; i++)
        if (won->rivals[i].row != row &&
            contest(table, won->rivals[i].row, row).verdict == CONTEST_SLOWER)
            return true;
    return false;
}

/* One at least: the fastest by medians where noise lets another be surely faster than that. */
static void find_unbeaten(const struct result_table *table, struct won *won)
{
    const struct result_row *fastest = won->rivals[0].row;
    int count = 0;
    won->sure = won->count > 1;
    for (int i = 0; i < won->count; i++) {
        struct rival *rival = &won->rivals[i];
        struct contest c = contest(table, fastest, rival->row);
        bool candidate =
            i == 0 || (c.level && rival->row->ns.median <= as_long * fastest->ns.median);
        rival->unbeaten = candidate && !is_beaten(table, won, rival->row);
        count += rival->unbeaten;
        won->sure = won->sure && (i == 0 || c.verdict == CONTEST_SLOWER);
    }
    if (count == 0)
        won->rivals[0].unbeaten = true;
}

/* False: no memory. */
static bool gather_rivals(const struct result_table *table, const struct result_row *of,
                          struct won *won)
{
    won->rivals = calloc((size_t)table->count + 1, sizeof *won->rivals);
    if (!won->rivals)
        return false;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (standing_compete(row, of) && !standing_left_out(table, row))
            won->rivals[won->count++].row = row;
    }
    qsort(won->rivals, (size_t)won->count, sizeof *won->rivals, by_median);
    find_unbeaten(table, won);
    return true;
}

static const struct result_row *unbeaten(const struct won *won, const char *kernel)
{
    for (int i = 0; i < won->count; i++)
        if (won->rivals[i].unbeaten && !strcmp(won->rivals[i].row->kernel, kernel))
            return won->rivals[i].row;
    return NULL;
}

/* In how many cases of the same question, of those without an answer yet, a kernel is unbeaten. */
static int votes(const struct summary *summary, const struct won *of, const char *kernel)
{
    int count = 0;
    for (int i = 0; i < summary->count; i++) {
        const struct won *won = &summary->cases[i];
        count += !won->use && summary_same_question(won->rivals[0].row, of->rivals[0].row) &&
                 unbeaten(won, kernel);
    }
    return count;
}

/* The kernel that is unbeaten in most cases of a question, the fastest of the first such case. */
static const char *most_often(const struct summary *summary, const struct won *of)
{
    const char *best = NULL;
    int most = 0;
    for (const struct won *won = of; won < summary->cases + summary->count; won++)
        for (int k = 0; k < won->count; k++) {
            const char *kernel = won->rivals[k].row->kernel;
            if (won->use || !summary_same_question(won->rivals[0].row, of->rivals[0].row) ||
                !won->rivals[k].unbeaten || votes(summary, of, kernel) <= most)
                continue;
            most = votes(summary, of, kernel);
            best = kernel;
        }
    return best;
}

static void answer(struct summary *summary)
{
    for (int i = 0; i < summary->count; i++)
        while (!summary->cases[i].use) {
            struct won *of = &summary->cases[i];
            const char *kernel = most_often(summary, of);
            for (struct won *won = of; won < summary->cases + summary->count; won++)
                if (!won->use && summary_same_question(won->rivals[0].row, of->rivals[0].row))
                    won->use = unbeaten(won, kernel);
        }
}

static void number_lines(struct summary *summary)
{
    for (int i = 0; i < summary->count; i++) {
        struct won *won = &summary->cases[i];
        won->line = summary->lines;
        for (const struct won *other = summary->cases; other < won; other++)
            if (summary_same_question(other->use, won->use) &&
                !strcmp(other->use->kernel, won->use->kernel))
                won->line = other->line;
        summary->lines += won->line == summary->lines;
    }
}

bool summary_gather(const struct result_table *table, struct summary *summary)
{
    summary->table = table;
    summary->count = summary->lines = 0;
    summary->cases = calloc((size_t)table->count + 1, sizeof *summary->cases);
    bool fine = summary->cases != NULL;
    for (int i = 0; i < table->count && fine; i++) {
        const struct result_row *row = &table->rows[i];
        if (!row->baseline && standing_leads(table, row))
            fine = gather_rivals(table, row, &summary->cases[summary->count++]);
    }
    if (!fine) {
        summary_destroy(summary);
        return false;
    }
    answer(summary);
    number_lines(summary);
    return true;
}

void summary_destroy(struct summary *summary)
{
    for (int i = 0; i < summary->count; i++)
        free(summary->cases[i].rivals);
    free(summary->cases);
    summary->cases = NULL;
    summary->count = summary->lines = 0;
}
