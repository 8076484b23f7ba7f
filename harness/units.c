/* SPDX-License-Identifier: MIT */
#include "harness/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct text absent = {"-"};

/* Three significant digits without an exponent. */
static struct text scaled(double x, const char *unit)
{
    struct text text;
    int decimals = x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
    snprintf(text.s, sizeof text.s, "%.*f %s", decimals, x, unit);
    return text;
}

struct text unit_time(double ns)
{
    static const struct {
        double below, ns;
        const char *name;
    } units[] = {{999.5, 1, "ns"}, {999.5e3, 1e3, "µs"}, {999.5e6, 1e6, "ms"}};
    if (!(ns >= 0))
        return absent;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (ns < units[i].below)
            return scaled(ns / units[i].ns, units[i].name);
    return scaled(ns / 1e9, "s");
}

struct text unit_bytes(double bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB"};
    if (!(bytes >= 0))
        return absent;
    if (bytes < 10000) {
        struct text text;
        snprintf(text.s, sizeof text.s, "%.40s B", unit_count((int64_t)bytes).s);
        return text;
    }
    int i = 0;
    bytes /= 1024;
    while (bytes >= 1023.5 && i < 3) {
        bytes /= 1024;
        i++;
    }
    return scaled(bytes, names[i]);
}

struct text unit_count(int64_t count)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, count);
    struct text text;
    size_t length = strlen(digits), used = 0;
    for (size_t i = 0; i < length; i++) {
        size_t left = length - i;
        if (i > 0 && left % 3 == 0 && digits[i - 1] != '-')
            text.s[used++] = ',';
        text.s[used++] = digits[i];
    }
    text.s[used] = 0;
    return text;
}

struct text unit_tokens(int64_t tokens)
{
    if (tokens < 1024 || tokens % 1024)
        return unit_count(tokens);
    struct text text;
    snprintf(text.s, sizeof text.s, "%" PRId64 "k", tokens / 1024);
    return text;
}

struct text unit_percent(double percent)
{
    return isfinite(percent) ? scaled(percent, "%") : absent;
}

struct text unit_times(double factor)
{
    return isfinite(factor) ? scaled(factor, "x") : absent;
}

struct text unit_number(double x, int digits)
{
    if (!isfinite(x))
        return absent;
    struct text text;
    snprintf(text.s, sizeof text.s, "%.*g", digits, x);
    return text;
}

/* How much the word at the text's begin multiplies a figure. */
static double factor_of(const char *text)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {
        {" ns", 1},        {" µs", 1e3},          {" ms", 1e6},
        {" s", 1e9},       {"k", 1024},           {" KiB", 1024},
        {" MiB", 1048576}, {" GiB", 1073741824.}, {" TiB", 1099511627776.},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].name);
        if (!strncmp(text, units[i].name, length) && !isalpha((unsigned char)text[length]))
            return units[i].factor;
    }
    return 1;
}

/* Behind the figure that the text begins with. */
static const char *behind_figure(const char *text)
{
    return text + strspn(text, "0123456789.,eE+-");
}

bool unit_value(const char *text, double *value)
{
    char plain[48]; /* without the commas */
    size_t used = 0;
    const char *behind = behind_figure(text);
    for (const char *c = text; c < behind && used + 1 < sizeof plain; c++)
        if (*c != ',')
            plain[used++] = *c;
    plain[used] = 0;
    if (!isdigit((unsigned char)text[0]) && text[0] != '-')
        return false;
    char *end;
    *value = strtod(plain, &end);
    if (end == plain || *end || !isfinite(*value))
        return false;
    if (!strncmp(behind, " to ", 4))
        behind = behind_figure(behind + 4);
    *value *= factor_of(behind);
    return true;
}

bool parse_tokens(const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || text[0] < '0' || text[0] > '9')
        return false;
    int64_t unit = *end == 'k' ? 1024 : *end == 'm' ? 1024 * 1024 : 1;
    if (unit > 1)
        end++;
    if (*end || value > INT64_MAX / unit)
        return false;
    *number = value * unit;
    return true;
}
