/* SPDX-License-Identifier: MIT
 *
 * One HTML file that needs nothing else: style, script and plots are inside, and a browser is told
 * to fetch nothing. The script sorts tables and tells numbers on hover; the rest does without. */
#include "harness/document.h"

#include "harness/html.h"
#include "harness/page_assets.h"
#include "harness/units.h"

#include <stdlib.h>
#include <string.h>

/* The page's text is kept until its end: links to its parts stand before them. */
static void begin(struct document *doc, const char *title)
{
    fputs(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action "
        "'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
        doc->file);
    html_element(doc->file, "title", title);
    fprintf(doc->file,
            "<style>\n%s</style>\n</head>\n<body>\n"
            "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n",
            page_style);
    html_element(doc->file, "h1", title);
    doc->page = doc->file;
    doc->file = open_memstream(&doc->body, &doc->body_size);
    doc->failed = doc->failed || !doc->file;
    if (doc->failed)
        doc->file = doc->page;
}

static void end(struct document *doc)
{
    if (doc->sections > 0)
        fputs("</section>\n", doc->file);
    if (doc->file != doc->page) {
        doc->failed = ferror(doc->file) || doc->failed;
        doc->failed = fclose(doc->file) || doc->failed;
        doc->file = doc->page;
    }
    fputs("<nav aria-label=\"Contents\"><ul>\n", doc->file);
    for (int i = 0; i < doc->sections && i < DOCUMENT_SECTIONS; i++) {
        fprintf(doc->file, "<li><a href=\"#s%d\">", i + 1);
        html_text(doc->file, doc->section[i]);
        fputs("</a></li>\n", doc->file);
    }
    fputs("</ul></nav>\n</header>\n<main id=\"main\">\n", doc->file);
    if (doc->body && !doc->failed)
        fwrite(doc->body, 1, doc->body_size, doc->file);
    free(doc->body);
    doc->body = NULL;
    fprintf(doc->file, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", page_script);
}

static void heading(struct document *doc, const char *text)
{
    if (doc->sections > 0)
        fputs("</section>\n", doc->file);
    if (doc->sections < DOCUMENT_SECTIONS)
        snprintf(doc->section[doc->sections], sizeof doc->section[0], "%s", text);
    doc->sections++;
    fprintf(doc->file, "<section aria-labelledby=\"s%d\">\n<h2 id=\"s%d\">", doc->sections,
            doc->sections);
    html_text(doc->file, text);
    fputs("</h2>\n", doc->file);
    snprintf(doc->title, sizeof doc->title, "s%d", doc->sections);
}

/* Of a table that follows it, it is the title. */
static void paragraph(struct document *doc, const char *text)
{
    snprintf(doc->title, sizeof doc->title, "p%d", ++doc->paragraphs);
    fprintf(doc->file, "<p id=\"%s\">", doc->title);
    html_text(doc->file, text);
    fputs("</p>\n", doc->file);
}

static void warning(struct document *doc, const char *text)
{
    fputs("<p class=\"mind\"><strong>Mind:</strong> ", doc->file);
    html_text(doc->file, text);
    fputs("</p>\n", doc->file);
}

static void begin_list(struct document *doc)
{
    fputs("<ul>\n", doc->file);
}

static void item(struct document *doc, const char *text)
{
    html_element(doc->file, "li", text);
}

static void end_list(struct document *doc)
{
    fputs("</ul>\n", doc->file);
}

static void begin_table(struct document *doc, const char *align, const char *const *cells)
{
    char labelled[64] = "";
    if (doc->title[0])
        snprintf(labelled, sizeof labelled, " aria-labelledby=\"%s\"", doc->title);
    fprintf(doc->file,
            "<div class=\"scroll\" role=\"region\"%s tabindex=\"0\"><table%s>\n<thead><tr>",
            labelled, labelled);
    for (size_t i = 0; align[i]; i++) {
        fprintf(doc->file, "<th scope=\"col\"%s>", align[i] == 'r' ? " class=\"r\"" : "");
        html_text(doc->file, cells[i]);
        fputs("</th>", doc->file);
    }
    fputs("</tr></thead>\n<tbody>\n", doc->file);
}

/* Longer texts may take several lines, the wider the longer they are. */
static const char *width_of(const char *text)
{
    size_t length = strlen(text);
    return length > 60 ? " wide" : length > 20 ? " some" : "";
}

static void row(struct document *doc, const char *align, const char *const *cells)
{
    fputs("<tr>", doc->file);
    for (size_t i = 0; align[i]; i++) {
        double value;
        fprintf(doc->file, "<td class=\"%s%s\"", align[i] == 'r' ? "r" : "l", width_of(cells[i]));
        if (align[i] == 'r' && unit_value(cells[i], &value))
            fprintf(doc->file, " data-value=\"%.9g\"", value);
        fputc('>', doc->file);
        html_text(doc->file, cells[i]);
        fputs("</td>", doc->file);
    }
    fputs("</tr>\n", doc->file);
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

static void figure(struct document *doc, const char *name, const char *caption)
{
    char path[1400];
    snprintf(path, sizeof path, "%s/plots/%s.svg", doc->folder, name);
    char *text = read_all(path);
    const char *svg = text ? strstr(text, "<svg") : NULL;
    doc->figures++;
    fputs("<figure><div class=\"card\">\n", doc->file);
    if (svg)
        html_drawing(doc->file, svg, doc->figures);
    fprintf(doc->file, "</div><figcaption id=\"fig%d\"><strong>Figure %d.</strong> ", doc->figures,
            doc->figures);
    html_text(doc->file, caption);
    fprintf(doc->file,
            " <a href=\"plots/%s.pdf\">PDF</a> <a href=\"plots/%s.png\">PNG</a> "
            "<a href=\"data/%s.tsv\">data</a></figcaption>\n",
            name, name, name);
    snprintf(path, sizeof path, "%s/data/%s.tsv", doc->folder, name);
    doc->failed = !html_data(doc->file, path) || doc->failed;
    fputs("</figure>\n", doc->file);
    free(text);
}

static void begin_fold(struct document *doc, const char *title)
{
    fputs("<details>", doc->file);
    html_element(doc->file, "summary", title);
}

static void end_fold(struct document *doc)
{
    fputs("</details>\n", doc->file);
}

static void file_item(struct document *doc, const char *path, const char *text)
{
    fprintf(doc->file, "<li><a href=\"%s\">%s</a>: ", path, path);
    html_text(doc->file, text);
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
