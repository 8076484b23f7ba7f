/* SPDX-License-Identifier: MIT */
#include "harness/html.h"

#include <string.h>

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* Where to go on behind what a page has no use for, or NULL: gnuplot's name, and groups without
 * anything in them, which are most of a drawing. */
static const char *behind_useless(const char *svg)
{
    static const char *const dropped[][2] = {
        {"<title>Gnuplot", "</title>"}, {"<title>gnuplot_", "</title>"}, {"<desc>", "</desc>"}};
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        const char *end = after(svg, dropped[i][0]) ? strstr(svg, dropped[i][1]) : NULL;
        if (end)
            return end + strlen(dropped[i][1]);
    }
    const char *inside = after(svg, "<g fill=\"") ? strchr(svg, '>') : NULL;
    return inside ? after(inside, ">\n</g>\n") : NULL;
}

void html_drawing(FILE *file, const char *svg, int figure)
{
    static const char *const before_id[] = {"id=\"", "id='", "href=\"#", "href='#", "url(#"};
    const char *rest = after(svg, "<svg");
    if (!rest)
        return;
    fprintf(file, "<svg role=\"img\" aria-labelledby=\"fig%d\"", figure);
    for (svg = rest; *svg;) {
        const char *next = behind_useless(svg);
        for (size_t i = 0; !next && i < sizeof before_id / sizeof before_id[0]; i++)
            if ((next = after(svg, before_id[i])))
                fprintf(file, "%sf%d-", before_id[i], figure);
        if (!next)
            fputc(*svg, file);
        svg = next ? next : svg + 1;
    }
}
