/* SPDX-License-Identifier: MIT */
#include "harness/document.h"

#include <string.h>

/* On one line, and with nothing left that Markdown or the HTML inside it would read. */
static void escaped(struct document *doc, const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 127)
            fputc(' ', doc->file);
        else if (*c == '<' || *c == '>' || *c == '&')
            fputs(*c == '<' ? "&lt;" : *c == '>' ? "&gt;" : "&amp;", doc->file);
        else {
            if (strchr("\\`*_[]|#~$", *c) || (c == text && strchr("-+", *c)))
                fputc('\\', doc->file);
            fputc(*c, doc->file);
        }
    }
}

static void begin(struct document *doc, const char *title)
{
    fputs("# ", doc->file);
    escaped(doc, title);
    fputs("\n\n", doc->file);
}

static void end(struct document *doc)
{
    (void)doc;
}

static void heading(struct document *doc, const char *text)
{
    fputs("## ", doc->file);
    escaped(doc, text);
    fputs("\n\n", doc->file);
}

static void paragraph(struct document *doc, const char *text)
{
    escaped(doc, text);
    fputs("\n\n", doc->file);
}

static void warning(struct document *doc, const char *text)
{
    fputs("> **Mind:** ", doc->file);
    paragraph(doc, text);
}

static void begin_list(struct document *doc)
{
    (void)doc;
}

static void item(struct document *doc, const char *text)
{
    fputs("- ", doc->file);
    escaped(doc, text);
    fputc('\n', doc->file);
}

static void end_list(struct document *doc)
{
    fputc('\n', doc->file);
}

static void row(struct document *doc, const char *align, const char *const *cells)
{
    for (size_t i = 0; align[i]; i++) {
        fputs("| ", doc->file);
        escaped(doc, cells[i]);
        fputc(' ', doc->file);
    }
    fputs("|\n", doc->file);
}

static void begin_table(struct document *doc, const char *align, const char *const *cells)
{
    row(doc, align, cells);
    for (size_t i = 0; align[i]; i++)
        fputs(align[i] == 'r' ? "|---:" : "|---", doc->file);
    fputs("|\n", doc->file);
}

static void figure(struct document *doc, const char *name, const char *caption)
{
    doc->figures++;
    fprintf(doc->file, "![](plots/%s.svg)\n\n*Figure %d.* ", name, doc->figures);
    escaped(doc, caption);
    fprintf(doc->file, " ([PDF](plots/%s.pdf), [PNG](plots/%s.png), [data](data/%s.tsv))\n\n", name,
            name, name);
}

static void begin_fold(struct document *doc, const char *title)
{
    fputs("<details><summary>", doc->file);
    for (const char *c = title; *c; c++) /* inside HTML, where backslashes do not escape */
        fprintf(doc->file, (unsigned char)*c < ' ' || strchr("<>&", *c) ? "&#%d;" : "%c", *c);
    fputs("</summary>\n\n", doc->file);
}

static void end_fold(struct document *doc)
{
    fputs("</details>\n\n", doc->file);
}

static void file_item(struct document *doc, const char *path, const char *text)
{
    fprintf(doc->file, "- [%s](%s): ", path, path);
    escaped(doc, text);
    fputc('\n', doc->file);
}

const struct document_format document_markdown = {
    .file_name = "report.md",
    .begin = begin,
    .end = end,
    .heading = heading,
    .paragraph = paragraph,
    .warning = warning,
    .begin_list = begin_list,
    .item = item,
    .end_list = end_list,
    .begin_table = begin_table,
    .row = row,
    .end_table = end_list,
    .figure = figure,
    .begin_fold = begin_fold,
    .end_fold = end_fold,
    .file_item = file_item,
};
