/* SPDX-License-Identifier: MIT
 *
 * A result.json, and what reads it next: its report, without gnuplot, shards that are to be joined,
 * and its comparison with itself. */
#include "harness/compare_report.h"
#include "harness/report.h"
#include "harness/runs.h"
#include "tests/fuzz/target.h"

#include <stdio.h>

static void report(const char *folder)
{
    struct mla_error error = {""};
    struct report_outcome outcome;
    int code = report_write(target_path(), folder, "no scripts", &outcome, &error);
    if (code)
        target_fail("no report of a result that can be read: %d, %s", code, error.message);
}

static void join(void)
{
    struct mla_error error = {""};
    struct stored_runs runs;
    char *const files[] = {(char *)target_path()};
    int code = runs_read(files, 1, true, &runs, &error);
    target_explained(code, &error);
    if (!code)
        runs_destroy(&runs);
}

static void compare(void)
{
    struct mla_error error = {""};
    struct stored_runs runs;
    struct comparison comparison;
    char *const files[] = {(char *)target_path(), (char *)target_path()};
    int code = runs_read(files, 2, false, &runs, &error);
    target_explained(code, &error);
    if (code)
        return;
    code = comparison_make(&runs, COMPARE_LIMIT, &comparison, &error);
    if (!code) {
        struct compare_counts counts = comparison_count(&comparison);
        if (counts.regressions)
            target_fail("%d regressions of a result against itself", counts.regressions);
        compare_print(&comparison);
        json_decref(compare_json(&comparison));
    }
    comparison_free(&comparison);
    runs_destroy(&runs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mla_error error = {""};
    struct result_table table;
    const char *folder = target_folder("result.json", data, size);
    if (!freopen("/dev/null", "w", stdout))
        target_fail("no /dev/null to print to");
    int code = result_table_read(target_path(), &table, &error);
    target_explained(code, &error);
    if (code)
        return 0;
    result_table_destroy(&table);
    report(folder);
    join();
    compare();
    return 0;
}
