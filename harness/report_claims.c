/* SPDX-License-Identifier: MIT
 *
 * What is true of the article's claims, and what the studies behind it found. */
#include "harness/report_page.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Long tables are in their CSV files. */
enum { ROWS_SHOWN = 60, COLUMNS_MOST = 16 };

static void figure_text(double value, const char *unit, char *text, size_t size)
{
    bool whole = fabs(value) >= 1e4 && fabs(value) < 1e15 && value == floor(value);
    const struct text number = whole ? unit_count((int64_t)value) : unit_number(value, 4);
    snprintf(text, size, "%s%s%.16s", number.s, unit[0] ? " " : "", unit);
}

static void evidence(struct document *doc, const json_t *claim)
{
    const struct document_format *f = doc->format;
    const json_t *list = json_object_get(claim, "evidence"), *item;
    size_t i;
    doc_paragraph(doc, "%s %s", result_text(claim, "criterion"), "The figures:");
    f->begin_table(doc, "lr", (const char *const[]){"figure", "value"});
    for (i = 0; i < json_array_size(list); i++) {
        char text[96];
        item = json_array_get(list, i);
        figure_text(result_number(item, "value"), result_text(item, "unit"), text, sizeof text);
        f->row(doc, "lr", (const char *const[]){result_text(item, "name"), text});
    }
    f->end_table(doc);
}

static void show_claim(struct document *doc, const json_t *claim)
{
    const struct document_format *f = doc->format;
    const json_t *missing = json_object_get(claim, "missing");
    char title[512];
    size_t i;
    snprintf(title, sizeof title, "Why: %.400s", result_text(claim, "claim"));
    f->begin_fold(doc, title);
    if (json_array_size(json_object_get(claim, "evidence")) > 0)
        evidence(doc, claim);
    for (i = 0; i < json_array_size(missing); i++) {
        const char *text = json_string_value(json_array_get(missing, i));
        doc_paragraph(doc, "Missing: %s.", text ? text : "");
    }
    f->end_fold(doc);
}

static void claims(struct document *doc, const json_t *list)
{
    static const char align[] = "lllll";
    const struct document_format *f = doc->format;
    size_t i;
    f->heading(doc, "What is true of the article's claims");
    f->begin_table(doc, align,
                   (const char *const[]){"claim", "verdict", "against", "measured", "plot"});
    for (i = 0; i < json_array_size(list); i++) {
        const json_t *claim = json_array_get(list, i);
        f->row(doc, align,
               (const char *const[]){result_text(claim, "claim"), result_text(claim, "verdict"),
                                     result_text(claim, "baseline"), result_text(claim, "measured"),
                                     result_text(claim, "figure")});
    }
    f->end_table(doc);
    for (i = 0; i < json_array_size(list); i++)
        show_claim(doc, json_array_get(list, i));
}

static void cell_text(const json_t *value, char *text, size_t size)
{
    if (json_is_number(value))
        figure_text(json_number_value(value), "", text, size);
    else
        snprintf(text, size, "%s", json_is_string(value) ? json_string_value(value) : "-");
}

static void show_study(struct document *doc, const char *name, const json_t *study)
{
    const struct document_format *f = doc->format;
    const json_t *columns = json_object_get(study, "columns"),
                 *rows = json_object_get(study, "rows");
    const json_t *notes = json_object_get(study, "notes");
    size_t i, k, width = json_array_size(columns);
    const char *heads[COLUMNS_MOST], *cells[COLUMNS_MOST];
    char texts[COLUMNS_MOST][96], titles[COLUMNS_MOST][96], align[COLUMNS_MOST + 1] = "";
    if (width == 0)
        return;
    width = width < COLUMNS_MOST ? width : COLUMNS_MOST;
    f->begin_fold(doc, result_text(study, "title")[0] ? result_text(study, "title") : name);
    f->paragraph(doc, result_text(study, "about"));
    for (i = 0; i < width; i++) {
        const json_t *column = json_array_get(columns, i);
        const char *unit = result_text(column, "unit");
        snprintf(titles[i], sizeof titles[i], "%.60s%s%.20s", result_text(column, "name"),
                 unit[0] ? ", " : "", unit);
        heads[i] = titles[i];
        cells[i] = texts[i];
        align[i] = json_is_string(json_array_get(json_array_get(rows, 0), i)) ? 'l' : 'r';
    }
    f->begin_table(doc, align, heads);
    for (i = 0; i < json_array_size(rows) && i < ROWS_SHOWN; i++) {
        for (k = 0; k < width; k++)
            cell_text(json_array_get(json_array_get(rows, i), k), texts[k], sizeof texts[k]);
        f->row(doc, align, cells);
    }
    f->end_table(doc);
    if (json_array_size(rows) > ROWS_SHOWN)
        doc_paragraph(doc, "%d of %zu rows; all are in tables/study-%s.csv.", ROWS_SHOWN,
                      json_array_size(rows), name);
    for (i = 0; i < json_array_size(notes); i++) {
        const char *note = json_string_value(json_array_get(notes, i));
        f->paragraph(doc, note ? note : "");
    }
    f->end_fold(doc);
}

void report_claims(struct document *doc, const struct result_table *table)
{
    const json_t *list = json_object_get(table->mlabench, "claims");
    json_t *studies = json_object_get(table->mlabench, "studies"), *study;
    const char *name;
    if (json_array_size(list) > 0)
        claims(doc, list);
    if (json_object_size(studies) > 0)
        doc->format->heading(doc, "Studies");
    json_object_foreach(studies, name, study) show_study(doc, name, study);
}
