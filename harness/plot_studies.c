/* SPDX-License-Identifier: MIT
 *
 * What studies found: a plot for each that names its panels and series. A block holds its rows, all
 * columns of them in the study's order; the script is study_NAME.gp. */
#include "harness/plot_draw.h"
#include "harness/study.h"

#include <stdio.h>
#include <string.h>

/* The place of the column that holds a row's panel or series; -1 where there is one for all. */
static int column_of(const json_t *found, const char *key)
{
    const char *wanted = result_text(json_object_get(found, "plot"), key);
    size_t i;
    json_t *column;
    json_array_foreach(json_object_get(found, "columns"), i,
                       column) if (wanted[0] &&
                                   !strcmp(result_text(column, "name"), wanted)) return (int)i;
    return -1;
}

/* A line of text for gnuplot: of a stored result's text only what it takes for text, with spaces
 * and a printer's apostrophe. */
static void set_line(char *line, size_t size, const char *text)
{
    static const char apostrophe[] = "\xe2\x80\x99";
    size_t used = 0;
    for (; *text && used + sizeof apostrophe < size; text++) {
        const char letter[] = {*text, '\0'};
        if (*text == '\'') {
            memcpy(line + used, apostrophe, sizeof apostrophe - 1);
            used += sizeof apostrophe - 1;
        } else {
            plot_label(line + used, 2, letter);
            if (*text == ' ' || *text == '%')
                line[used] = *text;
            used++;
        }
    }
    line[used] = '\0';
}

/* A panel's or series' name. */
struct word {
    char text[96];
};

static struct word word_of(const json_t *row, int column)
{
    struct word word = {{0}};
    const char *text = json_string_value(json_array_get(row, (size_t)column));
    set_line(word.text, sizeof word.text, column < 0 ? "all" : text && text[0] ? text : "-");
    return word;
}

static void print_value(FILE *file, const json_t *value)
{
    char label[96];
    if (json_is_number(value)) {
        fprintf(file, "%.8g", json_number_value(value));
    } else if (json_is_string(value)) {
        plot_label(label, sizeof label, json_string_value(value));
        fputs(label, file);
    } else {
        fputs("NaN", file);
    }
}

static void print_block(struct plot_draft *draft, const json_t *found, int panel, int series,
                        const int columns[2])
{
    FILE *file = draft->data.file;
    size_t i, width = json_array_size(json_object_get(found, "columns"));
    const json_t *rows = json_object_get(found, "rows"), *row;
    int printed = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            plot_block(draft, draft->series.item[series], printed, (int)width);
        for (i = 0; i < json_array_size(rows); i++) {
            row = json_array_get(rows, i);
            if (strcmp(word_of(row, columns[0]).text, draft->panels.item[panel]) != 0 ||
                strcmp(word_of(row, columns[1]).text, draft->series.item[series]) != 0)
                continue;
            if (pass == 0) {
                printed++;
                continue;
            }
            for (size_t c = 0; c < width; c++) {
                print_value(file, json_array_get(row, c));
                fputc(c + 1 < width ? '\t' : '\n', file);
            }
        }
    }
}

static void name_columns(const json_t *found, char *text, size_t size)
{
    size_t i, used = 0;
    json_t *column;
    text[0] = 0;
    json_array_foreach(json_object_get(found, "columns"), i, column)
    {
        const char *unit = result_text(column, "unit");
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", i ? "\t" : "",
                                     result_text(column, "name"), unit[0] ? ", " : "", unit);
    }
}

static int plot_study(struct plot_maker *maker, const char *name, const json_t *found,
                      struct mla_error *error)
{
    struct plot_draft draft = {0};
    char columns_text[1024];
    const int columns[2] = {column_of(found, "panel"), column_of(found, "series")};
    const json_t *rows = json_object_get(found, "rows"), *plot = json_object_get(found, "plot");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        words_add(&draft.panels, word_of(json_array_get(rows, i), columns[0]).text);
        words_add(&draft.series, word_of(json_array_get(rows, i), columns[1]).text);
    }
    if (draft.panels.count == 0)
        return 0;
    name_columns(found, columns_text, sizeof columns_text);
    int code = plot_begin(maker, PLOT_STUDY, "", columns_text, &draft, error, "study-%s", name);
    if (code)
        return code;
    snprintf(draft.figure, sizeof draft.figure, "study_%s", name);
    set_line(draft.plot->title, sizeof draft.plot->title, result_text(found, "title"));
    snprintf(draft.plot->caption, sizeof draft.plot->caption, "%s", result_text(plot, "caption"));
    set_line(draft.x_label, sizeof draft.x_label, result_text(plot, "x_label"));
    for (int p = 0; p < draft.panels.count; p++)
        for (int s = 0; s < draft.series.count; s++)
            print_block(&draft, found, p, s, columns);
    return plot_finish(maker, &draft, error);
}

int plot_studies(struct plot_maker *maker, struct mla_error *error)
{
    const char *name;
    json_t *found;
    int code = 0;
    json_object_foreach(json_object_get(maker->table->mlabench, "studies"), name, found)
    {
        /* The name becomes part of a script's. */
        if (!code && study_name_is_plain(name) && json_is_object(json_object_get(found, "plot")))
            code = plot_study(maker, name, found, error);
    }
    return code;
}
