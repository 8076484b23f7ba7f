/* SPDX-License-Identifier: MIT
 *
 * Figures as a reader wants them. A figure that is not there (NAN, negative where that is absurd)
 * reads "-". Results are values, to be used within one expression: printf("%s", unit_time(x).s). */
#ifndef MLABENCH_UNITS_H
#define MLABENCH_UNITS_H

#include <stdbool.h>
#include <stdint.h>

struct text {
    char s[48];
};

struct text unit_time(double ns);              /* 12.3 µs; three significant digits */
struct text unit_bytes(double bytes);          /* 2,304 B; 1.50 KiB from 10,000 on, MiB, GiB */
struct text unit_count(int64_t count);         /* 131,072 */
struct text unit_tokens(int64_t tokens);       /* 4k for 4096, 128k for 131072, else the count */
struct text unit_percent(double percent);      /* 81.3 % */
struct text unit_times(double factor);         /* 3.2 x */
struct text unit_number(double x, int digits); /* that many significant digits */

/* The figure that one of the above, or a text that begins with it, stands for, so that figures can
 * be sorted: of times in ns, of bytes in bytes, else the number. Of "105 to 900 µs" it is the
 * first, in the unit of both. False: the text does not begin with a figure. */
bool unit_value(const char *text, double *value);

/* The other way: "4096", "4k", "1m", a whole number of tokens. */
bool parse_tokens(const char *text, int64_t *number);

#endif
