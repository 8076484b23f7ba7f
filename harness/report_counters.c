/* SPDX-License-Identifier: MIT
 *
 * What the event counters say of every kernel in every case. */
#include "harness/derived.h"
#include "harness/report_page.h"
#include "harness/units.h"

#include <stdlib.h>
#include <string.h>

static bool is_suspect(const struct result_table *table, const char *counter)
{
    const json_t *list = json_object_get(table->mlabench, "counters_suspect");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(result_text(json_array_get(list, i), "name"), counter) == 0)
            return true;
    return false;
}

static struct text cell(const struct result_table *table, const struct result_row *row,
                        const struct derived_figure *figure)
{
    double median = result_spread(row, "derived", figure->name).median;
    if (is_suspect(table, figure->above) || is_suspect(table, figure->below))
        return (struct text){"suspect"};
    return unit_number(median, 3);
}

/* Over all rows. */
static int values_of(const struct result_table *table, const char *figure)
{
    int values = 0;
    for (int i = 0; i < table->count; i++)
        values += result_spread(&table->rows[i], "derived", figure).n;
    return values;
}

static void explain(struct document *doc, const struct result_table *table)
{
    const struct document_format *f = doc->format;
    const json_t *missing = json_object_get(table->rows[0].repetitions[0], "derived_missing");
    f->begin_list(doc);
    for (int i = 0; i < DERIVED_FIGURES; i++) {
        const struct derived_figure *figure = &derived_figures[i];
        const char *why = result_text(missing, figure->name);
        if (values_of(table, figure->name) > 0)
            doc_item(doc, "%s: %s", figure->title, figure->definition);
        else
            doc_item(doc, "%s: %s; missing: %s", figure->title, figure->definition,
                     why[0] ? why : "no reason given");
    }
    f->end_list(doc);
}

static void rows(struct document *doc, const struct result_table *table)
{
    static const char align[] = "lllrrrrrrrr";
    enum { BEFORE = 3 };
    const struct document_format *f = doc->format;
    const char *heads[BEFORE + DERIVED_FIGURES] = {"model", "case", "kernel"};
    for (int i = 0; i < DERIVED_FIGURES; i++)
        heads[BEFORE + i] = derived_figures[i].title;
    f->begin_table(doc, align, heads);
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        char text[256];
        struct text figures[DERIVED_FIGURES];
        const char *cells[BEFORE + DERIVED_FIGURES] = {row->model, text, row->kernel};
        report_case(row, text, sizeof text);
        for (int n = 0; n < DERIVED_FIGURES; n++) {
            figures[n] = cell(table, row, &derived_figures[n]);
            cells[BEFORE + n] = figures[n].s;
        }
        f->row(doc, align, cells);
    }
    f->end_table(doc);
}

void report_counters(struct document *doc, const struct result_table *table)
{
    int values = 0;
    for (int i = 0; i < DERIVED_FIGURES; i++)
        values += values_of(table, derived_figures[i].name);
    if (values == 0)
        return;
    doc->format->heading(doc, "Event counters");
    doc->format->paragraph(doc, "Medians over the repetitions that counted the events, all threads "
                                "together; misses are per new token.");
    rows(doc, table);
    explain(doc, table);
}
