/* SPDX-License-Identifier: MIT */
#include "harness/counters.h"
#include "harness/document.h"
#include "harness/out_file.h"
#include "harness/report.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sample[] = "tests/data/result-sample.json";
static const char scripts[] = "scripts/plots";

static char folder[] = "/tmp/mlabench-report-XXXXXX";

static void make_scratch(void)
{
    cr_assert(mkdtemp(folder), "no folder");
}

static void remove_scratch(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert(system(command) == 0, "%s", command);
}

TestSuite(report, .init = make_scratch, .fini = remove_scratch);

static void path_in(char path[200], const char *name)
{
    snprintf(path, 200, "%s/%s", folder, name);
}

/* A whole text file; the caller frees it. */
static char *slurp(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    cr_assert(file, "no %s", path);
    cr_assert(getdelim(&text, &size, 0, file) > 0, "%s is empty", path);
    fclose(file);
    return text;
}

static char *slurp_in(const char *name)
{
    char path[200];
    path_in(path, name);
    return slurp(path);
}

static bool exists(const char *name)
{
    char path[200];
    struct stat status;
    path_in(path, name);
    return stat(path, &status) == 0 && status.st_size > 0;
}

static bool has_gnuplot(void)
{
    return system("gnuplot --version >/dev/null 2>&1") == 0;
}

static int count_of(const char *text, const char *what)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        count++;
    return count;
}

Test(report, sample_has_every_plot_and_table)
{
    static const char *const plots[] = {
        "error",
        "deepseek-v2-lite-decode-batch1-fp32-latency",
        "deepseek-v2-lite-kv-cache",
        "deepseek-v2-lite-fma-peak",
        "deepseek-v2-lite-stages",
        "deepseek-v2-lite-counters",
        "minicpm3-kv-cache",
        "minicpm3-fma-peak",
        "minicpm3-stages",
        "minicpm3-counters",
    };
    static const char *const types[] = {"plots/%s.svg",  "plots/%s.pdf",    "plots/%s.png",
                                        "data/%s.tsv",   "captions/%s.txt", "captions/%s.tex",
                                        "tables/%s.csv", "tables/%s.tex"};
    static const char *const tables[] = {"tables/cases.csv", "tables/repetitions.csv",
                                         "tables/kv_cache.csv", "tables/counters.csv"};
    if (!has_gnuplot())
        cr_skip_test("gnuplot is not installed");
    struct report_outcome outcome;
    struct mla_error error;
    int code = report_write(sample, folder, scripts, &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(outcome.plotted, "%s", outcome.note);
    for (size_t i = 0; i < sizeof plots / sizeof plots[0]; i++)
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            char name[120];
            snprintf(name, sizeof name, types[t], plots[i]);
            cr_assert(exists(name), "no %s", name);
        }
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        cr_assert(exists(tables[i]), "no %s", tables[i]);

    char *html = slurp_in("report.html");
    cr_assert(count_of(html, "<svg") == 10, "%d plots inside", count_of(html, "<svg"));
    cr_assert(count_of(html, "id=\"f1-gnuplot_canvas\"") == 1, "ids of drawings are their own");
    cr_assert(count_of(html, "<script") == 1 && strstr(html, "<script>\n"), "another's script");
    cr_assert(!strstr(html, "src=") && !strstr(html, "href=\"http") && !strstr(html, "@import") &&
                  !strstr(html, "<link"),
              "something is fetched from outside");
    cr_assert(strstr(html, "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src "
                           "'unsafe-inline'; img-src data:;"),
              "a browser may fetch");
    cr_assert(count_of(html, "<summary>The numbers") == 10, "each plot has its numbers");
    cr_assert(strstr(html, "data-name=\"median_s\">median</th>") &&
                  strstr(html, "<td class=\"r\" data-value=\"0.0146238\">14.6 ms</td>"),
              "the numbers have their units and values");
    cr_assert(strstr(html, "</html>"), "the page is not complete");
    free(html);
}

Test(report, errors_as_a_distribution)
{
    struct report_outcome outcome;
    struct mla_error error;
    int code = report_write(sample, folder, "/nonexistent", &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    char *data = slurp_in("data/error.tsv"), *table = slurp_in("tables/error.tex");
    cr_assert(count_of(data, "\tnaive\t") == 4 + 5, "its cases and quantiles:\n%s", data);
    const char *median = strstr(data, "\n# median\n"); /* of the sample's four cases of naive */
    cr_assert(median && strstr(median, "\n2\tnaive\t0.003489\t0.001047\n"), "%s", data);
    cr_assert(strstr(table, "least & lower quartile & median & upper quartile & most"), "%s",
              table);
    free(data);
    free(table);
}

/* The sample has no hardware events. Its medians of CPU time over steps and new tokens. */
Test(report, counters_per_new_token)
{
    struct report_outcome outcome;
    struct mla_error error;
    int code = report_write(sample, folder, "/nonexistent", &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    char *data = slurp_in("data/deepseek-v2-lite-counters.tsv");
    cr_assert(strstr(data, "# CPU time, µs per new token\n0\tMHA\t14623.8\t") &&
                  strstr(data, "\n5\tabsorbed-blocked\t25694.6\t"),
              "%s", data);
    cr_assert(count_of(data, "\n# in ") == 1, "a panel of zeros:\n%s", data);
    free(data);
    data = slurp_in("data/minicpm3-counters.tsv");
    cr_assert(strstr(data, "\n0\tblocked\t63.0163\t"), "%s", data);
    free(data);
}

/* The page of the sample with its counters changed by `change`. */
static char *page_with(void (*change)(json_t *entry, size_t index), const char *own, json_t *value)
{
    struct report_outcome outcome;
    struct mla_error error;
    json_t *root = json_load_file(sample, 0, NULL), *entry;
    char path[200];
    size_t i;
    json_array_foreach(json_object_get(root, "benchmarks"), i, entry) change(entry, i);
    if (own)
        json_object_set_new(json_object_get(json_object_get(root, "context"), "mlabench"), own,
                            value);
    path_in(path, "result.json");
    cr_assert(json_dump_file(root, path, 0) == 0);
    json_decref(root);
    int code = report_write(path, folder, "/nonexistent", &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    return slurp_in("report.md");
}

static void count_in_passes(json_t *entry, size_t index)
{
    json_object_set_new(
        entry, "counters",
        json_pack("{s:o, s:n}", "ODD", index % 2 ? json_integer(77) : json_null(), "NEVER"));
    json_object_set_new(entry, "counters_missing",
                        json_pack("{s:s*, s:s}", "ODD",
                                  index % 2 ? NULL : COUNTERS_ELSEWHERE "pass 2 of 2", "NEVER",
                                  "it is a stone"));
}

Test(report, counters_of_other_repetitions_are_not_missing)
{
    char *page = page_with(count_in_passes, NULL, NULL);
    cr_assert(strstr(page, "NEVER: it is a stone") && !strstr(page, "pass 2 of 2"), "%s", page);
    free(page);
    char *counters = slurp_in("tables/counters.csv");
    cr_assert(strstr(counters, ",\"ODD\",77,\"\",2\r\n") &&
                  strstr(counters, ",\"NEVER\",,\"it is a stone\",0\r\n"),
              "%s", counters);
    free(counters);
}

static void derive(json_t *entry, size_t index)
{
    json_object_set_new(entry, "derived",
                        json_pack("{s:f, s:n, s:i}", "ipc", 2.5 + 0 * (double)index,
                                  "bytes_per_flop", "l1_misses_per_token", 0));
    json_object_set_new(entry, "derived_missing",
                        json_pack("{s:s}", "bytes_per_flop", "PAPI_L3_TCM: no such event"));
}

Test(report, derived_figures_with_what_is_missing_and_suspect)
{
    char *page = page_with(derive, "counters_suspect",
                           json_pack("[{s:s, s:s}]", "name", "PAPI_L1_DCM", "reason", "read 0"));
    cr_assert(strstr(page, "| 2.5 | \\- | \\- | suspect | \\- |"), "%s", page);
    cr_assert(strstr(page, "bytes/FLOP: misses of L3") &&
                  strstr(page, "missing: PAPI\\_L3\\_TCM: no such event"),
              "%s", page);
    cr_assert(strstr(page, "PAPI\\_L1\\_DCM: read 0") && strstr(page, "suspect: see the end"), "%s",
              page);
    free(page);
}

Test(report, page_says_what_the_data_says)
{
    struct report_outcome outcome;
    struct mla_error error;
    int code = report_write(sample, folder, "/nonexistent", &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    char *page = slurp_in("report.md");
    static const char *const said[] = {
        "18 passed, 1 failed, 1 skipped",
        "| deepseek-v2-lite | fp32 | expanded | 20,480 | 8.89 x | allocated and touched |",
        "| deepseek-v2-lite | fp32 | MHA | 16,384 | 7.11 x | allocated and touched |",
        "decode, 16k cached, fp32, 2 threads | absorbed-blas |",
        "threads 0-1 on CPUs 0,1",
        "| frequency governor | not known |",
        "its share of L3 is less than twice L2",
        "masked pairs are never counted",
        "would need 640 GiB",
        "4.2 times the limit",
        "PAPI\\_TOT\\_CYC: not available on this CPU",
        "minicpm3: LongRoPE is replaced by plain RoPE",
        "there is only one context",
        "no roofline, the result does not say what bytes a step moves",
        "Queries checked: 50 of 274",
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        cr_assert(strstr(page, said[i]), "the page does not say '%s'", said[i]);
    free(page);
}

/* The report of a made-up result draws it. */
static void expect_plot(const char *result, const char *plot)
{
    struct report_outcome outcome;
    struct mla_error error;
    int code = report_write(result, folder, scripts, &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(outcome.plotted && exists(plot), "%s", outcome.note);
}

/* Its place in the panel of the other format stays empty. */
Test(report, a_layout_of_one_format_alone_is_drawn)
{
    static const char entry[] =
        "%s{\"name\":\"m/%s/%s\",\"time_unit\":\"ns\",\"model\":\"m\",\"phase\":\"decode\","
        "\"cached\":64,\"new\":1,\"batch\":1,\"ragged\":false,\"threads\":1,\"format\":\"%s\","
        "\"kernel\":\"%s\",\"isa\":\"v\",\"order\":\"%s\",\"real_time\":1,\"kv_cache\":"
        "{\"predicted\":%d,\"allocated\":%d,\"touched\":%d,\"per_token\":%d}}";
    if (!has_gnuplot())
        cr_skip_test("gnuplot is not installed");
    char path[200];
    path_in(path, "result.json");
    FILE *file = fopen(path, "w");
    fputs("{\"context\":{\"mlabench\":{\"schema_version\":1}},\"benchmarks\":[", file);
    fprintf(file, entry, "", "fp32", "k", "fp32", "k", "expanded", 6400, 6400, 6400, 100);
    fprintf(file, entry, ",", "fp32", "l", "fp32", "l", "absorbed", 640, 640, 640, 10);
    fprintf(file, entry, ",", "bf16", "l", "bf16", "l", "absorbed", 320, 320, 320, 5);
    fputs("]}", file);
    fclose(file);
    expect_plot(path, "plots/m-kv-cache.svg");
}

/* A result with one level's bandwidth, as on a machine without the others, and no FMA peak if
 * `peak` is "". Its steps take 500 ns warm, 1000 cold, for 1000 FLOPs and 200 bytes. */
static void report_roofs(const char *peak, const char *slopes)
{
    static const char entry[] =
        "%s{\"name\":\"m/"
        "%s\",\"time_unit\":\"ns\",\"model\":\"m\",\"phase\":\"decode\",\"cached\":64,"
        "\"new\":1,\"batch\":1,\"ragged\":false,\"threads\":2,\"format\":\"fp32\",\"kernel\":\"k\","
        "\"isa\":\"v\",\"order\":\"absorbed\",\"cache_state\":\"%s\",\"real_time\":%d,\"flops\":"
        "1000,"
        "\"step_bytes\":{\"read\":150,\"written\":50,\"weights\":100}}";
    char path[200];
    path_in(path, "result.json");
    FILE *file = fopen(path, "w");
    fprintf(file,
            "{\"context\":{\"mlabench\":{\"schema_version\":1,\"fma_peak_gflops\":{%s},"
            "\"read_bandwidth_gbs\":{%s}}},\"benchmarks\":[",
            peak, slopes);
    fprintf(file, entry, "", "k", "warm", 500);
    fprintf(file, entry, ",", "cold/k", "cold", 1000);
    fputs("]}", file);
    fclose(file);
    expect_plot(path, "plots/m-roofline.svg");
}

Test(report, a_roofline_has_the_roofs_that_are_known)
{
    static const char *const said[] = {
        "\n100\t0\t90\t110\tread, GB/s: DRAM 10\n10\t4\t9\t11\tread, GB/s: DRAM 10\n",
        "# k\n5\t2\t2\t2\t0\n5\t1\t1\t1\t1\n",                   /* warm, then cold */
        "# (limits of x and y)\n5\t1\tNaN\tNaN\tNaN\n10\t110\t", /* the ridge is at 100 / 10 */
    };
    if (!has_gnuplot())
        cr_skip_test("gnuplot is not installed");
    report_roofs(
        "\"2\":{\"median\":100,\"min\":90,\"max\":110}",
        "\"2\":{\"L1\":{\"missing\":\"none\"},\"DRAM\":{\"median\":10,\"min\":9,\"max\":11}}");
    char *data = slurp_in("data/m-roofline.tsv");
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        cr_assert(strstr(data, said[i]), "no '%s' in\n%s", said[i], data);
    free(data);
}

Test(report, a_roofline_without_any_roof_is_drawn)
{
    if (!has_gnuplot())
        cr_skip_test("gnuplot is not installed");
    report_roofs("", "");
    char *data = slurp_in("data/m-roofline.tsv");
    cr_assert(strstr(data, "FMA peak not measured"), "%s", data);
    free(data);
    report_roofs("", "\"2\":{\"L2\":{\"median\":10,\"min\":9,\"max\":11}}");
    report_roofs("\"2\":{\"median\":100,\"min\":90,\"max\":110}", "");
}

/* Not a plot is left, not even one of an earlier report. */
static void expect_no_plots(const char *reason, const struct report_outcome *outcome)
{
    cr_assert(!outcome->plotted, "there are plots");
    cr_assert(strstr(outcome->note, reason), "%s", outcome->note);
    cr_assert(!exists("plots/error.svg"), "the old plot is still there");
    cr_assert(exists("data/error.tsv") && exists("tables/cases.csv"), "data are missing");
    char *page = slurp_in("report.md"), *html = slurp_in("report.html");
    cr_assert(strstr(page, reason) && strstr(html, reason), "the report does not say so");
    cr_assert(!strstr(page, "](plots/") && !strstr(html, "<figure"), "a plot is referred to");
    free(page);
    free(html);
}

static void leave_old_plot(void)
{
    char path[200];
    path_in(path, "plots");
    cr_assert(mkdir(path, 0777) == 0, "%s", path);
    path_in(path, "plots/error.svg");
    FILE *file = fopen(path, "w");
    fputs("old", file);
    fclose(file);
}

Test(report, without_gnuplot_the_rest_is_written)
{
    struct report_outcome outcome;
    struct mla_error error;
    leave_old_plot();
    setenv("PATH", folder, 1);
    int code = report_write(sample, folder, scripts, &outcome, &error);
    setenv("PATH", "/usr/bin:/bin", 1);
    cr_assert(code == 0, "%s", error.message);
    expect_no_plots("gnuplot is not installed", &outcome);
}

Test(report, a_failing_gnuplot_is_reported)
{
    char path[200];
    struct report_outcome outcome;
    struct mla_error error;
    leave_old_plot();
    path_in(path, "gnuplot");
    FILE *file = fopen(path, "w");
    fputs("#!/bin/sh\necho 'line 7: no such terminal' >&2\nexit 1\n", file);
    fclose(file);
    cr_assert(chmod(path, 0755) == 0, "%s", path);
    setenv("PATH", folder, 1);
    int code = report_write(sample, folder, scripts, &outcome, &error);
    setenv("PATH", "/usr/bin:/bin", 1);
    cr_assert(code == 0, "%s", error.message);
    expect_no_plots("line 7: no such terminal", &outcome);
}

Test(report, without_scripts_the_rest_is_written)
{
    struct report_outcome outcome;
    struct mla_error error;
    leave_old_plot();
    int code = report_write(sample, folder, "/nonexistent", &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    expect_no_plots("/nonexistent", &outcome);
}

/* Every name of the sample's first model replaced. */
static void write_with_model(const char *path, const char *name)
{
    static const char old[] = "deepseek-v2-lite";
    char *text = slurp(sample);
    FILE *file = fopen(path, "w");
    const char *rest = text;
    for (const char *at; (at = strstr(rest, old)); rest = at + strlen(old))
        fprintf(file, "%.*s%s", (int)(at - rest), rest, name);
    fputs(rest, file);
    fclose(file);
    free(text);
}

/* Each of TeX's own characters, but for those of our commands, has its backslash. */
static void expect_no_tex(const char *text, const char *name)
{
    for (const char *c = text; (c = strpbrk(c, "$&#_^")); c++)
        cr_assert(c > text && c[-1] == '\\', "%s: TeX would read %.20s", name, c);
}

Test(report, names_are_data)
{
    static const char *const names[] = {
        "<script>alert(1)</script>", "`touch pwned`",   "$(touch pwned)",
        "@touch|*_[x](y)",           "../../up",        "=cmd()",
        "a b \\t'quoted'",           "\\u00e9t\\u00e9", "^{x}_{y}",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[200];
        struct report_outcome outcome;
        struct mla_error error;
        path_in(path, "result.json");
        write_with_model(path, names[i]);
        /* Drawing takes time: two names that gnuplot or SVG would read. */
        int code = report_write(path, folder, i == 0 || i == 1 ? scripts : "/nonexistent", &outcome,
                                &error);
        cr_assert(code == 0, "%s: %s", names[i], error.message);
        cr_assert(i > 1 || outcome.plotted || !has_gnuplot(), "%s: %s", names[i], outcome.note);
        char *html = slurp_in("report.html"), *page = slurp_in("report.md");
        cr_assert(count_of(html, "<script") == 1 && !strstr(page, "<script"), "%s", names[i]);
        cr_assert(!strstr(page, "`touch") || strstr(page, "\\`touch"), "%s", names[i]);
        cr_assert(!strstr(page, "[x](y)"), "%s is a link", names[i]);
        cr_assert(!exists("pwned"), "%s was run", names[i]);
        free(html);
        free(page);
        char *tex = slurp_in("tex/limits.tex");
        expect_no_tex(tex, names[i]);
        free(tex);
        char *csv = slurp_in("tables/cases.csv");
        cr_assert(!strstr(csv, "\"=cmd"), "a spreadsheet would take %s for a formula", names[i]);
        free(csv);
    }
}

Test(report, a_run_without_figures)
{
    char path[200];
    struct report_outcome outcome;
    struct mla_error error;
    path_in(path, "result.json");
    FILE *file = fopen(path, "w");
    fputs("{\"context\":{\"mlabench\":{\"schema_version\":1,\"interrupted\":true,"
          "\"complete\":false}},\"benchmarks\":[]}",
          file);
    fclose(file);
    int code = report_write(path, folder, scripts, &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    char *page = slurp_in("report.md");
    cr_assert(strstr(page, "No kernel was timed"), "%s", page);
    cr_assert(strstr(page, "was interrupted"), "%s", page);
    free(page);
}

/* As of a suite over many contexts. */
Test(report, a_run_of_a_thousand_cases, .timeout = 20)
{
    char path[200], name[64];
    struct report_outcome outcome;
    struct mla_error error;
    json_t *root = json_load_file(sample, 0, NULL), *list = json_array();
    json_t *first = json_array_get(json_object_get(root, "benchmarks"), 0);
    for (int i = 0; i < 1000; i++) {
        json_t *entry = json_deep_copy(first);
        snprintf(name, sizeof name, "of/cached:%d/naive", i + 1);
        json_object_set_new(entry, "name", json_string(name));
        json_object_set_new(entry, "cached", json_integer(i + 1));
        json_array_append_new(list, entry);
    }
    json_object_set_new(root, "benchmarks", list);
    path_in(path, "result.json");
    cr_assert(json_dump_file(root, path, 0) == 0, "no %s", path);
    json_decref(root);
    int code = report_write(path, folder, "no scripts", &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
}

/* Kernels of which the same is said share a row. */
Test(report, where_kernels_were_proven)
{
    static const char text[] =
        "{\"context\": {\"mlabench\": {\"schema_version\": 1, \"proven\": ["
        "{\"kernel\": \"naive\", \"where\": \"natively\", \"cases\": 3, \"reason\": \"by this "
        "run\"},"
        "{\"kernel\": \"wide\", \"where\": \"emulated (bochs, tigerlake)\", \"cases\": 117,"
        " \"reason\": \"this CPU lacks avx512; by make test-avx512\"},"
        "{\"kernel\": \"wrong\", \"where\": \"not proven\", \"cases\": 0, \"reason\": \"failed 1 "
        "of 3\"},"
        "{\"kernel\": \"late\", \"where\": \"not proven\", \"cases\": 0, \"reason\": "
        "\"interrupted\"},"
        "{\"kernel\": \"absorbed\", \"where\": \"natively\", \"cases\": 2,"
        " \"reason\": \"by this run\"}, 7]}}, \"benchmarks\": []}";
    static const char *const said[] = {
        "| natively | naive, absorbed | by this run |",
        "| emulated (bochs, tigerlake) | wide | this CPU lacks avx512; by make test-avx512 |",
        "| not proven | wrong | failed 1 of 3 |",
        "| not proven | late | interrupted |",
    };
    char path[200];
    struct report_outcome outcome;
    struct mla_error error;
    path_in(path, "result.json");
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    int code = report_write(path, folder, "/nonexistent", &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    char *page = slurp_in("report.md"), *html = slurp_in("report.html");
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        cr_assert(strstr(page, said[i]), "the page does not say '%s':\n%s", said[i], page);
    cr_assert(strstr(html, "emulated (bochs, tigerlake)") && strstr(html, "naive, absorbed"));
    free(page);
    free(html);
}

Test(report, a_folder_that_cannot_be_written)
{
    struct report_outcome outcome;
    struct mla_error error;
    char occupied[200];
    path_in(occupied, "file");
    fclose(fopen(occupied, "w"));
    int code = report_write(sample, occupied, scripts, &outcome, &error);
    cr_assert(code == MLA_MACHINE, "%d", code);
    cr_assert(strstr(error.message, occupied), "%s", error.message);
}

Test(report, a_full_disk)
{
    struct out_file out;
    struct mla_error error;
    char path[200];
    path_in(path, "full");
    cr_assert(symlink("/dev/full", path) == 0, "%s", path);
    cr_assert(out_open(&out, folder, "full", &error) == 0, "%s", error.message);
    for (int i = 0; i < 100000; i++)
        fputc('x', out.file);
    int code = out_close(&out, &error);
    cr_assert(code == MLA_MACHINE, "%d", code);
    cr_assert(strstr(error.message, path) && strstr(error.message, "No space"), "%s",
              error.message);
}

Test(report, markup_is_escaped)
{
    static const struct {
        const struct document_format *format;
        const char *expected;
    } table[] = {
        {&document_markdown, "a\\|b &lt;i&gt; \\_c\\_ &amp; \\*d\\* \"e\"  f"},
        {&document_html, "a|b &lt;i&gt; _c_ &amp; *d* &quot;e&quot;  f"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[400] = "";
        FILE *file = fmemopen(text, sizeof text, "w");
        struct document doc = {.file = file, .format = table[i].format, .folder = "."};
        doc_item(&doc, "%s", "a|b <i> _c_ & *d* \"e\" \nf");
        fclose(file);
        cr_assert(strstr(text, table[i].expected), "%s", text);
    }
}
