/* SPDX-License-Identifier: MIT
 *
 * Speed, error and bytes of kernels and formats: which are beaten, and the report of it. */
#include "harness/trade.h"
#include "tests/cli.h"
#include "tests/stored.h"

#include <stdio.h>
#include <unistd.h>

TestSuite(trade, .init = make_temporary, .fini = remove_temporary);

/* A kernel's time, what its format and its arithmetic cost, and its bytes per token. */
struct point {
    const char *kernel, *format;
    double ms, format_error, arithmetic_error;
    int bytes;
    bool beaten;
};

static void add_point(json_t *root, int cached, const struct point *p)
{
    char name[160];
    double total = p->format_error > 0 ? p->format_error : p->arithmetic_error;
    snprintf(name, sizeof name, "tiny/decode/cached:%d/new:1/batch:1/threads:2/%s/%s", cached,
             p->format, p->kernel);
    for (int i = 0; i < 3; i++) {
        json_t *error = json_pack("{s:f, s:f, s:f, s:f}", "ratio", 0.1, "limit", 2.0, "lse_ratio",
                                  0.1, "rms_rel", p->arithmetic_error);
        if (p->format_error > 0) {
            json_object_set_new(error, "format", json_pack("{s:f}", "rms_rel", p->format_error));
            json_object_set_new(error, "total", json_pack("{s:f}", "rms_rel", total));
        }
        json_t *cache =
            json_pack("{s:i, s:i, s:i, s:i}", "predicted", p->bytes * cached, "allocated",
                      p->bytes * cached, "touched", p->bytes * cached, "per_token", p->bytes);
        json_array_append_new(
            json_object_get(root, "benchmarks"),
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:f, "
                      "s:f, s:o, s:o}",
                      "name", name, "run_type", "iteration", "model", "tiny", "phase", "decode",
                      "format", p->format, "kernel", p->kernel, "order", "absorbed", "time_unit",
                      "ns", "cached", cached, "new", 1, "batch", 1, "threads", 2, "ragged", 0,
                      "real_time", 1e6 * p->ms, "core_pct_fma_peak", 50.0, "error", error,
                      "kv_cache", cache));
    }
}

static const struct point points[] = {
    {"fast", "fp32", 2, 0, 4e-7, 2304, false},
    /* Errors within a factor of 2 are equal: that this one's is smaller does not save it. */
    {"slow", "fp32", 3, 0, 3e-7, 2304, true},
    {"exact", "fp32", 3, 0, 1e-7, 2304, false},
    {"fast", "bf16", 1.5, 2e-3, 4e-7, 1152, true}, /* by fp16: the same bytes */
    {"fast", "fp16", 1.4, 3e-4, 4e-7, 1152, false},
    {"fast", "int8", 1.9, 7e-3, 4e-7, 584, true}, /* by the integers */
    {"integers", "int8", 1.3, 7e-3, 5e-5, 584, false},
    {"lean", "int8", 2.5, 1.5e-2, 4e-7, 400, false}, /* the fewest bytes */
    {"fast", "fp8", 1.2, 2e-2, 4e-7, 656, false},    /* the fastest of all */
};
enum { POINTS = sizeof points / sizeof points[0] };

static json_t *result_with_points(void)
{
    json_t *root = stored_result("some CPU", "host");
    for (int i = 0; i < POINTS; i++)
        add_point(root, 1024, &points[i]);
    for (int i = 0; i < 4; i++) {
        struct point shorter = points[i];
        shorter.ms /= 8;
        add_point(root, 128, &shorter);
    }
    return root;
}

Test(trade, beaten_is_what_another_beats_in_all_three)
{
    struct result_table table;
    struct mla_error error;
    cr_assert(result_table_take(result_with_points(), "made up", &table, &error) == 0, "%s",
              error.message);
    int seen = 0;
    for (int r = 0; r < table.count; r++)
        for (int i = 0; i < POINTS; i++) {
            const struct result_row *row = &table.rows[r];
            if (row->cached != 1024 || strcmp(row->kernel, points[i].kernel) ||
                strcmp(row->format, points[i].format))
                continue;
            seen++;
            cr_assert(trade_beaten(&table, row) == points[i].beaten, "%s %s", row->kernel,
                      row->format);
            cr_assert(row->error.format_rms_rel == points[i].format_error);
        }
    cr_assert(seen == POINTS, "%d", seen);
    /* Of the two contexts the one with more formats. */
    const struct result_row *leader = trade_leader(&table, "tiny");
    cr_assert(leader && leader->cached == 1024);
    cr_assert(trade_leader(&table, "other") == NULL);
    result_table_destroy(&table);
}

static void read_text(const char *name, char *text, size_t size)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "no %s", path);
    size_t length = fread(text, 1, size - 1, file);
    text[length] = 0;
    fclose(file);
}

Test(trade, the_report_has_table_plots_and_file)
{
    static char text[1 << 18];
    static const char *const plots[] = {"tiny-trade", "tiny-formats"};
    stored_write(result_with_points(), "result.json");
    EXPECT(0, "report @/result.json", "report.html");
    read_text("report.md", text, sizeof text);
    cr_assert(strstr(text, "## Speed, error and bytes"));
    cr_assert(strstr(text, "| integers | int8 | 1.30 ms | 0.007 | 0.007 | 5e-05 | 584 | yes |"));
    cr_assert(strstr(text, "| fast | bf16 | 1.50 ms | 0.002 | 0.002 | 4e-07 | 1,152 |  |"));
    read_text("tables/trade.csv", text, sizeof text);
    cr_assert(strstr(text, "total_rms_rel,format_rms_rel,arithmetic_rms_rel,bytes_per_token"));
    cr_assert(strstr(text, "/int8/integers\",1300000,0,0.007,0.007,5e-05,584,0"), "%s", text);
    if (system("gnuplot --version >/dev/null 2>&1") != 0)
        cr_skip_test("gnuplot is not installed");
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "plots/%s.svg", plots[i]);
        read_text(name, text, sizeof text);
        cr_assert(strstr(text, "int8"), "%s", name);
    }
    /* The stepped line: exact, fast in fp32, fp16, the integers, fp8. */
    read_text("data/tiny-trade.tsv", text, sizeof text);
    cr_assert(strstr(text, "# (front)\n1e-07\t0.003\n4e-07\t0.002\n0.0003\t0.0014\n0.007\t0.0013\n"
                           "0.02\t0.0012\n"),
              "%s", text);
}

Test(trade, one_format_is_no_trade)
{
    static char text[1 << 18];
    json_t *root = stored_result("some CPU", "host");
    add_point(root, 64, &points[0]);
    stored_write(root, "result.json");
    EXPECT(0, "report @/result.json", "report.html");
    read_text("report.md", text, sizeof text);
    cr_assert(!strstr(text, "## Speed, error and bytes"));
    cr_assert(strstr(text, "no case has two formats"));
}
