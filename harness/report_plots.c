/* SPDX-License-Identifier: MIT
 *
 * The plots, the richest model's in full, the others' folded. */
#include "harness/report_page.h"

#include <string.h>

const char *report_leader(const struct result_table *table)
{
    const char *leader = "";
    int most = 0;
    for (int i = 0; i < table->count; i++) {
        int rows = 0;
        for (int j = 0; j < table->count; j++)
            rows += !strcmp(table->rows[j].family, table->rows[i].family);
        if (rows > most) {
            most = rows;
            leader = table->rows[i].family;
        }
    }
    return leader;
}

/* A line of plots that are shown at once: of each kind the first. */
static bool is_first_of_kind(const struct plots *plots, const struct plot *plot)
{
    const struct plot *first = plots->items;
    while (first->kind != plot->kind || strcmp(first->family, plot->family) || !first->drawn)
        first++;
    return first == plot;
}

static void show_family(struct document *doc, const struct plots *plots, const char *family,
                        int first_of_kind)
{
    for (int i = 0; i < plots->count; i++) {
        const struct plot *plot = &plots->items[i];
        if (plot->drawn && !strcmp(plot->family, family) &&
            (first_of_kind < 0 || is_first_of_kind(plots, plot) == first_of_kind))
            doc->format->figure(doc, plot->name, plot->caption);
    }
}

static int drawn(const struct plots *plots, const char *family)
{
    int count = 0;
    for (int i = 0; i < plots->count; i++)
        count += plots->items[i].drawn && !strcmp(plots->items[i].family, family);
    return count;
}

static void fold_family(struct document *doc, const struct plots *plots, const char *family,
                        int first_of_kind, const char *what)
{
    char title[160];
    snprintf(title, sizeof title, "%s%s", what, family);
    doc->format->begin_fold(doc, title);
    show_family(doc, plots, family, first_of_kind);
    doc->format->end_fold(doc);
}

void report_plots(struct document *doc, const struct result_table *table, const struct plots *plots)
{
    const char *leader = report_leader(table);
    doc->format->heading(doc, "Plots");
    show_family(doc, plots, "", -1);
    show_family(doc, plots, leader, 1);
    int more = 0;
    for (int i = 0; i < plots->count; i++)
        more += plots->items[i].drawn && !strcmp(plots->items[i].family, leader) &&
                !is_first_of_kind(plots, &plots->items[i]);
    if (more)
        fold_family(doc, plots, leader, 0, "More of ");
    for (int i = 0; i < plots->count; i++) {
        const char *family = plots->items[i].family;
        int first = 0;
        while (strcmp(plots->items[first].family, family))
            first++;
        if (first == i && family[0] && strcmp(family, leader) && drawn(plots, family))
            fold_family(doc, plots, family, -1, "Plots of ");
    }
}
