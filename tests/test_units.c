/* SPDX-License-Identifier: MIT */
#include "harness/units.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void expect(struct text found, const char *expected)
{
    cr_assert(!strcmp(found.s, expected), "found '%s', expected '%s'", found.s, expected);
}

Test(units, times_keep_three_digits)
{
    expect(unit_time(0), "0.00 ns");
    expect(unit_time(9.99), "9.99 ns");
    expect(unit_time(9.996), "10.0 ns");
    expect(unit_time(999.4), "999 ns");
    expect(unit_time(999.6), "1.00 µs");
    expect(unit_time(12345), "12.3 µs");
    expect(unit_time(1.5e6), "1.50 ms");
    expect(unit_time(123.4e9), "123 s");
}

Test(units, bytes)
{
    expect(unit_bytes(2304), "2,304 B");
    expect(unit_bytes(163840), "160 KiB");
    expect(unit_bytes(1048575), "1.00 MiB");
    expect(unit_bytes(1.5 * (1 << 30)), "1.50 GiB");
}

Test(units, counts_and_tokens)
{
    expect(unit_count(7), "7");
    expect(unit_count(999), "999");
    expect(unit_count(131072), "131,072");
    expect(unit_count(-1234), "-1,234");
    expect(unit_tokens(131072), "128k");
    expect(unit_tokens(1000), "1,000");
    expect(unit_tokens(4097), "4,097");
}

/* What a text is sorted by. */
static void expect_value(const char *text, double expected)
{
    double found = NAN;
    cr_assert(unit_value(text, &found), "no figure in '%s'", text);
    cr_assert(fabs(found - expected) <= 1e-12 * fabs(expected), "%g in '%s', expected %g", found,
              text, expected);
}

Test(units, figures_are_read_back)
{
    double none;
    expect_value(unit_time(900e3).s, 900e3);
    expect_value(unit_time(1.2e6).s, 1.2e6);
    expect_value(unit_time(7).s, 7);
    expect_value(unit_time(3e9).s, 3e9);
    expect_value(unit_bytes(2304).s, 2304);
    expect_value(unit_bytes(163840).s, 163840);
    expect_value(unit_bytes(1.5 * (1 << 30)).s, 1.5 * (1 << 30));
    expect_value(unit_count(-1234567).s, -1234567);
    expect_value(unit_tokens(131072).s, 131072);
    expect_value(unit_percent(81.3).s, 81.3);
    expect_value(unit_times(3.25).s, 3.25);
    expect_value(unit_number(2.5e-7, 3).s, 2.5e-7);
    expect_value("105 to 900 µs", 105e3);
    expect_value("105 µs to 14.5 ms", 105e3);
    expect_value("1.22 x (absorbed-blas)", 1.22);
    expect_value("12 kernels", 12); /* k is a unit only at a word's end */
    cr_assert(!unit_value("-", &none) && !unit_value("", &none) && !unit_value("4.5.6 ms", &none) &&
              !unit_value("absorbed", &none) && !unit_value("1e999", &none));
}

Test(units, missing_figures_are_not_zero)
{
    expect(unit_time(NAN), "-");
    expect(unit_bytes(-1), "-");
    expect(unit_percent(NAN), "-");
    expect(unit_times(INFINITY), "-");
    expect(unit_number(NAN, 3), "-");
}
