/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "harness/tex_table.h"

#include "harness/tex.h"

#include <stdlib.h>
#include <string.h>

void tex_table_column(struct tex_table *table, char align, const char *head)
{
    if (table->columns == TEX_COLUMNS_MAX)
        return;
    snprintf(table->head[table->columns], sizeof table->head[0], "%s", head);
    table->align[table->columns++] = align;
}

static void add(struct tex_table *table, bool heading, const char *cells)
{
    struct tex_row *grown = realloc(table->rows, (size_t)(table->count + 1) * sizeof *grown);
    if (!grown) {
        table->failed = true;
        return;
    }
    table->rows = grown;
    grown[table->count] = (struct tex_row){heading, strdup(cells)};
    if (grown[table->count].cells)
        table->count++;
    else
        table->failed = true;
}

void tex_table_row(struct tex_table *table, const char *cells)
{
    add(table, false, cells);
}

void tex_table_heading(struct tex_table *table, const char *text)
{
    for (int i = table->count - 1; i >= 0; i--)
        if (table->rows[i].heading) {
            if (!strcmp(table->rows[i].cells, text))
                return;
            break;
        }
    add(table, true, text);
}

void tex_table_destroy(struct tex_table *table)
{
    for (int i = 0; i < table->count; i++)
        free(table->rows[i].cells);
    free(table->rows);
    *table = (struct tex_table){0};
}

/* Headings of numbers are set like these, at the right. */
static void print_head(FILE *file, const struct tex_table *table)
{
    for (int i = 0; i < table->columns; i++) {
        fputs(i ? " & " : "", file);
        tex_text(file, table->head[i]);
    }
    fputs(" \\\\\n\\midrule\n", file);
}

static void print_row(FILE *file, const struct tex_table *table, int r)
{
    const struct tex_row *row = &table->rows[r];
    if (row->heading) {
        if (r > 0)
            fputs("\\addlinespace\n", file);
        fprintf(file, "\\multicolumn{%d}{@{}l@{}}{\\itshape ", table->columns);
        tex_text(file, row->cells);
        fputs("} \\\\*\n", file);
        return;
    }
    const char *at = row->cells;
    for (int i = 0; i < table->columns; i++) {
        size_t length = strcspn(at, "\t");
        char *cell = strndup(at, length);
        fputs(i ? " & " : "", file);
        tex_text(file, cell ? cell : "?");
        free(cell);
        at += length + (at[length] == '\t');
    }
    fputs(" \\\\\n", file);
}

void tex_table_write(FILE *file, const struct tex_table *table, const char *note)
{
    bool is_long = table->count > TEX_TABULAR_ROWS;
    const char *kind = is_long ? "longtable" : "tabular";
    fprintf(file, "%% A %s; needs the packages booktabs%s.\n", kind,
            is_long ? " and longtable, and one column" : "");
    fprintf(file, "\\begin{%s}{@{}%.*s@{}}\n\\toprule\n", kind, table->columns, table->align);
    print_head(file, table);
    if (is_long) {
        fputs("\\endfirsthead\n\\toprule\n", file);
        print_head(file, table);
        fputs("\\endhead\n\\midrule\n\\endfoot\n\\bottomrule\n\\endlastfoot\n", file);
    }
    for (int r = 0; r < table->count; r++)
        print_row(file, table, r);
    fprintf(file, "%s\\end{%s}\n", is_long ? "" : "\\bottomrule\n", kind);
    if (note && note[0]) {
        fputs("\n\\smallskip{\\footnotesize ", file);
        tex_text(file, note);
        fputs("\\par}\n", file);
    }
}
