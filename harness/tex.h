/* SPDX-License-Identifier: MIT
 *
 * Text for LaTeX. Names come from files of anybody: none of them may become a command. */
#ifndef MLABENCH_TEX_H
#define MLABENCH_TEX_H

#include <stdio.h>

/* UTF-8 as text of a paragraph, a caption or a cell of a table, on one line: what TeX takes for
 * itself is escaped, and lines may also break after the marks within paths and options. Needs T1
 * fonts and inputenc's utf8, LaTeX's own since 2018. What these cannot set becomes '?'. */
void tex_text(FILE *file, const char *text);

/* Three significant digits, as text for tex_text: 0.0123, 12,300, 4.10×10⁻⁷, or "–" if not
 * finite. */
void tex_number(char *text, size_t size, double x);

#endif
