/* SPDX-License-Identifier: MIT
 *
 * Pieces of an HTML page. Texts are plain, and escaped here. */
#ifndef MLABENCH_HTML_H
#define MLABENCH_HTML_H

#include <stdbool.h>
#include <stdio.h>

void html_text(FILE *file, const char *text);
/* <NAME>TEXT</NAME> */
void html_element(FILE *file, const char *name, const char *text);

/* A drawing by gnuplot, the text of its file from "<svg" on, to stand in a page: without what
 * belongs to a file of its own, its ids made unique by the figure's number, named by the element
 * with id figN. */
void html_drawing(FILE *file, const char *svg, int figure);

/* The table behind a drawing, folded: data/NAME.tsv as plot_draw.h describes it, its figures with
 * units. The drawing's place for a mark is in its columns as well, with what a script needs to find
 * the row of a mark: tr[data-panel][data-block], td[data-value], th[data-name], and tr[data-at] if
 * the drawing told where they are (html_marks.h). Nothing if there is no such file. False: there
 * was no memory. */
bool html_data(FILE *file, const char *path);

#endif
