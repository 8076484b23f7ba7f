/* SPDX-License-Identifier: MIT */
#include "harness/plots.h"

#include "harness/plot_draw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int plot_function(struct plot_maker *maker, const char *family, struct mla_error *error);
static plot_function *const per_family[] = {plot_latency, plot_crossover, plot_kv_cache,
                                            plot_peak,    plot_roofline,  plot_stages,
                                            plot_trade,   plot_formats,   plot_counters};

static int draw_family(struct plot_maker *maker, const char *family, struct mla_error *error)
{
    for (size_t i = 0; i < sizeof per_family / sizeof per_family[0]; i++) {
        int code = per_family[i](maker, family, error);
        if (code)
            return code;
    }
    return 0;
}

/* Sets maker->scripts_folder, malloc'ed, or says why gnuplot cannot draw. */
static void find_scripts(struct plot_maker *maker, const char *scripts_folder)
{
    maker->scripts_folder = realpath(scripts_folder, NULL);
    if (!maker->scripts_folder)
        snprintf(maker->broken, sizeof maker->broken, "the gnuplot scripts are not in %.120s: %s",
                 scripts_folder, strerror(errno));
}

int plots_draw(const struct result_table *table, const char *out_folder, const char *scripts_folder,
               struct plots *plots, struct mla_error *error)
{
    *plots = (struct plots){0};
    struct plot_maker maker = {.table = table, .out_folder = out_folder, .plots = plots};
    find_scripts(&maker, scripts_folder);
    int code = plot_error(&maker, "", error);
    if (!code)
        code = plot_studies(&maker, error);
    for (int i = 0; !code && i < table->count; i++) {
        int first = 0;
        while (strcmp(table->rows[first].family, table->rows[i].family))
            first++;
        if (first == i)
            code = draw_family(&maker, table->rows[i].family, error);
    }
    free(maker.scripts_folder);
    return code;
}

int plots_draw_lineup(const struct lineup *lineup, const char *out_folder,
                      const char *scripts_folder, struct plots *plots, struct mla_error *error)
{
    *plots = (struct plots){0};
    struct plot_maker maker = {.out_folder = out_folder, .plots = plots};
    find_scripts(&maker, scripts_folder);
    int code = 0;
    for (int i = 0; !code && i < lineup->count; i++) {
        const struct result_row *row = lineup->rows[i].any;
        int first = 0;
        while (strcmp(lineup->rows[first].any->model, row->model) ||
               strcmp(lineup->rows[first].any->phase, row->phase))
            first++;
        if (first == i && !row->baseline)
            code = plot_machines(&maker, lineup, &lineup->rows[i], error);
    }
    free(maker.scripts_folder);
    return code;
}

void plots_destroy(struct plots *plots)
{
    for (int i = 0; i < plots->undrawable_count; i++)
        free(plots->undrawable[i]);
    free(plots->undrawable);
    free(plots->items);
    *plots = (struct plots){0};
}
