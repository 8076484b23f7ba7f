/* SPDX-License-Identifier: MIT
 *
 * A table for LaTeX, in the style of the package booktabs. All texts are plain UTF-8. */
#ifndef MLABENCH_TEX_TABLE_H
#define MLABENCH_TEX_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#define TEX_COLUMNS_MAX  12
#define TEX_TABULAR_ROWS 44 /* what a page holds beside a caption: more rows are a longtable */

struct tex_row {
    bool heading; /* of the rows below, across all columns */
    char *cells;  /* malloc'ed, a tab between two */
};

struct tex_table {
    char head[TEX_COLUMNS_MAX][96];
    char align[TEX_COLUMNS_MAX + 1]; /* 'l' or 'r' each */
    int columns;
    struct tex_row *rows;
    int count;
    bool failed; /* no memory for some row */
};

/* Beyond TEX_COLUMNS_MAX columns are left out. */
void tex_table_column(struct tex_table *table, char align, const char *head);
/* `cells`: a tab between two; those that are missing are empty. */
void tex_table_row(struct tex_table *table, const char *cells);
/* A heading, unless it is that of the rows so far. */
void tex_table_heading(struct tex_table *table, const char *text);
void tex_table_destroy(struct tex_table *table);

/* A tabular, or where it has more rows than TEX_TABULAR_ROWS a longtable, which breaks between
 * pages but cannot stand in a float or in two columns; its first line, a comment, says which. Below
 * it the note, if any, no wider than the line. */
void tex_table_write(FILE *file, const struct tex_table *table, const char *note);

#endif
