/* SPDX-License-Identifier: MIT */
#include "harness/html.h"

void html_text(FILE *file, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        switch (*c) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\'':
            fputs("&#39;", file);
            break;
        default:
            fputc(*c < ' ' || *c == 127 ? ' ' : *c, file);
        }
}

void html_element(FILE *file, const char *name, const char *text)
{
    fprintf(file, "<%s>", name);
    html_text(file, text);
    fprintf(file, "</%s>\n", name);
}
