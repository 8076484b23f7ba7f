/* SPDX-License-Identifier: MIT
 *
 * What event counters say: a panel per figure, a bar per kernel, of the case that stands for the
 * first phase that has any. Where the machine counts no hardware events, the operating system's,
 * per new token. */
#include "harness/derived.h"
#include "harness/plot_draw.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct figure {
    const char *object, *name, *title;
    double scale;            /* of a value per step and new token; 0: as it is */
    const char *counters[2]; /* that must not be suspect, or NULL */
};

static const struct figure of_system[] = {
    {"counters", "perf::TASK-CLOCK", "CPU time, µs per new token", 1e-3, {NULL, NULL}},
    {"counters", "perf::PAGE-FAULTS", "page faults per new token", 1, {NULL, NULL}},
    {"counters", "perf::CONTEXT-SWITCHES", "context switches per new token", 1, {NULL, NULL}},
};
#define OF_SYSTEM (int)(sizeof of_system / sizeof of_system[0])

static struct figure derived(int i)
{
    const struct derived_figure *d = &derived_figures[i];
    return (struct figure){"derived", d->name, d->title, 0, {d->above, d->below}};
}

static bool is_suspect(const struct result_table *table, const struct figure *figure)
{
    const json_t *list = json_object_get(table->mlabench, "counters_suspect");
    for (size_t i = 0; i < json_array_size(list); i++)
        for (int k = 0; k < 2; k++)
            if (figure->counters[k] &&
                !strcmp(result_text(json_array_get(list, i), "name"), figure->counters[k]))
                return true;
    return false;
}

/* All NAN if the row has no value. */
static struct spread value_of(const struct result_row *row, const struct figure *figure)
{
    struct spread spread = result_spread(row, figure->object, figure->name);
    double steps = (double)result_count(row->repetitions[0], "iterations");
    double scale = figure->scale > 0 ? figure->scale / (steps * result_tokens(row)) : 1;
    spread.q1 *= scale;
    spread.median *= scale;
    spread.q3 *= scale;
    return spread;
}

static const struct result_row *row_of(const struct plot_maker *maker,
                                       const struct result_row *work, const char *kernel)
{
    return plot_find(maker->table, work, kernel, work->threads);
}

static bool same_step(const struct result_row *a, const struct result_row *b)
{
    return a->threads == b->threads && result_same_work(a, b);
}

/* Whether a figure says something: a value that is not 0. */
static bool has_values(const struct plot_maker *maker, const struct result_row *work,
                       const struct words *kernels, const struct figure *figure)
{
    for (int k = 0; k < kernels->count && !is_suspect(maker->table, figure); k++)
        if (value_of(row_of(maker, work, kernels->item[k]), figure).median > 0)
            return true;
    return false;
}

/* The figures that can be shown; hardware's, or else the system's. */
static int choose(const struct plot_maker *maker, const struct result_row *work,
                  const struct words *kernels, struct figure figures[DERIVED_FIGURES])
{
    int count = 0;
    for (int i = 0; i < DERIVED_FIGURES; i++) {
        struct figure figure = derived(i);
        if (has_values(maker, work, kernels, &figure))
            figures[count++] = figure;
    }
    for (int i = 0; count == 0 || figures[0].scale > 0; i++) {
        if (i == OF_SYSTEM)
            break;
        if (has_values(maker, work, kernels, &of_system[i]))
            figures[count++] = of_system[i];
    }
    return count;
}

static void print_panel(struct plot_draft *draft, const struct plot_maker *maker,
                        const struct result_row *work, const struct words *kernels,
                        const struct figure *figure)
{
    words_add(&draft->panels, figure->title);
    plot_block(draft, figure->title, kernels->count, 6);
    for (int k = 0; k < kernels->count; k++) {
        struct spread v = value_of(row_of(maker, work, kernels->item[k]), figure);
        struct text label =
            v.median < 1000 ? unit_number(v.median, 3) : unit_count(lround(v.median));
        fprintf(draft->data.file, "%d\t%s\t%.6g\t%.6g\t%.6g\t%s\n", k, kernels->item[k], v.median,
                v.q1, v.q3, label.s);
    }
}

static int draw_case(struct plot_maker *maker, const char *family, const struct result_row *work,
                     const struct words *kernels, const struct figure *figures, int count,
                     struct mla_error *error)
{
    struct plot_draft draft = {0};
    char title[96], label[64];
    int code = plot_begin(maker, PLOT_COUNTERS, family, "row\tkernel\tmedian\tq1\tq3\tlabel",
                          &draft, error, "counters");
    if (code)
        return code;
    for (int i = 0; i < count; i++)
        print_panel(&draft, maker, work, kernels, &figures[i]);
    plot_case_title(work, work->threads, title, sizeof title);
    plot_label(label, sizeof label, family);
    snprintf(draft.plot->title, sizeof draft.plot->title, "%s", label);
    snprintf(draft.x_label, sizeof draft.x_label, "%s", title);
    snprintf(draft.plot->caption, sizeof draft.plot->caption,
             "What event counters say: %s, %s. Medians over the repetitions that counted the "
             "events, bars from 0, whiskers quartiles; all threads together%s.%s Of MHA, GQA-8 and "
             "MQA the fastest kernel.",
             label, title, figures[0].scale > 0 ? "" : "; misses are per new token",
             figures[0].scale > 0 ? " This machine counts no hardware events; these are the "
                                    "operating system's, and figures that are 0 throughout are "
                                    "left out."
                                  : "");
    return plot_finish(maker, &draft, error);
}

int plot_counters(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const struct result_row *cases[PLOT_CASES_MAX];
    int count = plot_cases(maker->table, family, cases);
    for (int c = 0; c < count; c++) {
        struct words kernels = {0};
        struct figure figures[DERIVED_FIGURES];
        plot_series(maker->table, cases[c], same_step, &kernels);
        int found = choose(maker, cases[c], &kernels, figures);
        if (found > 0)
            return draw_case(maker, family, cases[c], &kernels, figures, found, error);
    }
    plot_undrawable(maker,
                    "%s: no plot of event counters, none has a value (see the counters that "
                    "could not be had).",
                    family);
    return 0;
}
