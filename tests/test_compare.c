/* SPDX-License-Identifier: MIT
 *
 * Two stored runs compared: intervals, verdicts, and the command. */
#include "harness/compare.h"

#include "harness/compare_report.h"
#include "harness/control.h"
#include "harness/counters.h"
#include "harness/random.h"
#include "harness/report_runs.h"
#include "tests/cli.h"
#include "tests/stored.h"

#include <math.h>
#include <stdio.h>

TestSuite(compare, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

static bool close_to(double x, double y)
{
    return fabs(x - y) <= 1e-12 * fmax(1, fabs(y));
}

/* Each median's interval is that from the 2nd to the 9th of 10, 97.9 % sure: 95.7 % both. */
Test(compare, exact_interval)
{
    double before[10], after[10];
    struct compare_times times;
    for (int i = 0; i < 10; i++) {
        before[i] = (3 * i) % 10 + 1;
        after[i] = (7 * i) % 10 + 101;
    }
    compare_estimate(before, 10, after, 10, 1, &times);
    cr_assert(close_to(times.ratio, (log(105) + log(106) - log(5) - log(6)) / 2), "%g",
              times.ratio);
    cr_assert(close_to(times.rank[0], log(102.0 / 9)), "%g", times.rank[0]);
    cr_assert(close_to(times.rank[1], log(109.0 / 2)), "%g", times.rank[1]);
    cr_assert(times.drawn[0] < times.ratio && times.drawn[1] > times.ratio);
    cr_assert(times.low == fmin(times.rank[0], times.drawn[0]) &&
              times.high == fmax(times.rank[1], times.drawn[1]));
    cr_assert(isnan(times.peak) && isnan(times.others) && isnan(times.control));
}

/* 15 each: from the 3rd to the 13th. From the 4th, one would be 96.5 % sure, both 93.1 %. */
Test(compare, both_medians_together_are_sure)
{
    double before[15], after[15];
    struct compare_times times;
    for (int i = 0; i < 15; i++) {
        before[i] = i + 1;
        after[i] = i + 101;
    }
    compare_estimate(before, 15, after, 15, 1, &times);
    cr_assert(close_to(times.rank[0], log(103.0 / 13)), "%g", times.rank[0]);
    cr_assert(close_to(times.rank[1], log(113.0 / 3)), "%g", times.rank[1]);
}

Test(compare, too_few_repetitions_tell_nothing)
{
    static const double before[] = {1, 2, 3, 4, 5, 6, 7}, after[] = {101, 102, 103, 104, 105, 106};
    struct compare_times times;
    compare_estimate(before, 7, after, 6, 1, &times);
    compare_conclude(0.1, &times);
    cr_assert(isinf(times.low) && isinf(times.high));
    cr_assert(times.verdict == GATE_UNRESOLVED && strstr(times.why, "too few"));
    compare_estimate(before, 7, before, 7, 1, &times);
    cr_assert(isfinite(times.low) && isfinite(times.high));
}

/* 10 repetitions a side, skewed to the right as times are, of nothing that changed. */
Test(compare, intervals_cover_what_they_say)
{
    enum { TRIALS = 1000 };
    int rank = 0, drawn = 0;
    for (uint64_t t = 0; t < TRIALS; t++) {
        float x[20];
        double before[10], after[10];
        struct compare_times times;
        random_normal(99, RANDOM_ROWS, 20 * t, 20, 0.2, x);
        for (int i = 0; i < 10; i++) {
            before[i] = 1000 * exp(fabs(x[i]));
            after[i] = 1000 * exp(fabs(x[10 + i]));
        }
        compare_estimate(before, 10, after, 10, t, &times);
        rank += times.rank[0] <= 0 && times.rank[1] >= 0;
        drawn += times.drawn[0] <= 0 && times.drawn[1] >= 0;
    }
    cr_assert(rank >= 0.95 * TRIALS, "%d", rank);
    /* A bootstrap of medians of 10 is known to be narrow or wide by a few percent. */
    cr_assert(drawn >= 0.90 * TRIALS && drawn < TRIALS, "%d", drawn);
}

Test(compare, verdicts)
{
    static const struct {
        double ratio, low, high, peak, others, control; /* in %; witnesses as they slow things */
        enum gate_verdict verdict;
        const char *why;
    } table[] = {
        {20, 5, 40, 0, 0, 0, GATE_SLOWER, NULL},
        {20, 5, 40, NAN, NAN, 0, GATE_SLOWER, NULL},
        {-20, -30, -5, 0, 0, 0, GATE_FASTER, NULL},
        {9, 5, 9.5, 0, 0, 0, GATE_EQUAL, NULL},
        {0, -9, 9, 0, 0, 0, GATE_EQUAL, NULL},
        {20, -1, 40, 0, 0, 0, GATE_UNRESOLVED, "beyond the limit"},
        {0, -9, 11, 0, 0, 0, GATE_UNRESOLVED, "beyond the limit"},
        {0, -11, 9, 0, 0, 0, GATE_UNRESOLVED, "beyond the limit"},
        {9, 5, 11, 0, 0, 0, GATE_UNRESOLVED, "beyond the limit"},
        {20, 5, 40, 12, 0, 0, GATE_UNRESOLVED, "FMA peak"},
        {20, 5, 40, 0, 12, 0, GATE_UNRESOLVED, "other kernels"},
        {20, 5, 40, -50, -50, 0, GATE_SLOWER, NULL},
        {-20, -30, -5, 50, 50, 0, GATE_FASTER, NULL},
        {-20, -30, -5, -15, 0, 0, GATE_UNRESOLVED, "FMA peak"},
        {40, 5, 60, 6, 0, 0, GATE_UNRESOLVED, "FMA peak"},
        {40, 5, 60, 0, 6, 0, GATE_UNRESOLVED, "other kernels"},
        {40, 7, 60, 6, 6, 0, GATE_SLOWER, NULL},
        {100, 80, 120, 50, 0, 0, GATE_UNRESOLVED, "FMA peak"},
        {12, 5, 40, 0, 3, 0, GATE_UNRESOLVED, "other kernels"},
        {0, -2, 2, 6, 0, 0, GATE_UNRESOLVED, "FMA peak"},
        {0, -2, 2, -6, 0, 0, GATE_UNRESOLVED, "FMA peak"},
        {1, -1, 3, 0, 6, 0, GATE_UNRESOLVED, "other kernels"},
        {1, -1, 3, 0, -6, 0, GATE_UNRESOLVED, "other kernels"},
        {1, -1, 3, -6, 0, 0, GATE_UNRESOLVED, "FMA peak"},
        {0, -2, 2, 4, -4, 0, GATE_EQUAL, NULL},
        {20, 15, 40, 0, 0, 9, GATE_SLOWER, NULL},
        {20, 15, 40, 0, 0, 10, GATE_UNRESOLVED, "differs from itself"},
        {-20, -30, -15, 0, 0, 12, GATE_UNRESOLVED, "differs from itself"},
        {0, -2, 2, 0, 0, 4, GATE_EQUAL, NULL},
        {0, -2, 2, 0, 0, 6, GATE_UNRESOLVED, "differs from itself"},
        {20, -INFINITY, INFINITY, 0, 0, 0, GATE_UNRESOLVED, "too few"},
        {NAN, 0, 0, 0, 0, 0, GATE_UNRESOLVED, "memory"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct compare_times times = {.ratio = log1p(table[i].ratio / 100),
                                      .low = log1p(fmax(-100, table[i].low) / 100),
                                      .high = log1p(table[i].high / 100),
                                      .peak = log1p(table[i].peak / 100),
                                      .others = log1p(table[i].others / 100),
                                      .control = log1p(table[i].control / 100)};
        compare_conclude(0.1, &times);
        cr_assert(times.verdict == table[i].verdict, "row %zu: %s, %s", i,
                  gate_verdict_names[times.verdict], times.why ? times.why : "");
        cr_assert(!times.why == !table[i].why && (!times.why || strstr(times.why, table[i].why)),
                  "row %zu: %s", i, times.why ? times.why : "no reason");
    }
}

/* --- the command --- */

enum { REPETITIONS = 10 };

/* 10 repetitions around `ns`, within 2 %. */
static void add(json_t *root, int cached, const char *kernel, double ns, double peak)
{
    double times[REPETITIONS];
    for (int i = 0; i < REPETITIONS; i++)
        times[i] = ns * (0.98 + 0.004 * i);
    stored_times(root, cached, kernel, times, REPETITIONS, peak);
}

/* A run of one case with 5 kernels, `slowed` of which is slower by `percent`. */
static json_t *run_with(const char *slowed, double percent)
{
    static const char *const kernels[] = {"a", "b", "c", "d", "e"};
    json_t *root = stored_result("X", "h");
    for (int i = 0; i < 5; i++)
        add(root, 64, kernels[i],
            1000 * (1 + (strcmp(kernels[i], slowed) == 0 ? percent / 100 : 0)), 100);
    return root;
}

static json_t *first_entry(json_t *root, const char *kernel)
{
    json_t *entries = json_object_get(root, "benchmarks"), *entry;
    size_t i;
    json_array_foreach(entries, i,
                       entry) if (strcmp(json_string_value(json_object_get(entry, "kernel")),
                                         kernel) == 0) return entry;
    return NULL;
}

#define COMPARE "compare @/a.json @/b.json "

Test(compare, same_machine)
{
    stored_write(run_with("", 0), "a.json");
    stored_write(run_with("b", 30), "b.json");
    EXPECT(3, COMPARE, "The same machine", "not interleaved", "+30.0", "SLOWER",
           "1 slower, 0 faster, 4 equal within 10 %, 0 unresolved",
           "1 regression in 5 comparisons");
    EXPECT(0, COMPARE "--limit 40", "0 slower, 0 faster, 5 equal within 40 %");
    stored_write(run_with("b", -30), "b.json");
    EXPECT(0, COMPARE, "0 slower, 1 faster, 4 equal");
    EXPECT(0, "compare @/a.json @/a.json", "0 slower, 0 faster, 5 equal");
}

/* The FMA peak fell as much as the kernel did; or all kernels did. */
Test(compare, a_machine_that_moved_resolves_nothing)
{
    stored_write(run_with("", 0), "a.json");
    json_t *root = run_with("b", 30), *entry;
    size_t n;
    json_array_foreach(json_object_get(root, "benchmarks"), n, entry)
        json_object_set_new(entry, "fma_peak_gflops", json_real(77));
    stored_write(root, "b.json");
    EXPECT(0, COMPARE, "the machine itself changed", "-23.0", "5 unresolved");
    static const char *const kernels[] = {"a", "b", "c", "d", "e"};
    root = stored_result("X", "h");
    for (int k = 0; k < 5; k++)
        add(root, 64, kernels[k], 1300, 100);
    stored_write(root, "b.json");
    EXPECT(0, COMPARE, "the case's other kernels changed alike", "5 unresolved");
}

/* One of the runs had the same kernel twice, 40 % apart. */
Test(compare, a_control_that_moved_resolves_nothing)
{
    double apart[REPETITIONS];
    for (int i = 0; i < REPETITIONS; i++)
        apart[i] = log(1.4);
    json_t *before = run_with("", 0), *after = run_with("b", 30);
    json_object_set_new(
        stored_own(before), "controls",
        json_pack("[o]", control_json(stored_case(64), "a", json_pack("[ss]", "a", "b"), apart,
                                      REPETITIONS, NULL)));
    stored_write(before, "a.json");
    stored_write(after, "b.json");
    EXPECT(0, COMPARE, "the same kernel differs from itself", "0 slower, 0 faster, 3 equal",
           "2 unresolved");
}

/* Two others are no witness. */
Test(compare, a_case_of_three_kernels)
{
    static const char *const kernels[] = {"a", "b", "c"};
    json_t *before = stored_result("X", "h"), *after = stored_result("X", "h");
    for (int k = 0; k < 3; k++) {
        add(before, 64, kernels[k], 1000, 100);
        add(after, 64, kernels[k], 1300, 100);
    }
    stored_write(before, "a.json");
    stored_write(after, "b.json");
    EXPECT(3, COMPARE, "3 slower");
}

static void set_bytes(json_t *root, const char *kernel, const char *key, int bytes)
{
    json_object_set_new(json_object_get(first_entry(root, kernel), "kv_cache"), key,
                        json_integer(bytes));
}

Test(compare, caches)
{
    static const char *const keys[] = {"allocated", "touched"};
    stored_write(run_with("", 0), "a.json");
    for (int k = 0; k < 2; k++) {
        json_t *root = run_with("", 0);
        set_bytes(root, "c", keys[k], 1001);
        stored_write(root, "b.json");
        EXPECT(3, COMPARE, "THE CACHE GREW", "1 with a larger cache");
        root = run_with("", 0);
        set_bytes(root, "c", keys[k], 999);
        stored_write(root, "b.json");
        EXPECT(0, COMPARE, "0 with a larger cache");
    }
}

Test(compare, errors)
{
    stored_write(run_with("", 0), "a.json");
    for (int seed = 1; seed <= 2; seed++)
        for (int grown = 0; grown < 2; grown++) {
            json_t *root = run_with("", 0);
            json_object_set_new(stored_own(root), "seed", json_integer(seed));
            json_object_set_new(json_object_get(first_entry(root, "d"), "error"), "lse_ratio",
                                json_real(grown ? 0.31 : 0.29)); /* of 2; o's is 0.2 */
            stored_write(root, "b.json");
            if (seed == 1 && grown)
                EXPECT(3, COMPARE, "THE ERROR GREW from 0.100 to 0.155", "1 with a larger error");
            else
                EXPECT(0, COMPARE, "5 comparisons");
            cr_assert(!strstr(output, "larger error") == (seed == 2), "%s", output);
        }
}

static void read_text(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "no %s", path);
    output[fread(output, 1, sizeof output - 1, file)] = 0;
    fclose(file);
}

static void add_failure(json_t *root, const char *name)
{
    json_array_append_new(json_object_get(stored_own(root), "failed"),
                          json_pack("{s:s, s:s}", "name", name, "reason", "o is off"));
}

Test(compare, what_only_one_has)
{
    json_t *before = run_with("", 0), *after = run_with("", 0);
    add(before, 65, "gone", 1000, 100);
    add(before, 66, "left-out", 1000, 100);
    add(after, 67, "new", 1000, 100);
    json_array_append_new(json_object_get(stored_own(after), "skipped"),
                          json_pack("{s:s, s:s}", "name", stored_case(66), "reason", "too slow"));
    add_failure(before, "old/wrong");
    add_failure(after, "old/wrong");
    stored_write(before, "a.json");
    stored_write(after, "b.json");
    EXPECT(0, COMPARE, "/gone\n", "/left-out: too slow", "only after: tiny", "/new\n",
           "2 only before, 1 only after, 0 that now fail");
    after = load("b.json");
    add_failure(after, "tiny/decode/cached:65/new:1/batch:1/threads:1/fp32/gone");
    add_failure(after, "tiny/decode/cached:65/new:1/batch:1/threads:1/fp32/gone");
    stored_write(after, "b.json");
    EXPECT(3, COMPARE "--junit @/j.xml", "/gone: o is off", "NOW FAILS", "1 that now fail");
    read_text("j.xml");
    cr_assert(strstr(output, "<testsuites name=\"mlabench compare\" tests=\"8\" failures=\"1\" "
                             "errors=\"0\" skipped=\"2\""),
              "%s", output);
    cr_assert(strstr(output, "<failure message=\"verification: o is off"), "%s", output);
    cr_assert(strstr(output, "<skipped message=\"only in the run before: too slow\"/>"), "%s",
              output);
}

Test(compare, other_machines)
{
    json_t *before = run_with("", 0), *after = run_with("b", 300);
    json_object_set_new(stored_own(after), "cpu", json_string("Y"));
    json_object_set_new(json_object_get(after, "context"), "host_name", json_string("i"));
    set_bytes(after, "c", "allocated", 1001);
    stored_write(before, "a.json");
    stored_write(after, "b.json");
    EXPECT(3, COMPARE, "Times can't be compared", "CPU: X before, Y after", "host: h before, i",
           "THE CACHE GREW", "25.1 %");
    cr_assert(!strstr(output, "SLOWER"), "%s", output);
    set_bytes(after = load("b.json"), "c", "allocated", 1000);
    json_object_set_new(json_object_get(first_entry(after, "d"), "error"), "ratio", json_real(1));
    stored_write(after, "b.json");
    EXPECT(0, COMPARE, "Times can't be compared");
    EXPECT(0, COMPARE "--junit @/j.xml --json", "\"same_machine\": false", "\"not compared\"");
}

Test(compare, junit)
{
    json_t *before = run_with("", 0), *after = run_with("b", 30);
    json_object_set_new(first_entry(after, "c"), "fma_peak_gflops", json_null());
    stored_write(before, "a.json");
    stored_write(after, "b.json");
    EXPECT(3, COMPARE "--limit 20 --junit @/j.xml", "1 slower");
    read_text("j.xml");
    cr_assert(strstr(output, "tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"0\""), "%s",
              output);
    cr_assert(strstr(output, "<failure message=\"slower: +30.0 % (+"), "%s", output);
    EXPECT(0, COMPARE "--limit 31 --junit @/j.xml", "1 unresolved");
    read_text("j.xml");
    cr_assert(strstr(output, "failures=\"0\" errors=\"0\" skipped=\"1\""), "%s", output);
    cr_assert(strstr(output, "<skipped message=\"the interval reaches beyond"), "%s", output);
    after = run_with("b", 30);
    json_object_set_new(stored_own(after), "cpu", json_string("Y"));
    stored_write(after, "b.json");
    EXPECT(0, COMPARE "--junit @/j.xml", "can't be compared");
    read_text("j.xml");
    cr_assert(strstr(output, "failures=\"0\" errors=\"0\" skipped=\"5\""), "%s", output);
    cr_assert(strstr(output, "<skipped message=\"times of different machines\"/>"), "%s", output);
}

/* Cut within a character, a text is no JSON. */
Test(compare, long_names)
{
    char cpu[302] = "x";
    for (int i = 1; i < 301; i++)
        cpu[i] = (char)(i % 2 ? 0xc3 : 0xa9);
    stored_write(run_with("", 0), "a.json");
    for (int skip = 0; skip < 2; skip++) {
        json_t *after = run_with("", 0);
        json_object_set_new(stored_own(after), "cpu", json_string(cpu + skip));
        stored_write(after, "b.json");
        EXPECT(0, COMPARE "--json", "\"field\": \"CPU\"");
    }
}

/* The same shard, run twice. */
Test(compare, shards)
{
    static const char *const files[] = {"a.json", "b.json"};
    for (int i = 0; i < 2; i++) {
        json_t *root = stored_result("X", "h");
        stored_shard(root, 2, 3);
        json_object_set_new(stored_own(root), "started", json_string(files[i]));
        stored_write(root, files[i]);
    }
    EXPECT(0, COMPARE, "1 comparisons", "too few repetitions");
}

static double number_at(const json_t *object, const char *key, const char *inner)
{
    return json_number_value(json_object_get(json_object_get(object, key), inner));
}

Test(compare, json)
{
    json_t *before = run_with("", 0), *after = run_with("b", 30), *entry;
    size_t n;
    json_t *both[] = {before, after};
    for (int side = 0; side < 2; side++)
        json_array_foreach(json_object_get(both[side], "benchmarks"), n, entry)
        {
            json_object_set_new(entry, "counters",
                                json_pack("{s:i, s:n, s:o, s:o}", "PAPI_TOT_INS", side ? 480 : 400,
                                          "X", "Y", n == 1 ? json_null() : json_integer(5), "PASS",
                                          n % 2 ? json_null() : json_integer(28)));
            json_object_set_new(entry, "counters_missing",
                                json_pack("{s:s*}", "PASS", n % 2 ? COUNTERS_ELSEWHERE : NULL));
        }
    stored_write(before, "a.json");
    stored_write(after, "b.json");
    EXPECT(3, COMPARE "--json", "{");
    json_t *all = json_loads(output, JSON_DISABLE_EOF_CHECK, NULL);
    cr_assert(all, "%s", output);
    cr_assert(json_is_true(json_object_get(all, "same_machine")));
    cr_assert(number_at(all, "summary", "slower") == 1 && number_at(all, "summary", "equal") == 4);
    const json_t *row = json_array_get(json_object_get(all, "comparisons"), 0);
    cr_assert(json_object_size(json_object_get(row, "counters")) == 2);
    cr_assert(number_at(json_object_get(row, "counters"), "PASS", "before") == 7);
    row = json_array_get(json_object_get(all, "comparisons"), 1);
    cr_assert_str_eq(json_string_value(json_object_get(row, "kernel")), "b");
    cr_assert_str_eq(json_string_value(json_object_get(row, "case")), stored_case(64));
    cr_assert_str_eq(json_string_value(json_object_get(row, "verdict")), "slower");
    cr_assert(fabs(number_at(row, "change", "median_pct") - 30) < 1e-9);
    cr_assert(number_at(row, "change", "low_pct") > 25 &&
              number_at(row, "change", "high_pct") < 35);
    cr_assert(fabs(number_at(row, "before", "median_ns") - 998) < 1e-9);
    const json_t *counters = json_object_get(row, "counters");
    cr_assert(number_at(counters, "PAPI_TOT_INS", "before") == 100 &&
              number_at(counters, "PAPI_TOT_INS", "after") == 120);
    json_decref(all);
    EXPECT(3, COMPARE, "instructions +20.00 %");
}

Test(compare, bad_usage_is_named)
{
    stored_write(run_with("", 0), "a.json");
    json_t *other = stored_result("X", "h");
    add(other, 65, "a", 1000, 100);
    stored_write(other, "b.json");
    EXPECT(2, "compare @/a.json", "two result.json", "1 were given");
    EXPECT(2, "compare @/a.json @/a.json @/a.json", "3 were given");
    EXPECT(2, COMPARE, "a.json and", "b.json have no kernel and case in common");
    EXPECT(4, "compare @/a.json @/none.json", "none.json");
    EXPECT(2, COMPARE "--limit 0", "--limit");
    EXPECT(4, "compare @/a.json @/a.json --junit @", "it is a folder");
    write_file("b.json", "{\"context\": 5}");
    EXPECT(2, COMPARE, "b.json", "context", "found 5", "accepted");
    other = run_with("", 0);
    json_object_set_new(first_entry(other, "b"), "threads", json_string("1"));
    stored_write(other, "b.json");
    EXPECT(2, COMPARE, "b.json", "benchmarks[10].threads", "\"1\"");
}

/* --- files from elsewhere --- */

/* Every way in which two files can be read is tried; whatever comes of it, it must come. */
static void read_all(void)
{
    char a[128], b[128], path[128];
    char *files[] = {a, b};
    struct stored_runs runs;
    struct mla_error error;
    struct report_outcome outcome;
    snprintf(a, sizeof a, "%s/a.json", folder);
    snprintf(b, sizeof b, "%s/b.json", folder);
    snprintf(path, sizeof path, "%s/j.xml", folder);
    for (int swap = 0; swap < 2; swap++) {
        files[swap] = a;
        files[1 - swap] = b;
        if (runs_read(files, 2, false, &runs, &error) == 0) {
            struct comparison comparison;
            if (comparison_make(&runs, 0.1, &comparison, &error) == 0) {
                json_t *all = compare_json(&comparison);
                cr_assert((int)json_array_size(json_object_get(all, "comparisons")) ==
                              comparison.count,
                          "not to be had as JSON");
                json_decref(all);
                cr_assert(compare_junit(path, &comparison, &error) == 0, "%s", error.message);
            }
            comparison_free(&comparison);
            runs_destroy(&runs);
        }
        if (runs_read(files, 2, true, &runs, &error) == 0) {
            if (runs.count == 2)
                cr_assert(report_runs_write(&runs, folder, "/nonexistent", &outcome, &error) == 0);
            runs_destroy(&runs);
        }
    }
}

static json_t *parse(const char *text)
{
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

/* Puts something else in place of a member or element, tries it, and puts it back, borrowed. */
static json_t *replace_one(json_t *root, json_t *node, const char *key, size_t index,
                           const json_t *with)
{
    json_t *old = json_incref(key ? json_object_get(node, key) : json_array_get(node, index));
    json_t *copy = json_deep_copy(with);
    if (key)
        json_object_set_new(node, key, copy);
    else
        json_array_set_new(node, index, copy);
    stored_write(json_deep_copy(root), "b.json");
    read_all();
    if (key)
        json_object_set_new(node, key, old);
    else
        json_array_set_new(node, index, old);
    return old;
}

static json_t *keys_of(json_t *object)
{
    json_t *keys = json_array(), *unused;
    const char *key;
    json_object_foreach(object, key, unused) json_array_append_new(keys, json_string(key));
    return keys;
}

/* Each member, and of each list the first two elements, at every depth. Returns how many. */
static int replace_each(json_t *root, const json_t *with)
{
    json_t *nodes[1000] = {root}; /* borrowed */
    int count = 1, tried = 0;
    for (int n = 0; n < count; n++) {
        json_t *keys = keys_of(nodes[n]);
        size_t members = json_array_size(keys), elements = json_array_size(nodes[n]);
        for (size_t i = 0; i < members + (elements < 2 ? elements : 2); i++, tried++) {
            const char *key = json_string_value(json_array_get(keys, i));
            json_t *child = replace_one(root, nodes[n], key, i, with);
            if (json_object_size(child) + json_array_size(child) > 0 && count < 1000)
                nodes[count++] = child;
        }
        json_decref(keys);
    }
    return tried;
}

Test(compare, files_from_elsewhere_crash_nothing)
{
    static const char *const values[] = {
        "null",
        "-1",
        "1e308",
        "9223372036854775807",
        "\"\\u00e9\"",
        "[null, {}]",
        "{\"median\": 1, \"min\": 1, \"max\": 1, \"samples\": 9223372036854775807}"};
    static const double ns[] = {1000, 1001};
    int tried = 0;
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++)
        for (int shard = 0; shard < 2; shard++) {
            json_t *before = stored_result("X", "h"), *after = stored_result("X", "h");
            stored_times(before, 1, "absorbed", ns, 2, 100);
            if (shard) {
                stored_shard(after, 1, 2);
                json_object_clear(before);
                json_t *other = stored_result("X", "h");
                stored_shard(other, 2, 2);
                json_object_update(before, other);
                json_decref(other);
            } else {
                stored_times(after, 1, "absorbed", ns, 2, 100);
                add_failure(after, "c/k");
                add_failure(before, "d/k");
            }
            stored_write(before, "a.json");
            json_t *with = parse(values[v]);
            tried += replace_each(after, with);
            json_decref(with);
            json_decref(after);
        }
    cr_assert(tried > 1000, "%d", tried);
}
