/* SPDX-License-Identifier: MIT
 *
 * The roofline: GFLOP/s against FLOP per byte, both by the accounting, a panel per phase, a mark
 * per kernel and state of the caches. The first series of each panel is the run's own roofs at that
 * number of threads. */
#include "harness/plot_draw.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROOFS "roofs"

static const char *const levels[] = {"L1", "L2", "L3", "DRAM"};
#define LEVELS (int)(sizeof levels / sizeof levels[0])

/* All NAN: not measured. */
struct roof {
    double median, min, max;
};

struct roofs {
    struct roof peak;           /* GFLOP/s */
    struct roof slopes[LEVELS]; /* GB/s */
};

static struct roof read_roof(const json_t *ceiling)
{
    return (struct roof){result_number(ceiling, "median"), result_number(ceiling, "min"),
                         result_number(ceiling, "max")};
}

static struct roofs read_roofs(const struct result_table *table, int64_t threads)
{
    char key[24];
    snprintf(key, sizeof key, "%lld", (long long)threads);
    const json_t *peaks = json_object_get(table->mlabench, "fma_peak_gflops");
    const json_t *read =
        json_object_get(json_object_get(table->mlabench, "read_bandwidth_gbs"), key);
    struct roofs roofs = {.peak = read_roof(json_object_get(peaks, key))};
    for (int i = 0; i < LEVELS; i++)
        roofs.slopes[i] = read_roof(json_object_get(read, levels[i]));
    return roofs;
}

/* What the axes have to hold. */
struct limits {
    double x[2], y[2]; /* least, most */
};

static void widen(double range[2], double value)
{
    range[0] = fmin(range[0], value);
    range[1] = fmax(range[1], value);
}

/* FLOP per byte that a step must move, or NAN: older files do not know the bytes. */
static double intensity(const struct result_row *row)
{
    const json_t *bytes = json_object_get(row->repetitions[0], "step_bytes");
    return result_number(row->repetitions[0], "flops") /
           (result_number(bytes, "read") + result_number(bytes, "written"));
}

/* The same work and threads as a case, whatever the caches held. */
static bool under_these_roofs(const struct result_row *a, const struct result_row *b)
{
    struct result_row warm[2] = {*a, *b};
    warm[0].cold = warm[1].cold = false;
    return a->threads == b->threads && result_same_work(&warm[0], &warm[1]);
}

/* A line per state of the caches. NULL `file` only counts. */
static int print_marks(FILE *file, const struct result_table *table, const struct result_row *work,
                       const char *series, struct limits *limits)
{
    int printed = 0;
    for (int cold = 0; cold < 2; cold++) {
        struct result_row same = *work;
        same.cold = cold;
        const struct result_row *row = plot_find(table, &same, series, work->threads);
        double x = row ? intensity(row) : NAN;
        if (!row || !isfinite(x))
            continue;
        double flops = result_number(row->repetitions[0], "flops");
        printed++;
        widen(limits->x, x);
        widen(limits->y, flops / row->ns.median);
        if (file) /* FLOP per ns are GFLOP/s */
            fprintf(file, "%.6g\t%.6g\t%.6g\t%.6g\t%d\n", x, flops / row->ns.median,
                    flops / row->ns.q3, flops / row->ns.q1, cold);
    }
    return printed;
}

/* "read, GB/s: L1 112, L2 84, DRAM 10", as far as it is known. */
static void describe(const struct roofs *roofs, char *text, size_t size)
{
    const char *before = "read, GB/s: ";
    int length =
        snprintf(text, size, "%s", isfinite(roofs->peak.median) ? "" : "FMA peak not measured; ");
    for (int i = 0; i < LEVELS; i++) {
        if (!isfinite(roofs->slopes[i].median))
            continue;
        length += snprintf(text + length, size - (size_t)length, "%s%s %s", before, levels[i],
                           unit_number(roofs->slopes[i].median, 3).s);
        before = ", ";
    }
}

static void print_roof(FILE *file, const struct roof *roof, int level, const char *text)
{
    fprintf(file, "%.6g\t%d\t%.6g\t%.6g\t%s\n", roof->median, level, roof->min, roof->max, text);
}

/* Lines of median, what it is (0: the FMA peak, which is always there; else the level), least, most
 * and what is said of the slopes. */
static void print_roofs(struct plot_draft *draft, const struct roofs *roofs, struct limits *limits)
{
    char text[192];
    describe(roofs, text, sizeof text);
    plot_block(draft, "(roofs: median GFLOP/s or read GB/s, 0 for FMA or level, least, most)", 1,
               5);
    print_roof(draft->data.file, &roofs->peak, 0, text);
    widen(limits->y, roofs->peak.median); /* NAN widens nothing */
    widen(limits->y, roofs->peak.max);
    for (int i = 0; i < LEVELS; i++) {
        if (!isfinite(roofs->slopes[i].median))
            continue;
        print_roof(draft->data.file, &roofs->slopes[i], i + 1, text);
        widen(limits->x, roofs->peak.median / roofs->slopes[i].median);
    }
}

static void print_panel(struct plot_draft *draft, const struct result_table *table,
                        const struct result_row *work, struct limits *limits)
{
    char title[96];
    struct roofs roofs = read_roofs(table, work->threads);
    plot_case_title(work, work->threads, title, sizeof title);
    words_add(&draft->panels, title);
    print_roofs(draft, &roofs, limits);
    for (int s = 1; s < draft->series.count; s++) {
        const char *name = draft->series.item[s];
        int rows = print_marks(NULL, table, work, name, limits);
        plot_block(draft, name, rows, 5);
        print_marks(draft->data.file, table, work, name, limits);
    }
}

static void set_texts(struct plot_draft *draft, const char *family)
{
    struct plot *plot = draft->plot;
    plot_label(plot->title, sizeof plot->title, family);
    snprintf(draft->x_label, sizeof draft->x_label, "FLOP per byte that a step must move");
    snprintf(plot->caption, sizeof plot->caption,
             "Roofline: %s. Marks are medians of the whole step, bars their quartiles; FLOPs and "
             "bytes by the accounting. Filled: warm, the step finds in the caches what the one "
             "before left there; hollow: cold, all of it comes from DRAM. The flat roof is the FMA "
             "peak (grey: least to most), the slopes are read bandwidths, medians of what this run "
             "measured at that number of threads. Left of where a slope meets the flat roof that "
             "memory bounds a kernel, right of it arithmetic does. A hollow mark belongs under the "
             "DRAM slope; a filled one above it was fed by a cache.",
             plot->title);
}

/* Whether anything can be placed at all. */
static bool has_marks(const struct result_table *table, const struct result_row *const *cases,
                      int count, const struct words *series)
{
    struct limits ignored = {{INFINITY, 0}, {INFINITY, 0}};
    for (int c = 0; c < count; c++)
        for (int s = 1; s < series->count; s++)
            if (print_marks(NULL, table, cases[c], series->item[s], &ignored) > 0)
                return true;
    return false;
}

int plot_roofline(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_row *cases[PLOT_CASES_MAX];
    int count = plot_cases(maker->table, family, cases);
    struct plot_draft draft = {0};
    words_add(&draft.series, ROOFS);
    for (int c = 0; c < count; c++)
        plot_series(maker->table, cases[c], under_these_roofs, &draft.series);
    if (!has_marks(maker->table, cases, count, &draft.series)) {
        plot_undrawable(maker, "%s: no roofline, the result does not say what bytes a step moves.",
                        family);
        return 0;
    }
    int code = plot_begin(maker, PLOT_ROOFLINE, family,
                          "flop_per_byte\tmedian_gflops\tq1_gflops\tq3_gflops\tcold", &draft, error,
                          "roofline");
    if (code)
        return code;
    struct limits limits = {{INFINITY, 0}, {INFINITY, 0}};
    for (int c = 0; c < count; c++)
        print_panel(&draft, maker->table, cases[c], &limits);
    plot_block(&draft, "(limits of x and y)", 1, 5);
    for (int end = 0; end < 2; end++)
        fprintf(draft.data.file, "%.6g\t%.6g\tNaN\tNaN\tNaN\n", limits.x[end], limits.y[end]);
    set_texts(&draft, family);
    return plot_finish(maker, &draft, error);
}
