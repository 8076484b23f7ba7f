/* SPDX-License-Identifier: MIT
 *
 * A page that is written once and comes out as Markdown or HTML. All texts are plain: what the
 * format takes for markup is escaped, wherever it comes from. Write errors show when the file is
 * closed. */
#ifndef MLABENCH_DOCUMENT_H
#define MLABENCH_DOCUMENT_H

#include <stdbool.h>
#include <stdio.h>

#define DOCUMENT_SECTIONS 24 /* that are linked to; more may follow */

struct document {
    FILE *file;
    const struct document_format *format;
    const char *folder; /* that of the page, to find plots in */
    int figures;        /* so far */
    bool failed;        /* there was no memory: the page is not whole */
    /* HTML's own. */
    FILE *page; /* what `file` was: until the page's end it is the body */
    char *body;
    size_t body_size;
    int sections, paragraphs;
    char section[DOCUMENT_SECTIONS][64];
    char title[24]; /* the id of what a table would be called by */
};

struct document_format {
    const char *file_name;
    void (*begin)(struct document *doc, const char *title);
    void (*end)(struct document *doc);
    void (*heading)(struct document *doc, const char *text);
    void (*paragraph)(struct document *doc, const char *text);
    /* Tells the reader what must not be missed. */
    void (*warning)(struct document *doc, const char *text);
    void (*begin_list)(struct document *doc);
    void (*item)(struct document *doc, const char *text);
    void (*end_list)(struct document *doc);
    /* `align`: a letter per column, l or r, r of figures. Cells: one per column. The paragraph
     * before it, else the heading, is the table's title. */
    void (*begin_table)(struct document *doc, const char *align, const char *const *cells);
    void (*row)(struct document *doc, const char *align, const char *const *cells);
    void (*end_table)(struct document *doc);
    /* plots/NAME.svg of the page's folder, and data/NAME.tsv that it shows. */
    void (*figure)(struct document *doc, const char *name, const char *caption);
    /* A part that the reader may open. */
    void (*begin_fold)(struct document *doc, const char *title);
    void (*end_fold)(struct document *doc);
    /* A link to a file of the page's folder. */
    void (*file_item)(struct document *doc, const char *path, const char *text);
};

extern const struct document_format document_markdown, document_html;

/* With printf's formats. */
__attribute__((format(printf, 2, 3))) void doc_paragraph(struct document *doc, const char *format,
                                                         ...);
__attribute__((format(printf, 2, 3))) void doc_item(struct document *doc, const char *format, ...);

#endif
