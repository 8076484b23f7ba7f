/* SPDX-License-Identifier: MIT
 *
 * One HTML file that needs nothing else: style and plots are inside, there is no script. */
#include "harness/document.h"

#include <stdlib.h>
#include <string.h>

static void escaped(struct document *doc, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        switch (*c) {
        case '&':
            fputs("&amp;", doc->file);
            break;
        case '<':
            fputs("&lt;", doc->file);
            break;
        case '>':
            fputs("&gt;", doc->file);
            break;
        case '"':
            fputs("&quot;", doc->file);
            break;
        case '\'':
            fputs("&#39;", doc->file);
            break;
        default:
            fputc(*c < ' ' || *c == 127 ? ' ' : *c, doc->file);
        }
}

static void element(struct document *doc, const char *name, const char *text)
{
    fprintf(doc->file, "<%s>", name);
    escaped(doc, text);
    fprintf(doc->file, "</%s>\n", name);
}

static const char style[] =
    ":root{color-scheme:light dark;--text:#1a1a1a;--quiet:#5a5a5a;--page:#fff;--line:#d9d9d9;"
    "--mark:#fff3d6}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#e6e6e6;--quiet:#a3a3a3;--page:#161616;"
    "--line:#3a3a3a;--mark:#4a3a12}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1rem;max-width:72rem;background:var(--page);color:var(--text);"
    "font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px "
    "solid var(--line)}\n"
    "p,ul{max-width:50rem}\n"
    ".mind{background:var(--mark);padding:.5rem .8rem;border-radius:4px}\n"
    ".scroll{overflow-x:auto;margin:1rem 0}\n"
    "table{border-collapse:collapse;font-size:.82rem;font-variant-numeric:tabular-nums;"
    "overflow-wrap:normal}\n"
    "th,td{padding:.2rem .6rem;text-align:left;white-space:nowrap;border-bottom:1px solid "
    "var(--line)}\n"
    "th{position:sticky;top:0;background:var(--page)}.r{text-align:right}\n"
    "figure{display:inline-block;vertical-align:top;width:min(100%,21rem);margin:0 1rem 1.2rem 0}\n"
    ".card{background:#fff;border-radius:6px;padding:.4rem;border:1px solid var(--line)}\n"
    ".card svg{display:block;width:100%;height:auto}\n"
    "figcaption{font-size:.85rem;color:var(--quiet);padding:.3rem .2rem}\n"
    "summary{cursor:pointer;padding:.2rem 0}a{color:inherit}\n"
    "@media print{details>*{display:block}}\n";

static void begin(struct document *doc, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
          doc->file);
    element(doc, "title", title);
    fprintf(doc->file, "<style>\n%s</style>\n</head>\n<body>\n", style);
    element(doc, "h1", title);
}

static void end(struct document *doc)
{
    fputs("</body>\n</html>\n", doc->file);
}

static void heading(struct document *doc, const char *text)
{
    element(doc, "h2", text);
}

static void paragraph(struct document *doc, const char *text)
{
    element(doc, "p", text);
}

static void warning(struct document *doc, const char *text)
{
    fputs("<p class=\"mind\"><strong>Mind:</strong> ", doc->file);
    escaped(doc, text);
    fputs("</p>\n", doc->file);
}

static void begin_list(struct document *doc)
{
    fputs("<ul>\n", doc->file);
}

static void item(struct document *doc, const char *text)
{
    element(doc, "li", text);
}

static void end_list(struct document *doc)
{
    fputs("</ul>\n", doc->file);
}

static void cells_of(struct document *doc, const char *cell, const char *align,
                     const char *const *cells)
{
    fputs("<tr>", doc->file);
    for (size_t i = 0; align[i]; i++) {
        fprintf(doc->file, "<%s%s>", cell, align[i] == 'r' ? " class=\"r\"" : "");
        escaped(doc, cells[i]);
        fprintf(doc->file, "</%s>", cell);
    }
    fputs("</tr>\n", doc->file);
}

static void begin_table(struct document *doc, const char *align, const char *const *cells)
{
    fputs("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead>", doc->file);
    cells_of(doc, "th", align, cells);
    fputs("</thead>\n<tbody>\n", doc->file);
}

static void row(struct document *doc, const char *align, const char *const *cells)
{
    cells_of(doc, "td", align, cells);
}

static void end_table(struct document *doc)
{
    fputs("</tbody></table></div>\n", doc->file);
}

/* The whole file as a string, or NULL. */
static char *read_all(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = NULL;
    size_t size = 0;
    ssize_t length = getdelim(&text, &size, 0, file);
    fclose(file);
    if (length > 0)
        return text;
    free(text);
    return NULL;
}

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* The drawing without what belongs to a file of its own, and with its ids prefixed, because every
 * drawing of gnuplot uses the same. */
static void inline_svg(struct document *doc, const char *svg)
{
    static const char *const before_id[] = {"id=\"", "id='", "href=\"#", "href='#", "url(#"};
    static const char *const dropped[][2] = {{"<title>Gnuplot", "</title>"}, {"<desc>", "</desc>"}};
    while (*svg) {
        const char *next = NULL;
        for (size_t i = 0; !next && i < sizeof dropped / sizeof dropped[0]; i++)
            if (after(svg, dropped[i][0]) && (next = strstr(svg, dropped[i][1])))
                next += strlen(dropped[i][1]);
        for (size_t i = 0; !next && i < sizeof before_id / sizeof before_id[0]; i++)
            if ((next = after(svg, before_id[i])))
                fprintf(doc->file, "%sf%d-", before_id[i], doc->figures);
        if (!next)
            fputc(*svg, doc->file);
        svg = next ? next : svg + 1;
    }
}

static void figure(struct document *doc, const char *name, const char *caption)
{
    char path[1400];
    snprintf(path, sizeof path, "%s/plots/%s.svg", doc->folder, name);
    char *text = read_all(path);
    const char *svg = text ? strstr(text, "<svg") : NULL;
    doc->figures++;
    fputs("<figure><div class=\"card\">\n", doc->file);
    if (svg)
        inline_svg(doc, svg);
    fprintf(doc->file, "</div><figcaption><strong>Figure %d.</strong> ", doc->figures);
    escaped(doc, caption);
    fprintf(doc->file,
            " <a href=\"plots/%s.pdf\">PDF</a> <a href=\"plots/%s.png\">PNG</a> "
            "<a href=\"data/%s.tsv\">data</a></figcaption></figure>\n",
            name, name, name);
    free(text);
}

static void begin_fold(struct document *doc, const char *title)
{
    fputs("<details>", doc->file);
    element(doc, "summary", title);
}

static void end_fold(struct document *doc)
{
    fputs("</details>\n", doc->file);
}

static void file_item(struct document *doc, const char *path, const char *text)
{
    fprintf(doc->file, "<li><a href=\"%s\">%s</a>: ", path, path);
    escaped(doc, text);
    fputs("</li>\n", doc->file);
}

const struct document_format document_html = {
    .file_name = "report.html",
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
    .end_table = end_table,
    .figure = figure,
    .begin_fold = begin_fold,
    .end_fold = end_fold,
    .file_item = file_item,
};
