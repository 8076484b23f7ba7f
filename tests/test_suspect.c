/* SPDX-License-Identifier: MIT
 *
 * Counters that nobody should trust. */
#include "harness/suspect.h"

#include <criterion/criterion.h>
#include <stdbool.h>

/* An entry per repetition with that counter's value in it. */
static json_t *repetitions(const char *counter, const int *values, int count)
{
    json_t *benchmarks = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(benchmarks,
                              json_pack("{s:{s:o, s:i}}", "counters", counter,
                                        values[i] < 0 ? json_null() : json_integer(values[i]),
                                        "OTHER", 7));
    return benchmarks;
}

static void expect_suspect(const char *counter, const int *values, int count, bool suspect)
{
    json_t *benchmarks = repetitions(counter, values, count);
    json_t *list = suspect_counters(benchmarks);
    cr_assert(json_array_size(list) == suspect, "%s: %zu suspects", counter, json_array_size(list));
    if (suspect)
        cr_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "name")),
                         counter);
    json_decref(list);
    json_decref(benchmarks);
}

Test(suspect, a_hardware_counter_that_reads_0_throughout_is_suspect)
{
    expect_suspect("PAPI_L1_DCM", (const int[]){0, 0, 0}, 3, true);
    expect_suspect("PAPI_L1_DCM", (const int[]){0, -1, 0}, 3, true);
    expect_suspect("perf::BRANCHES", (const int[]){0}, 1, true);
    expect_suspect("PAPI_L1_DCM", (const int[]){0, 0, 1}, 3, false);
    expect_suspect("PAPI_L1_DCM", (const int[]){3, 0, 0}, 3, false);
    expect_suspect("PAPI_L1_DCM", (const int[]){-1, -1}, 2, false);
    expect_suspect("perf::PAGE-FAULTS", (const int[]){0, 0}, 2, false);
}
