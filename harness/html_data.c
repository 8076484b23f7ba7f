/* SPDX-License-Identifier: MIT
 *
 * The table behind a drawing. */
#include "harness/html.h"
#include "harness/html_marks.h"
#include "harness/suite.h"
#include "harness/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MOST = 40, ROWS_MOST = 5000 /* a browser's patience */ };

struct source {
    FILE *file;
    char *text;
    size_t size;
    char *names[COLUMNS_MOST]; /* into `heads` */
    char *heads;
    int columns;
    char panel[128], series[128];
    int panels, block; /* so far, from 1 */
    int line;          /* in the block, from 0 */
    struct html_marks marks;
    bool aside; /* this block helps to draw, and is not shown */
};

/* Splits at tabs, in place. Returns how many there are, at most COLUMNS_MOST. */
static int split(char *line, char **cells)
{
    int count = 1;
    cells[0] = line;
    for (char *c = line; *c && count < COLUMNS_MOST; c++)
        if (*c == '\t') {
            *c = 0;
            cells[count++] = c + 1;
        }
    return count;
}

static bool next_line(struct source *source)
{
    ssize_t length = getline(&source->text, &source->size, source->file);
    if (length > 0 && source->text[length - 1] == '\n')
        source->text[length - 1] = 0;
    return length >= 0;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), own = strlen(end);
    return length > own && !strcmp(name + length - own, end);
}

/* A column's unit is the end of its name. */
static const struct unit {
    const char *ending, *title;
    double factor;
    struct text (*show)(double x);
} units[] = {
    {"_s", "", 1e9, unit_time},
    {"_bytes", " bytes", 1, unit_bytes},
    {"_pct", "", 1, unit_percent},
    {"_gflops", " GFLOP/s", 1, NULL},
};

static const struct unit *unit_of(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (ends_with(name, units[i].ending))
            return &units[i];
    return NULL;
}

static void put_head(FILE *file, const char *name)
{
    const struct unit *unit = unit_of(name);
    char title[96];
    size_t i, length = strlen(name) - (unit ? strlen(unit->ending) : 0);
    for (i = 0; i < length && i + 1 < sizeof title; i++)
        title[i] = name[i];
    title[i] = 0;
    for (i = 0; title[i]; i++)
        if (title[i] == '_')
            title[i] = ' ';
    fputs("<th scope=\"col\" data-name=\"", file);
    html_text(file, name);
    fputs(strcmp(name, "row") ? "\">" : "\" hidden>", file);
    html_text(file, title);
    fprintf(file, "%s</th>", unit ? unit->title : "");
}

static bool is_flag(const char *name)
{
    return !strcmp(name, "cold") || !strcmp(name, "beaten") || !strcmp(name, "absorbed");
}

static void put_cell(FILE *file, const char *name, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    bool figure = end != text && !*end && strcmp(name, "kernel") != 0;
    if (figure && !strcmp(name, "format")) { /* drawings count them */
        enum { KNOWN = sizeof format_names / sizeof format_names[0] };
        text = value >= 0 && value < KNOWN ? format_names[(int)value] : "other";
        figure = false;
    } else if (figure && is_flag(name)) {
        text = value > 0 ? "yes" : "no";
        figure = false;
    }
    if (!figure) {
        fputs("<td>", file);
        html_text(file, text);
        fputs("</td>", file);
        return;
    }
    fputs(strcmp(name, "row") ? "<td class=\"r\"" : "<td hidden", file);
    if (isfinite(value))
        fprintf(file, " data-value=\"%.9g\"", value);
    fputc('>', file);
    const struct unit *unit = unit_of(name);
    bool whole = fabs(value) < 1e15 && value == floor(value);
    if (unit && unit->show)
        fputs(unit->show(unit->factor * value).s, file);
    else
        fputs(whole && !unit ? unit_count((int64_t)value).s : unit_number(value, 4).s, file);
    fputs("</td>", file);
}

/* What a comment says: a block's series, and before it its panel. */
static void take_comment(struct source *source, const char *text)
{
    if (!strncmp(text, "in ", 3)) {
        if (source->panels == 0 || strncmp(source->panel, text + 3, sizeof source->panel - 1) != 0)
            source->panels++;
        snprintf(source->panel, sizeof source->panel, "%s", text + 3);
        return;
    }
    snprintf(source->series, sizeof source->series, "%s", text);
    source->block++;
    source->line = -1;
    source->aside = text[0] == '(';
}

static void put_row(FILE *file, const struct source *source, char **cells, int count)
{
    fprintf(file, "<tr data-panel=\"%d\" data-block=\"%d\"",
            source->panels > 0 ? source->panels - 1 : 0, source->block);
    html_marks_put(file, &source->marks, source->block, source->line);
    fputs("><td>", file);
    html_text(file, source->panel);
    fputs("</td><td>", file);
    html_text(file, strcmp(source->series, source->panel) != 0 ? source->series : "");
    fputs("</td>", file);
    for (int i = 0; i < source->columns; i++)
        put_cell(file, source->names[i], i < count ? cells[i] : "");
    fputs("</tr>\n", file);
}

/* Without the line of NaN of an empty block. */
static bool has_figures(char *const *cells, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(cells[i], "NaN") != 0)
            return true;
    return false;
}

static void put_rows(FILE *file, struct source *source)
{
    char *cells[COLUMNS_MOST], last[512] = "";
    int rows = 0;
    while (next_line(source)) {
        if (!strncmp(source->text, "# ", 2)) {
            take_comment(source, source->text + 2);
            last[0] = 0;
            continue;
        }
        source->line += source->text[0] != 0;
        bool again =
            !strncmp(source->text, last, sizeof last - 1); /* another mark on the same place */
        snprintf(last, sizeof last, "%s", source->text);
        if (!source->text[0] || source->aside || again)
            continue;
        int count = split(source->text, cells);
        if (has_figures(cells, count) && rows++ < ROWS_MOST)
            put_row(file, source, cells, count);
    }
    fputs("</tbody></table></div>", file);
    if (rows > ROWS_MOST)
        fprintf(file, "<p>The first %s of %s rows.</p>", unit_count(ROWS_MOST).s,
                unit_count(rows).s);
}

bool html_data(FILE *file, const char *path)
{
    struct source source = {.file = fopen(path, "r")};
    if (!source.file)
        return true;
    bool marked = html_marks_read(path, &source.marks);
    bool there = next_line(&source) && !strncmp(source.text, "# ", 2);
    if (there)
        source.heads = strdup(source.text + 2);
    if (source.heads) {
        source.columns = split(source.heads, source.names);
        fputs("<details><summary>The numbers</summary>\n<div class=\"scroll\" role=\"region\" "
              "aria-label=\"The numbers\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">"
              "panel</th><th scope=\"col\">series</th>",
              file);
        for (int i = 0; i < source.columns; i++)
            put_head(file, source.names[i]);
        fputs("</tr></thead>\n<tbody>\n", file);
        put_rows(file, &source);
        fputs("</details>\n", file);
    }
    bool whole = marked && (!there || source.heads);
    html_marks_destroy(&source.marks);
    free(source.heads);
    free(source.text);
    fclose(source.file);
    return whole;
}
