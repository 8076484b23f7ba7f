/* SPDX-License-Identifier: MIT
 *
 * Which of two kernels of a run is faster, or that it cannot be said. */
#include "harness/control.h"

#include "tests/cli.h"
#include "tests/stored.h"

#include <math.h>
#include <stdio.h>

TestSuite(control, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

enum { MOST = 10 };

/* A run of kernels a, b and c in one case; b takes `percent` more than a, give or take `spread` %
 * from round to round, and the control of a and b moved by `control` % (NAN: there is none). The
 * rounds stand in the file in any order. */
static struct result_table run_of(int rounds, double percent, double spread, double control)
{
    json_t *root = stored_result("X", "h");
    double a[MOST], b[MOST], moved[MOST];
    for (int i = 0; i < rounds; i++) {
        a[i] = 1000 + 100 * (i % 3); /* as the machine does to all kernels of a round */
        b[i] = a[i] * (1 + percent / 100) * (i % 2 ? 1 + spread / 100 : 1 / (1 + spread / 100));
        moved[i] = log1p(control / 100);
    }
    stored_times(root, 64, "a", a, rounds, 100);
    stored_times(root, 64, "b", b, rounds, 100);
    stored_times(root, 64, "c", a, rounds, 100);
    json_t *entries = json_object_get(root, "benchmarks"), *entry;
    size_t n;
    json_array_foreach(entries, n, entry)
        json_object_set_new(entry, "round", json_integer((json_int_t)n % rounds));
    json_array_append_new(entries, json_incref(json_array_get(entries, 0)));
    json_array_remove(entries, 0);
    json_t *names = json_pack("[ss]", "a", "b");
    if (isnan(control))
        json_decref(names);
    else
        json_object_set_new(
            stored_own(root), "controls",
            json_pack("[o]", control_json(stored_case(64), "a", names, moved, rounds, NULL)));
    struct result_table table;
    struct mla_error error;
    cr_assert(result_table_take(root, "made-up", &table, &error) == 0, "%s", error.message);
    cr_assert(table.count == 3);
    return table;
}

Test(control, contests)
{
    static const struct {
        int rounds;
        double percent, spread, control;
        enum contest_verdict verdict;
        const char *why;
    } rows[] = {
        {10, 5, 0.5, 0.2, CONTEST_SLOWER, NULL},
        {10, -5, 0.5, -0.2, CONTEST_FASTER, NULL},
        {10, 5, 0.5, 2.4, CONTEST_SLOWER, NULL},
        {10, 5, 0.5, 2.6, CONTEST_UNRESOLVED, "differs from itself"},
        {10, -5, 0.5, 2.6, CONTEST_UNRESOLVED, "differs from itself"},
        {10, 5, 0.5, -2.6, CONTEST_UNRESOLVED, "differs from itself"},
        {10, 5, 6, 0.2, CONTEST_UNRESOLVED, "rounds differ"},
        {5, 5, 0.5, 0.2, CONTEST_UNRESOLVED, "too few rounds"},
        {10, 5, 0.5, NAN, CONTEST_UNRESOLVED, "no control"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct result_table table =
            run_of(rows[i].rounds, rows[i].percent, rows[i].spread, rows[i].control);
        struct contest c = contest(&table, &table.rows[0], &table.rows[1]);
        cr_assert(c.verdict == rows[i].verdict, "row %zu: %d, %s", i, c.verdict,
                  c.why ? c.why : "");
        cr_assert(!c.why == !rows[i].why && (!c.why || strstr(c.why, rows[i].why)), "row %zu: %s",
                  i, c.why ? c.why : "no reason");
        cr_assert(c.change.n == rows[i].rounds);
        result_table_destroy(&table);
    }
}

/* Rounds are matched by number, so that what befalls a round is in no difference. */
Test(control, rounds_are_paired)
{
    struct result_table table = run_of(10, 5, 0, 0);
    struct contest c = contest(&table, &table.rows[0], &table.rows[1]);
    cr_assert(fabs(c.change.low - log(1.05)) < 1e-9 && fabs(c.change.high - log(1.05)) < 1e-9,
              "%g to %g", c.change.low, c.change.high);
    result_table_destroy(&table);
}

/* Kernel c was timed at another time than the control. */
Test(control, a_control_speaks_for_its_own_rounds)
{
    struct result_table table = run_of(10, 5, 0.5, 0.1);
    struct contest c = contest(&table, &table.rows[0], &table.rows[2]);
    cr_assert(c.verdict == CONTEST_UNRESOLVED && strstr(c.why, "no control"), "%s", c.why);
    cr_assert(isnan(control_moved(&table, &table.rows[2], &table.rows[2])));
    cr_assert(fabs(control_moved(&table, &table.rows[1], &table.rows[1]) - log(1.001)) < 1e-9);
    result_table_destroy(&table);
}

/* Every case of a real run has one, with all its rounds, and the report says what came of it. */
Test(control, in_every_run)
{
    EXPECT(0, "run -q --model tiny --cached 16,65 --kernel naive,absorbed --out @/run", "2 passed",
           "report");
    json_t *root = load("run/result.json");
    json_t *controls = json_object_get(stored_own(root), "controls"), *control;
    size_t i;
    cr_assert(json_array_size(controls) == 2);
    json_array_foreach(controls, i, control)
    {
        json_t *ratios = json_object_get(control, "log_ratios"), *ratio;
        size_t k;
        bool moved = false;
        cr_assert(json_array_size(ratios) == 10 &&
                  json_array_size(json_object_get(control, "kernels")) == 2);
        json_array_foreach(ratios, k, ratio) moved = moved || json_number_value(ratio) != 0;
        cr_assert(moved, "a copy of the kernel's own times");
        cr_assert(json_is_number(json_object_get(control, "low_pct")) &&
                  json_is_null(json_object_get(control, "reason")));
    }
    json_decref(root);
    char path[128], text[1 << 15] = "";
    snprintf(path, sizeof path, "%s/run/report.md", folder);
    FILE *report = fopen(path, "r");
    cr_assert(report && fread(text, 1, sizeof text - 1, report) > 0);
    fclose(report);
    cr_assert(strstr(text, "A/A control: ") && strstr(text, " of 2 cases"), "%s", text);
}
