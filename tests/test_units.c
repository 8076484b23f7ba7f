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

Test(units, missing_figures_are_not_zero)
{
    expect(unit_time(NAN), "-");
    expect(unit_bytes(-1), "-");
    expect(unit_percent(NAN), "-");
    expect(unit_times(INFINITY), "-");
    expect(unit_number(NAN, 3), "-");
}
