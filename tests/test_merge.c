/* SPDX-License-Identifier: MIT
 *
 * Shards of a run joined into one result. */
#include "harness/join.h"

#include "tests/cli.h"
#include "tests/stored.h"

#include <stdio.h>

TestSuite(merge, .init = make_temporary, .fini = remove_temporary, .timeout = 60);

static json_t *parse(const char *text)
{
    json_error_t fault;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &fault);
    cr_assert(value, "%s: %s", text, fault.text);
    return value;
}

Test(merge, values)
{
    static const struct {
        const char *key, *one, *other, *joined;
    } table[] = {
        {"x", "3", "3", "3"},
        {"x", "3", "4", "null"},
        {"x", "\"a\"", "null", "null"},
        {"x", "[1, \"a\"]", "[1, \"a\"]", "[1, \"a\", 1]"},
        {"x", "[\"a\", \"b\"]", "[\"a\", \"b\"]", "[\"a\", \"b\"]"},
        {"x", "[{\"n\": 1}, {\"n\": 2}]", "[{\"n\": 2}, {\"n\": 3}]",
         "[{\"n\": 1}, {\"n\": 2}, {\"n\": 3}]"},
        {"x", "{\"a\": 1, \"b\": 2}", "{\"b\": 3, \"c\": [4]}",
         "{\"a\": 1, \"b\": null, \"c\": [4]}"},
        {"verified", "{\"passed\": 2, \"failed\": 1}", "{\"passed\": 2, \"failed\": 0}",
         "{\"passed\": 4, \"failed\": 1}"},
        {"failed", "[\"a\"]", "[\"b\"]", "[\"a\", \"b\"]"},
        {"passed", "9223372036854775807", "1", "null"},
        {"started", "\"2026-01-02\"", "\"2026-01-01\"", "\"2026-01-01\""},
        {"finished", "\"2026-01-02\"", "\"2026-01-03\"", "\"2026-01-03\""},
        {"finished", "null", "\"2026-01-03\"", "\"2026-01-03\""},
        {"complete", "true", "false", "false"},
        {"interrupted", "true", "false", "true"},
        {"host_name", "\"b\"", "\"a\"", "\"a, b\""},
        {"host_name", "\"b\"", "\"b\"", "\"b\""},
        {"host_name", "\"b\"", "7", "\"?, b\""},
        {"load_avg", "[1, 2]", "[3, 4]", "[1, 2]"},
        {"1", "{\"median\": 10, \"min\": 8, \"max\": 11, \"samples\": 5, \"isa\": \"v\"}",
         "{\"median\": 20, \"min\": 9, \"max\": 21, \"samples\": 7, \"isa\": \"v\"}",
         "{\"median\": 15.0, \"min\": 8.0, \"max\": 21.0, \"samples\": 12, \"isa\": \"v\"}"},
        {"L3", "{\"missing\": \"why\"}",
         "{\"median\": 20, \"min\": 9, \"max\": 21, \"samples\": 7}",
         "{\"median\": 20, \"min\": 9, \"max\": 21, \"samples\": 7}"},
        {"1", "{\"median\": \"10\", \"min\": [], \"max\": 11, \"samples\": 5}", "5", "null"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        json_t *one = parse(table[i].one), *other = parse(table[i].other);
        json_t *expected = parse(table[i].joined);
        const json_t *const values[] = {one, NULL, other};
        json_t *joined = join_values(table[i].key, values, 3);
        char *text = json_dumps(joined, JSON_ENCODE_ANY);
        cr_assert(json_equal(joined, expected), "%s: %s and %s become %s", table[i].key,
                  table[i].one, table[i].other, text);
        free(text);
        json_decref(one);
        json_decref(other);
        json_decref(expected);
        json_decref(joined);
    }
}

/* Shard `index` of 3, changed by `change`, if any, before it is written as sINDEX.json. */
static void write_shard(int index, void (*change)(json_t *root))
{
    char name[32], host[8];
    snprintf(host, sizeof host, "node%d", index);
    json_t *root = stored_result("A CPU", host);
    stored_shard(root, index, 3);
    if (change)
        change(root);
    snprintf(name, sizeof name, "s%d.json", index);
    stored_write(root, name);
}

static void write_shards(void)
{
    for (int index = 1; index <= 3; index++)
        write_shard(index, NULL);
}

/* The timed cases of what was joined, by tokens cached, in order. */
static void expect_timed(const json_t *root, const int *cached, int count)
{
    const json_t *entries = json_object_get(root, "benchmarks");
    cr_assert((int)json_array_size(entries) == 3 * count, "%zu", json_array_size(entries));
    for (int i = 0; i < 3 * count; i++) {
        const json_t *entry = json_array_get(entries, (size_t)i);
        cr_assert(json_integer_value(json_object_get(entry, "cached")) == cached[i / 3]);
    }
}

Test(merge, shards_become_one_result)
{
    static const int cached[] = {1, 2, 3};
    write_shards();
    EXPECT(0, "report @/s2.json @/s3.json @/s1.json --out @/all", "joined: 3 of 3 shards", "all/",
           "report.md");
    cr_assert(!strstr(output, "missing"), "%s", output);
    json_t *root = load("all/result.json");
    expect_timed(root, cached, 3);
    const json_t *own = stored_own(root);
    const json_t *shards = json_object_get(own, "shards");
    cr_assert(json_array_size(shards) == 3);
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(shards, 2), "host_name")),
                     "node3");
    cr_assert(json_array_size(json_object_get(own, "missing_shards")) == 0);
    cr_assert(json_is_null(json_object_get(own, "shard")));
    cr_assert(json_is_true(json_object_get(own, "complete")));
    cr_assert(json_integer_value(json_object_get(json_object_get(own, "verified"), "passed")) == 6);
    cr_assert_str_eq(
        json_string_value(json_object_get(json_object_get(root, "context"), "host_name")),
        "node1, node2, node3");
    json_decref(root);
}

Test(merge, missing_shards_are_named_with_their_cases)
{
    static const int cached[] = {1, 3};
    write_shards();
    EXPECT(0, "report @/s1.json @/s3.json --out @/some", "shard 2/3 is missing", stored_case(2),
           "joined: 2 of 3 shards");
    json_t *root = load("some/result.json");
    expect_timed(root, cached, 2);
    const json_t *own = stored_own(root), *missing = json_object_get(own, "missing_shards");
    cr_assert(json_array_size(missing) == 1 && json_integer_value(json_array_get(missing, 0)) == 2);
    cr_assert(json_is_false(json_object_get(own, "complete")));
    const json_t *skipped = json_object_get(own, "skipped");
    cr_assert(json_array_size(skipped) == 1);
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(skipped, 0), "name")),
                     stored_case(2));
    json_decref(root);
    EXPECT(0, "report @/s2.json --out @/one", "joined: 1 of 3 shards", "shard 3/3 is missing");
    json_decref(load("one/result.json"));
    EXPECT(0, "report @/one/result.json --out @/again", "again/report.md");
    cr_assert(!strstr(output, "missing"), "%s", output);
    EXPECT(0, "report @/s2.json", "report.md");
    char command[128];
    snprintf(command, sizeof command, "grep -q 'this is shard 2 of 3' %s/report.md", folder);
    cr_assert(system(command) == 0);
}

/* What reads 0 in one shard alone is not suspect in the whole run. */
Test(merge, suspect_counters_are_those_of_all_shards)
{
    for (int i = 1; i <= 3; i++) {
        char name[16];
        json_t *root = stored_result("CPU", "node"), *entry;
        size_t n;
        stored_shard(root, i, 3);
        json_array_foreach(json_object_get(root, "benchmarks"), n, entry) json_object_set_new(
            entry, "counters", json_pack("{s:i, s:i}", "PAPI_BR_MSP", 0, "PAPI_L1_DCM", i == 3));
        json_object_set_new(stored_own(root), "counters_suspect",
                            json_pack("[{s:s, s:s}]", "name", i < 3 ? "PAPI_L1_DCM" : "PAPI_BR_MSP",
                                      "reason", "read 0"));
        snprintf(name, sizeof name, "s%d.json", i);
        stored_write(root, name);
    }
    EXPECT(0, "report @/s1.json @/s2.json @/s3.json --out @/all", "joined: 3 of 3 shards");
    json_t *root = load("all/result.json");
    const json_t *suspects = json_object_get(stored_own(root), "counters_suspect");
    cr_assert(json_array_size(suspects) == 1);
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(suspects, 0), "name")),
                     "PAPI_BR_MSP");
    json_decref(root);
}

/* Shard 2 has two cases, of which one is the suite's first. */
static void interleave(json_t *root)
{
    json_t *shard = json_object_get(stored_own(root), "shard");
    json_object_set_new(shard, "cases",
                        json_pack("[{s:s, s:i}, {s:s, s:i}, {s:s, s:i}, {s:s, s:i}]", "name",
                                  "first", "shard", 2, "name", "one", "shard", 1, "name", "two",
                                  "shard", 2, "name", "three", "shard", 3));
}

static void add_entry(json_t *root, const char *one_case, const char *kernel)
{
    static const double ns[] = {1};
    char name[64];
    json_t *entries = json_object_get(root, "benchmarks");
    stored_times(root, 1, kernel, ns, 1, 100);
    snprintf(name, sizeof name, "%s/%s", one_case, kernel);
    json_object_set_new(json_array_get(entries, json_array_size(entries) - 1), "name",
                        json_string(name));
}

Test(merge, timings_are_in_the_suites_order)
{
    static const char *const expected[] = {"first/naive", "first/absorbed", "one/naive",
                                           "two/naive", "three/naive"};
    static const char *const cases[][2] = {{"one"}, {"two", "first"}, {"three"}};
    for (int index = 1; index <= 3; index++) {
        char name[16];
        json_t *root = stored_result("X", "h");
        stored_shard(root, index, 3);
        interleave(root);
        json_array_clear(json_object_get(root, "benchmarks"));
        for (int i = 0; i < 2 && cases[index - 1][i]; i++)
            add_entry(root, cases[index - 1][i], "naive");
        if (index == 2)
            add_entry(root, "first", "absorbed");
        snprintf(name, sizeof name, "s%d.json", index);
        stored_write(root, name);
    }
    EXPECT(0, "report @/s3.json @/s1.json @/s2.json --out @/all", "joined");
    json_t *root = load("all/result.json");
    const json_t *entries = json_object_get(root, "benchmarks");
    cr_assert(json_array_size(entries) == 5);
    for (size_t i = 0; i < 5; i++)
        cr_assert_str_eq(json_string_value(json_object_get(json_array_get(entries, i), "name")),
                         expected[i]);
    json_decref(root);
}

static void fail_kernel(json_t *root)
{
    json_array_append_new(
        json_object_get(stored_own(root), "failed"),
        json_pack("{s:s, s:s, s:s}", "name", "c/naive", "kernel", "naive", "reason", "o is wrong"));
    json_object_set_new(stored_own(root), "proven",
                        json_pack("[{s:s, s:s, s:i, s:s}, {s:s, s:s, s:i, s:s}]", "kernel", "naive",
                                  "where", "not proven", "cases", 0, "reason", "failed 1 of 2",
                                  "kernel", "absorbed", "where", "natively", "cases", 2, "reason",
                                  "by this run"));
}

static void prove_kernels(json_t *root)
{
    json_object_set_new(stored_own(root), "proven",
                        json_pack("[{s:s, s:s, s:i, s:s}, {s:s, s:s, s:i, s:s}, i]", "kernel",
                                  "naive", "where", "natively", "cases", 5, "reason", "by this run",
                                  "kernel", "absorbed", "where", "natively", "cases", 3, "reason",
                                  "by this run", 7));
}

/* What failed once is not proven by what passed elsewhere. */
Test(merge, proofs)
{
    write_shard(1, prove_kernels);
    write_shard(2, fail_kernel);
    write_shard(3, prove_kernels);
    EXPECT(0, "report @/s1.json @/s2.json @/s3.json --out @/all", "joined");
    json_t *root = load("all/result.json");
    const json_t *proven = json_object_get(stored_own(root), "proven");
    json_t *expected =
        parse("[{\"kernel\": \"naive\", \"where\": \"not proven\", \"cases\": 0, \"reason\": "
              "\"failed 1 of 2\"}, {\"kernel\": \"absorbed\", \"where\": \"natively\", \"cases\": "
              "8, \"reason\": \"by this run\"}]");
    char *text = json_dumps(proven, 0);
    cr_assert(json_equal(proven, expected), "%s", text);
    free(text);
    json_decref(expected);
    json_decref(root);
}

static void other_seed(json_t *root)
{
    json_object_set_new(stored_own(root), "seed", json_integer(2));
}

static void other_commit(json_t *root)
{
    json_object_set_new(stored_own(root), "commit", json_string("ba9876543210"));
}

static void other_cpu(json_t *root)
{
    json_object_set_new(stored_own(root), "cpu", json_string("B CPU"));
}

static void more_cpus(json_t *root)
{
    json_object_set_new(json_object_get(root, "context"), "num_cpus", json_integer(4));
}

static void other_split(json_t *root)
{
    json_t *cases = json_object_get(json_object_get(stored_own(root), "shard"), "cases");
    json_array_append_new(cases, json_pack("{s:s, s:i}", "name", "x", "shard", 1));
}

Test(merge, shards_of_other_runs_are_not_joined)
{
    static void (*const changes[])(json_t * root) = {other_seed, other_commit, other_cpu, more_cpus,
                                                     other_split};
    write_shard(1, NULL);
    for (size_t which = 0; which < sizeof changes / sizeof changes[0]; which++) {
        write_shard(2, changes[which]);
        mlabench("report @/s1.json @/s2.json --out @/out");
        cr_assert(!strstr(output, "joined: 2"), "%zu: %s", which, output);
    }
}

Test(merge, twins_are_refused)
{
    write_shards();
    write_shard(3, fail_kernel);
    char from[96], to[96];
    snprintf(from, sizeof from, "%s/s3.json", folder);
    snprintf(to, sizeof to, "%s/t3.json", folder);
    cr_assert(rename(from, to) == 0);
    write_shard(3, NULL);
    EXPECT(2, "report @/s1.json @/s3.json @/t3.json --out @/all", "s3.json and", "t3.json",
           "shard 3/3");
    EXPECT(2, "report @/s1.json @/s1.json --out @/all", "are both shard 1/3");
}

Test(merge, out_must_not_be_where_a_file_lies)
{
    write_shards();
    EXPECT(0, "report @/s1.json @/s2.json --out @/two", "joined");
    EXPECT(2, "report @/two/result.json @/s3.json --out @/two", "--out", "two/result.json");
    EXPECT(2, "report @/s1.json @/s2.json", "--out");
}

#define CASES(shard, name2, shard2, name3, shard3)                                       \
    "[{\"name\": \"a\", \"shard\": " shard "}, {\"name\": " name2 ", \"shard\": " shard2 \
    "}, {\"name\": " name3 ", \"shard\": " shard3 "}]"

/* The record of the first shard with a part of it replaced. */
Test(merge, malformed_records_are_refused_by_field)
{
    static const struct {
        const char *key, *value, *named;
    } table[] = {
        {"index", "0", "shard.index"},
        {"index", "4", "shard.index"},
        {"index", "\"1\"", "shard.index"},
        {"index", "1.5", "shard.index"},
        {"count", "0", "shard.count"},
        {"count", "9223372036854775807", "shard.count"},
        {"count", "null", "shard.count"},
        {"cases", "[]", "shard.cases: "},
        {"cases", "5", "shard.cases: "},
        {"cases", "[5]", "shard.cases: "},
        {"cases", CASES("1", "\"b\"", "2", "\"c\"", "2"), "shard.cases: "},
        {"cases", CASES("1", "\"b\"", "2", "\"c\"", "4"), "shard.cases: "},
        {"cases", CASES("1", "\"b\"", "2", "\"c\"", "0"), "shard.cases: "},
        {"cases", CASES("1", "\"b\"", "2", "\"c\"", "\"3\""), "shard.cases: "},
        {"cases", CASES("1", "\"b\"", "2", "5", "3"), "shard.cases: "},
        {"cases", CASES("1", "\"b\"", "2", "\"c\"", "3}, {\"name\": \"d\", \"shard\": 0"),
         "shard.cases: "},
        {"cases", CASES("1", "\"b\"", "2", "\"c\"", "3"), "benchmarks"},
        {"index", "2", "benchmarks"},
    };
    write_shards();
    for (size_t row = 0; row < sizeof table / sizeof table[0]; row++) {
        json_t *root = load("s1.json");
        json_object_set_new(json_object_get(stored_own(root), "shard"), table[row].key,
                            parse(table[row].value));
        stored_write(root, "bad.json");
        EXPECT(2, "report @/bad.json @/s2.json --out @/out", "bad.json", table[row].named,
               "accepted");
    }
    json_t *root = load("s1.json");
    json_object_set_new(stored_own(root), "shard", json_string("1/3"));
    stored_write(root, "bad.json");
    EXPECT(2, "report @/bad.json @/s2.json --out @/out", "bad.json", "shard.count");
}
