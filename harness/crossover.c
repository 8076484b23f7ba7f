/* SPDX-License-Identifier: MIT */
#include "harness/crossover.h"

#include "harness/statistics.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_auto(const struct result_row *row)
{
    return !strcmp(row->kernel, "auto");
}

static bool belongs(const struct result_row *row)
{
    return row->cached > 0 && !row->baseline &&
           (!strcmp(row->order, "absorbed") || !strcmp(row->order, "re-expanded"));
}

bool crossover_same_group(const struct result_row *a, const struct result_row *b)
{
    return belongs(a) && belongs(b) && !strcmp(a->model, b->model) &&
           !strcmp(a->format, b->format) && a->cached == b->cached && a->batch == b->batch &&
           a->ragged == b->ragged && a->cold == b->cold && a->threads == b->threads &&
           !strcmp(a->special, b->special);
}

const struct result_row *crossover_row(const struct result_table *table,
                                       const struct result_row *leader, const char *kernel,
                                       int64_t new_tokens)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row->new_tokens == new_tokens && !strcmp(row->kernel, kernel) &&
            crossover_same_group(row, leader))
            return row;
    }
    return NULL;
}

/* The group's next larger number of new tokens, or INT64_MAX. */
static int64_t next_tokens(const struct result_table *table, const struct result_row *leader,
                           int64_t after)
{
    int64_t next = INT64_MAX;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row->new_tokens > after && row->new_tokens < next && crossover_same_group(row, leader))
            next = row->new_tokens;
    }
    return next;
}

/* Whether a kernel keeps to its order: a plug-in may choose as `auto` does. */
static bool is_of_one_order(const struct result_table *table, const struct result_row *kernel)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (crossover_same_group(row, kernel) && !strcmp(row->kernel, kernel->kernel) &&
            strcmp(row->order, kernel->order) != 0)
            return false;
    }
    return !is_auto(kernel);
}

/* Puts the numbers of new tokens that a pair shares into `pair`; returns the mean logarithm of the
 * product of its times. */
static double share(const struct result_table *table, struct crossover *pair)
{
    double sum = 0;
    pair->count = 0;
    for (int64_t n = 0; pair->count < CROSSOVER_POINTS_MAX;) {
        n = next_tokens(table, pair->leader, n);
        if (n == INT64_MAX)
            break;
        const struct result_row *a = crossover_row(table, pair->leader, pair->absorbed->kernel, n);
        const struct result_row *b =
            crossover_row(table, pair->leader, pair->reexpanded->kernel, n);
        if (!a || !b)
            continue;
        pair->tokens[pair->count++] = n;
        sum += log(a->ns.median) + log(b->ns.median);
    }
    return sum / pair->count;
}

static bool is_first_of_kernel(const struct result_table *table, const struct result_row *row)
{
    const struct result_row *first = table->rows;
    while (strcmp(first->kernel, row->kernel) != 0 || !crossover_same_group(first, row))
        first++;
    return first == row;
}

/* A kernel to compare: one of an order, given by the first of its rows in the group. */
static bool is_candidate(const struct result_table *table, const struct result_row *leader,
                         const struct result_row *row, const char *order)
{
    return crossover_same_group(row, leader) && !strcmp(row->order, order) &&
           is_first_of_kernel(table, row) && is_of_one_order(table, row);
}

static void choose_pair(const struct result_table *table, struct crossover *crossover)
{
    double least = INFINITY;
    const struct result_row *leader = crossover->leader;
    const struct result_row *end = table->rows + table->count;
    for (const struct result_row *a = table->rows; a < end; a++) {
        if (!is_candidate(table, leader, a, "absorbed"))
            continue;
        for (const struct result_row *b = table->rows; b < end; b++) {
            if (strcmp(a->isa, b->isa) != 0 || !is_candidate(table, leader, b, "re-expanded"))
                continue;
            struct crossover pair = {.leader = leader, .absorbed = a, .reexpanded = b};
            double time = share(table, &pair);
            if (pair.count > crossover->count || (pair.count == crossover->count && time < least)) {
                *crossover = pair;
                least = time;
            }
        }
    }
}

static double time_ratio(const struct result_row *absorbed, const struct result_row *reexpanded)
{
    return absorbed->ns.median / reexpanded->ns.median;
}

static double flops_ratio(const struct result_row *absorbed, const struct result_row *reexpanded)
{
    return result_number(absorbed->repetitions[0], "flops") /
           result_number(reexpanded->repetitions[0], "flops");
}

/* Of the ratios of the times within a round; NAN without memory. */
static double quantile(const struct result_row *absorbed, const struct result_row *reexpanded,
                       double q)
{
    int count = absorbed->count < reexpanded->count ? absorbed->count : reexpanded->count;
    double *ratios = malloc((size_t)count * sizeof *ratios);
    for (int i = 0; i < count && ratios; i++)
        ratios[i] = result_number(absorbed->repetitions[i], "real_time") /
                    result_number(reexpanded->repetitions[i], "real_time");
    double value = ratios ? stat_quantile(ratios, count, q) : NAN;
    free(ratios);
    return value;
}

static double lower_quartile(const struct result_row *absorbed, const struct result_row *reexpanded)
{
    return quantile(absorbed, reexpanded, 0.25);
}

static double upper_quartile(const struct result_row *absorbed, const struct result_row *reexpanded)
{
    return quantile(absorbed, reexpanded, 0.75);
}

static struct crossing find(const struct result_table *table, const struct crossover *crossover,
                            double (*ratio_of)(const struct result_row *absorbed,
                                               const struct result_row *reexpanded))
{
    struct crossing found = {0};
    double last = 0;
    for (int i = 0; i < crossover->count; i++) {
        int64_t n = crossover->tokens[i];
        const struct result_row *leader = crossover->leader;
        double ratio =
            log(ratio_of(crossover_row(table, leader, crossover->absorbed->kernel, n),
                         crossover_row(table, leader, crossover->reexpanded->kernel, n)));
        if (!isfinite(ratio))
            return (struct crossing){.count = -1};
        if (i == 0) {
            found.absorbed_at_first = ratio <= 0;
        } else if ((ratio <= 0) != (last <= 0)) {
            double from = log((double)crossover->tokens[i - 1]);
            found.last = exp(from + (log((double)n) - from) * last / (last - ratio));
            if (found.count++ == 0)
                found.first = found.last;
        }
        last = ratio;
    }
    return found;
}

/* Between which numbers of new tokens the quartiles pass 1. */
static void bracket(const struct result_table *table, struct crossover *crossover)
{
    struct crossing *measured = &crossover->measured;
    struct crossing lower = find(table, crossover, lower_quartile);
    struct crossing upper = find(table, crossover, upper_quartile);
    measured->low = measured->high = NAN;
    if (measured->count == 1 && lower.count == 1 && upper.count == 1) {
        measured->low = fmin(lower.first, upper.first);
        measured->high = fmax(lower.first, upper.first);
    }
}

/* The fastest kernel but `auto` for the work of a row, or NULL. */
static const struct result_row *fastest_other(const struct result_table *table,
                                              const struct result_row *of)
{
    const struct result_row *best = NULL;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!is_auto(row) && row->new_tokens == of->new_tokens && crossover_same_group(row, of) &&
            (!best || row->ns.median < best->ns.median))
            best = row;
    }
    return best;
}

static void judge_auto(const struct result_table *table, struct crossover *crossover)
{
    crossover->auto_worst = NAN;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        const struct result_row *best = NULL;
        if (is_auto(row) && crossover_same_group(row, crossover->leader))
            best = fastest_other(table, row);
        if (best && !(row->ns.median / best->ns.median <= crossover->auto_worst)) {
            crossover->auto_worst = row->ns.median / best->ns.median;
            crossover->auto_worst_at = row->new_tokens;
        }
    }
}

bool crossover_at(const struct result_table *table, int index, struct crossover *crossover)
{
    const struct result_row *leader = &table->rows[index];
    if (!belongs(leader))
        return false;
    for (int i = 0; i < index; i++)
        if (crossover_same_group(&table->rows[i], leader))
            return false;
    *crossover = (struct crossover){.leader = leader};
    choose_pair(table, crossover);
    if (crossover->count < CROSSOVER_POINTS_MIN)
        return false;
    crossover->measured = find(table, crossover, time_ratio);
    bracket(table, crossover);
    crossover->by_flops = find(table, crossover, flops_ratio);
    judge_auto(table, crossover);
    return true;
}

void crossover_words(const struct crossover *crossover, const struct crossing *crossing,
                     const char *is_better, char *text, unsigned long size)
{
    const char *order = crossing->absorbed_at_first ? "absorbing" : "re-expanding";
    text[0] = 0;
    if (crossing->count == 0)
        snprintf(text, size, "%s %s throughout, from %s to %s new tokens at once", order, is_better,
                 unit_count(crossover->tokens[0]).s,
                 unit_count(crossover->tokens[crossover->count - 1]).s);
    if (crossing->count == 1) {
        char range[144] = "";
        if (isnan(crossing->low))
            snprintf(range, sizeof range, " (the rounds' quartiles leave it open)");
        else if (crossing->high > 0)
            snprintf(range, sizeof range, " (%s to %s by the rounds' quartiles)",
                     unit_count(llround(crossing->low)).s, unit_count(llround(crossing->high)).s);
        snprintf(text, size, "%s %s up to about %s new tokens at once%s", order, is_better,
                 unit_count(llround(crossing->first)).s, range);
    }
    if (crossing->count > 1)
        snprintf(text, size,
                 "which order %s changes %d times between about %s and %s new tokens at once",
                 is_better, crossing->count, unit_count(llround(crossing->first)).s,
                 unit_count(llround(crossing->last)).s);
}

void crossover_case(const struct result_row *leader, char *text, unsigned long size)
{
    char batch[64] = "";
    if (leader->batch > 1)
        snprintf(batch, sizeof batch, ", batch %s%s", unit_count(leader->batch).s,
                 leader->ragged ? " ragged" : "");
    snprintf(text, size, "%s cached%s, %s%s%s, %s thread%s", unit_tokens(leader->cached).s, batch,
             leader->format, leader->special, leader->cold ? ", cold" : "",
             unit_count(leader->threads).s, leader->threads > 1 ? "s" : "");
}
