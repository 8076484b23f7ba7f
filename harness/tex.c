/* SPDX-License-Identifier: MIT */
#include "harness/tex.h"

#include "harness/units.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct mark {
    const char *utf8, *tex;
};

/* The longest first where one begins another. */
static const struct mark marks[] = {
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"$", "\\$"},
    {"&", "\\&"},
    {"#", "\\#"},
    {"%", "\\%"},
    {"^", "\\textasciicircum{}"},
    {"~", "\\textasciitilde{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "\\textquotedbl{}"},
    {"`", "\\textasciigrave{}"},
    {"--", "-{}-"}, /* else a dash */
    {"''", "'{}'"},
    {",,", ",{},"},
    {"[", "{[}"}, /* after the end of a table's row it would be an argument */
    {"*", "{*}"},
    {"\xc2\xa0", "~"},
    {"×", "\\texttimes{}"},
    {"µ", "\\textmu{}"},
    {"±", "\\textpm{}"},
    {"°", "\\textdegree{}"},
    {"·", "\\textperiodcentered{}"},
    {"–", "--"},
    {"—", "---"},
    {"’", "'"},
    {"“", "``"},
    {"”", "''"},
    {"…", "\\dots{}"},
    {"≤", "\\ensuremath{\\le}"},
    {"≥", "\\ensuremath{\\ge}"},
    {"→", "\\textrightarrow{}"},
    {"⁻", "\\textsuperscript{--}"},
    {"⁰", "\\textsuperscript{0}"},
    {"¹", "\\textsuperscript{1}"},
    {"²", "\\textsuperscript{2}"},
    {"³", "\\textsuperscript{3}"},
    {"⁴", "\\textsuperscript{4}"},
    {"⁵", "\\textsuperscript{5}"},
    {"⁶", "\\textsuperscript{6}"},
    {"⁷", "\\textsuperscript{7}"},
    {"⁸", "\\textsuperscript{8}"},
    {"⁹", "\\textsuperscript{9}"},
};

static const struct mark *mark_at(const char *text)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (!strncmp(text, marks[i].utf8, strlen(marks[i].utf8)))
            return &marks[i];
    return NULL;
}

/* Bytes of the UTF-8 character that begins here; 1 for what is none. */
static size_t length_of(const char *text)
{
    unsigned char first = (unsigned char)*text;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 1;
    return length;
}

/* Letters of T1, from U+00C0 on; × and ÷ are none. */
static bool is_western_letter(const char *text, size_t length)
{
    unsigned char second = length == 2 ? (unsigned char)text[1] : 0;
    return length == 2 && (unsigned char)text[0] == 0xc3 && second != 0x97 && second != 0xb7;
}

void tex_text(FILE *file, const char *text)
{
    while (*text) {
        const struct mark *mark = mark_at(text);
        size_t length = mark ? strlen(mark->utf8) : length_of(text);
        unsigned char first = (unsigned char)*text;
        if (mark)
            fputs(mark->tex, file);
        else if (first == '_')
            fputs("\\_", file);
        else if (first < ' ' || first == 127)
            fputc(' ', file);
        else if (first < 128 || is_western_letter(text, length))
            fwrite(text, 1, length, file);
        else
            fputc('?', file);
        text += length;
        bool in_number = first == ',' && *text >= '0' && *text <= '9';
        if (first && strchr("/_=:,", first) && *text && *text != ' ' && !in_number)
            fputs("\\allowbreak{}", file);
    }
}

void tex_number(char *text, size_t size, double x)
{
    static const char *const powers[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    double magnitude = fabs(x);
    if (!isfinite(x)) {
        snprintf(text, size, "–");
    } else if (magnitude == 0 || (magnitude >= 1e-3 && magnitude < 9.995e2)) {
        int decimals = magnitude >= 99.95    ? 0
                       : magnitude >= 9.995  ? 1
                       : magnitude >= 0.9995 ? 2
                                             : 3;
        if (magnitude > 0 && magnitude < 0.09995)
            decimals = magnitude < 0.009995 ? 5 : 4;
        snprintf(text, size, "%.*f", magnitude == 0 ? 0 : decimals, x);
    } else if (magnitude >= 1 && magnitude < 1e8) {
        double unit = pow(10, floor(log10(magnitude)) - 2);
        snprintf(text, size, "%s", unit_count((int64_t)(round(x / unit) * unit)).s);
    } else {
        int exponent = (int)floor(log10(magnitude));
        double mantissa = x / pow(10, exponent);
        if (fabs(mantissa) >= 9.995) {
            mantissa /= 10;
            exponent++;
        }
        int used = snprintf(text, size, "%.2f×10%s", mantissa, exponent < 0 ? "⁻" : "");
        int power = abs(exponent);
        if (power >= 100 && used < (int)size)
            used += snprintf(text + used, size - (size_t)used, "%s", powers[power / 100]);
        if (power >= 10 && used < (int)size)
            used += snprintf(text + used, size - (size_t)used, "%s", powers[power / 10 % 10]);
        if (used < (int)size)
            snprintf(text + used, size - (size_t)used, "%s", powers[power % 10]);
    }
}
