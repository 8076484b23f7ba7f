/* SPDX-License-Identifier: MIT
 *
 * Errors in units of the limit, as a distribution over the cases: a row per kernel, a dot per case,
 * those that failed marked, and the quartiles. */
#include "harness/plot_draw.h"
#include "harness/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shows where dots lie close: spread over the row in a fixed pattern (the golden ratio's multiples
 * are evenly spread whatever their number). */
static double jitter(int n)
{
    return 0.24 * (fmod(n * 0.6180339887498949, 1) - 0.5);
}

static int print_passed(FILE *file, const struct result_table *table, const struct words *kernels)
{
    int printed = 0;
    for (int k = 0; k < kernels->count; k++)
        for (int i = 0, n = 0; i < table->count; i++) {
            const struct result_row *row = &table->rows[i];
            char kernel[96];
            plot_label(kernel, sizeof kernel, row->kernel);
            double ratio = row->error.ratio / row->error.limit;
            if (strcmp(kernel, kernels->item[k]) || !(ratio >= 0))
                continue;
            printed++;
            if (file)
                fprintf(file, "%.3f\t%s\t%.4g\t%.4g\n", k + jitter(n++), kernel, ratio,
                        row->error.lse_ratio / row->error.limit);
        }
    return printed;
}

/* What a box shows of a kernel's cases. */
static const struct quantile {
    const char *name;
    double q;
} quantiles[] = {
    {"least", 0}, {"lower quartile", 0.25}, {"median", 0.5}, {"upper quartile", 0.75}, {"most", 1},
};
#define QUANTILES (int)(sizeof quantiles / sizeof quantiles[0])

/* A line per kernel that passed a case. NULL file only counts. `values`: room for two errors of
 * every row. */
static int print_quantile(FILE *file, const struct result_table *table, const struct words *kernels,
                          double q, double *values)
{
    int printed = 0;
    for (int k = 0; k < kernels->count; k++) {
        double *o = values, *lse = values + table->count;
        int count[2] = {0};
        for (int i = 0; i < table->count; i++) {
            const struct result_error *e = &table->rows[i].error;
            char kernel[96];
            plot_label(kernel, sizeof kernel, table->rows[i].kernel);
            if (strcmp(kernel, kernels->item[k]) || !(e->ratio / e->limit >= 0))
                continue;
            o[count[0]++] = e->ratio / e->limit;
            if (e->lse_ratio >= 0)
                lse[count[1]++] = e->lse_ratio / e->limit;
        }
        printed += count[0] > 0;
        if (file && count[0] > 0)
            fprintf(file, "%d\t%s\t%.4g\t%.4g\n", k, kernels->item[k],
                    stat_quantile(o, count[0], q), stat_quantile(lse, count[1], q));
    }
    return printed;
}

static int print_quantiles(struct plot_draft *draft, const struct result_table *table,
                           struct mla_error *error)
{
    double *values = malloc(2 * sizeof *values * (size_t)(table->count + 1));
    if (!values)
        return mla_fail(error, MLA_MACHINE, "no memory for the quartiles of errors");
    for (int i = 0; i < QUANTILES; i++) {
        double q = quantiles[i].q;
        plot_block(draft, quantiles[i].name, print_quantile(NULL, table, &draft->series, q, values),
                   4);
        print_quantile(draft->data.file, table, &draft->series, q, values);
    }
    free(values);
    return 0;
}

/* A failure's kernel is the last part of its name. */
static void failed_kernel(const json_t *failure, char *kernel, size_t size)
{
    const char *name = result_text(failure, "name"), *slash = strrchr(name, '/');
    plot_label(kernel, size, slash ? slash + 1 : name);
}

static double failed_ratio(const json_t *failure)
{
    const json_t *error = json_object_get(failure, "error");
    double limit = result_number(error, "limit");
    double ratio = result_number(error, "ratio") / limit, lse = result_number(error, "lse_ratio");
    return fmax(ratio, lse / limit);
}

static int print_failed(FILE *file, const json_t *failures, const struct words *kernels)
{
    int printed = 0;
    size_t i;
    json_t *failure;
    json_array_foreach(failures, i, failure)
    {
        char kernel[96];
        failed_kernel(failure, kernel, sizeof kernel);
        double ratio = failed_ratio(failure);
        for (int k = 0; k < kernels->count && ratio > 0; k++)
            if (!strcmp(kernel, kernels->item[k])) {
                printed++;
                if (file)
                    fprintf(file, "%.3f\t%s\t%.4g\tNaN\n", k + jitter((int)i), kernel, ratio);
            }
    }
    return printed;
}

/* Baselines are the same kernels on other models, so here it is the kernel's own name. */
static void add_kernels(const struct result_table *table, const json_t *failures,
                        struct words *kernels)
{
    char kernel[96];
    for (const struct result_row *last = NULL;;) {
        const struct result_row *next = NULL;
        for (int i = 0; i < table->count; i++) {
            const struct result_row *row = &table->rows[i];
            if ((!last || result_arithmetic_order(row, last) > 0) &&
                (!next || result_arithmetic_order(row, next) < 0))
                next = row;
        }
        if (!next)
            break;
        plot_label(kernel, sizeof kernel, next->kernel);
        words_add(kernels, kernel);
        last = next;
    }
    size_t i;
    json_t *failure;
    json_array_foreach(failures, i, failure)
    {
        failed_kernel(failure, kernel, sizeof kernel);
        if (failed_ratio(failure) > 0)
            words_add(kernels, kernel);
    }
}

int plot_error(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    const json_t *failures = json_object_get(maker->table->mlabench, "failed");
    struct plot_draft draft = {0};
    add_kernels(maker->table, failures, &draft.series);
    int passed = print_passed(NULL, maker->table, &draft.series);
    int failed = print_failed(NULL, failures, &draft.series);
    if (passed + failed == 0) {
        plot_undrawable(maker, "No plot of errors: the file has none.");
        return 0;
    }
    int code = plot_begin(maker, PLOT_ERROR, family, "row\tkernel\to_over_limit\tlse_over_limit",
                          &draft, error, "error");
    if (code)
        return code;
    plot_block(&draft, "passed", passed, 4);
    print_passed(draft.data.file, maker->table, &draft.series);
    plot_block(&draft, "failed", failed, 4);
    print_failed(draft.data.file, failures, &draft.series);
    code = print_quantiles(&draft, maker->table, error);
    if (code) {
        out_discard(&draft.data);
        return code;
    }
    snprintf(draft.plot->title, sizeof draft.plot->title, "error / limit, all cases");
    snprintf(draft.plot->caption, sizeof draft.plot->caption,
             "Worst error of every kernel in every case against the double-precision reference, in "
             "units of the error that a correct kernel may make: at 1 it is refused. Filled: o, "
             "open: log-sum-exp, crosses: refused. Boxes reach from the lower to the upper "
             "quartile of a kernel's cases, with the median between.");
    return plot_finish(maker, &draft, error);
}
