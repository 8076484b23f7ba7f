/* SPDX-License-Identifier: MIT
 *
 * What a reader would otherwise take for done: failures, skips, missing counters, notes, and what
 * could not be drawn. */
#include "harness/report_page.h"
#include "harness/units.h"

#include <string.h>

#define SHOWN_OPEN 12 /* longer lists are folded */

void report_entries(struct document *doc, const json_t *list, const char *name_key,
                    const char *text_key, const char *title)
{
    const struct document_format *f = doc->format;
    size_t count = json_array_size(list), i;
    json_t *entry;
    if (count == 0)
        return;
    char heading[128];
    snprintf(heading, sizeof heading, "%s (%s)", title, unit_count((int64_t)count).s);
    if (count > SHOWN_OPEN)
        f->begin_fold(doc, heading);
    else
        doc_paragraph(doc, "%s:", heading);
    f->begin_list(doc);
    json_array_foreach(list, i, entry)
        doc_item(doc, "%s: %s", result_text(entry, name_key), result_text(entry, text_key));
    f->end_list(doc);
    if (count > SHOWN_OPEN)
        f->end_fold(doc);
}

/* Counters by name with the first reason given. A new reference. */
static json_t *missing_counters(const struct result_table *table)
{
    json_t *missing = json_object();
    for (int i = 0; i < table->count; i++)
        for (int n = 0; n < table->rows[i].count; n++) {
            const char *name;
            json_t *reason;
            json_object_foreach(json_object_get(table->rows[i].repetitions[n], "counters_missing"),
                                name, reason)
            {
                if (!json_object_get(missing, name) &&
                    !result_counted_elsewhere(table->rows[i].repetitions[n], name))
                    json_object_set(missing, name, reason);
            }
        }
    return missing;
}

static void counters(struct document *doc, const struct result_table *table)
{
    json_t *missing = missing_counters(table), *reason;
    const char *name;
    if (json_object_size(missing) > 0) {
        doc_paragraph(doc, "Event counters that could not be had:");
        doc->format->begin_list(doc);
        json_object_foreach(missing, name, reason)
            doc_item(doc, "%s: %s", name,
                     json_is_string(reason) ? json_string_value(reason) : "no reason given");
        doc->format->end_list(doc);
    }
    json_decref(missing);
}

void report_plots_missing(struct document *doc, const struct plots *plots)
{
    int missing = plots->undrawable_count;
    for (int i = 0; i < plots->count; i++)
        missing += !plots->items[i].drawn;
    if (missing == 0)
        return;
    doc_paragraph(doc, "Plots that are not there:");
    doc->format->begin_list(doc);
    for (int i = 0; i < plots->count; i++)
        if (!plots->items[i].drawn)
            doc_item(doc, "%s: %s", plots->items[i].name, plots->items[i].why_not);
    for (int i = 0; i < plots->undrawable_count; i++)
        doc_item(doc, "%s", plots->undrawable[i]);
    doc->format->end_list(doc);
}

void report_left_out(struct document *doc, const struct result_table *table,
                     const struct plots *plots)
{
    doc->format->heading(doc, "What is not there, and notes");
    report_entries(doc, json_object_get(table->mlabench, "failed"), "name", "reason",
                   "Failed verification, hence not timed");
    report_entries(doc, json_object_get(table->mlabench, "skipped"), "name", "reason", "Skipped");
    counters(doc, table);
    report_entries(doc, json_object_get(table->mlabench, "counters_suspect"), "name", "reason",
                   "Suspect event counters");
    report_plots_missing(doc, plots);
    report_entries(doc, json_object_get(table->mlabench, "notes"), "model", "note",
                   "Notes on models");
}
