/* SPDX-License-Identifier: MIT
 *
 * `mlabench compare`. */
#include "harness/commands.h"
#include "harness/compare_report.h"
#include "harness/junit.h"

#include <stdio.h>

static int conclude(const struct comparison *comparison, struct mla_error *error)
{
    struct compare_counts counts = comparison_count(comparison);
    if (counts.regressions == 0)
        return 0;
    return mla_fail(error, MLA_REGRESSION, "%d regression%s in %d comparisons", counts.regressions,
                    counts.regressions > 1 ? "s" : "", counts.rows);
}

static int run_comparison(const struct options *options, const struct stored_runs *runs,
                          struct mla_error *error)
{
    struct comparison comparison;
    double limit = options->limit_pct > 0 ? options->limit_pct / 100 : COMPARE_LIMIT;
    int code = comparison_make(runs, limit, &comparison, error);
    if (!code && options->json) {
        json_t *all = compare_json(&comparison);
        json_dumpf(all, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(all);
    } else if (!code) {
        compare_print(&comparison);
    }
    if (!code && options->junit)
        code = compare_junit(options->junit, &comparison, error);
    if (!code)
        code = conclude(&comparison, error);
    comparison_free(&comparison);
    return code;
}

int command_compare(const struct options *options, const struct paths *paths, int count,
                    char **arguments, struct mla_error *error)
{
    struct stored_runs runs;
    (void)paths;
    (void)count;
    (void)arguments;
    if (options->file_count != 2)
        return mla_fail(error, MLA_BAD_INPUT,
                        "mlabench compare takes two result.json, before and after; %d were given",
                        options->file_count);
    int code = options->junit ? junit_check(options->junit, error) : 0;
    if (!code)
        code = runs_read(options->files, 2, false, &runs, error);
    if (code)
        return code;
    code = run_comparison(options, &runs, error);
    runs_destroy(&runs);
    return code;
}
