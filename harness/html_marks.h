/* SPDX-License-Identifier: MIT
 *
 * Where a drawing has its marks, as its script told: data/NAME.marks. Per panel a line
 *
 *   axes LEFT RIGHT BOTTOM TOP X_MIN X_MAX Y_MIN Y_MAX X_LOG Y_LOG
 *
 * (the frame in the drawing's unit, from its top left corner; what the axes have at its sides;
 * whether they are logarithmic, 0 or 1), and a line per mark, in the numbers of these axes:
 *
 *   BLOCK LINE X Y
 *
 * the block of data/NAME.tsv that the mark is of, from 1, and the line in there, from 0. */
#ifndef MLABENCH_HTML_MARKS_H
#define MLABENCH_HTML_MARKS_H

#include <stdbool.h>
#include <stdio.h>

struct html_mark {
    int block, line;
    double x, y; /* in the drawing's unit, from its top left corner */
};

struct html_marks {
    struct html_mark *item;
    int count;
};

/* The marks of the table data/NAME.tsv, to be destroyed: none if the drawing told none. Lines that
 * are no marks are left out. False: there was no memory. */
bool html_marks_read(const char *table_path, struct html_marks *marks);
void html_marks_destroy(struct html_marks *marks);

/* ` data-at="X,Y X,Y"`, or nothing for a row without a mark. */
void html_marks_put(FILE *file, const struct html_marks *marks, int block, int line);

#endif
