/* SPDX-License-Identifier: MIT
 *
 * Several runs side by side: which rows go together, what runs are called, and their report. */
#include "harness/lineup.h"

#include "tests/cli.h"
#include "tests/stored.h"

#include <stdio.h>
#include <unistd.h>

TestSuite(lineup, .init = make_temporary, .fini = remove_temporary, .timeout = 60);

/* Reads files of the temporary folder. */
static void read_runs(struct stored_runs *runs, const char *const *names, int count)
{
    static char paths[RUNS_MOST][128];
    char *files[RUNS_MOST];
    struct mla_error error;
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
        files[i] = paths[i];
    }
    cr_assert(runs_read(files, count, true, runs, &error) == 0, "%s", error.message);
    cr_assert(runs->count == count);
}

static const char *const names[] = {"a.json", "b.json", "c.json", "d.json"};

/* Makes a.json, b.json, ... of these machines, each with a seed of its own. */
struct described {
    const char *cpu, *host, *commit;
};
static void write_machines(const struct described *machines, int count)
{
    for (int i = 0; i < count; i++) {
        json_t *root = stored_result(machines[i].cpu, machines[i].host);
        json_object_set_new(stored_own(root), "commit", json_string(machines[i].commit));
        json_object_set_new(stored_own(root), "mark", json_integer(i));
        stored_write(root, names[i]);
    }
}

Test(lineup, labels_tell_as_little_as_is_needed)
{
    static const struct {
        struct described machines[4];
        int count;
        const char *labels[4];
    } table[] = {
        {{{"Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz", "h", "c"},
          {"AMD EPYC 7763 64-Core Processor", "h", "c"}},
         2,
         {"Intel Xeon Gold 6330, avx2, 2 CPUs", "AMD EPYC 7763, avx2, 2 CPUs"}},
        {{{"X", "h.cluster.org", "c"}, {"X", "i.cluster.org", "c"}, {"Y", "h", "c"}},
         3,
         {"X, avx2, 2 CPUs, h", "X, avx2, 2 CPUs, i", "Y, avx2, 2 CPUs"}},
        {{{"X", "h", "c"}, {"X", "h", "d"}, {"X", "i", "c"}},
         3,
         {"X, avx2, 2 CPUs, h, c", "X, avx2, 2 CPUs, h, d", "X, avx2, 2 CPUs, i"}},
        {{{"X", "h", "c"}, {"X", "h", "c"}, {"Y", "h", "c"}},
         3,
         {"X, avx2, 2 CPUs (1)", "X, avx2, 2 CPUs (2)", "Y, avx2, 2 CPUs (3)"}},
        {{{"", "h", "c"}, {"caf\xc3\xa9\n", "h", "c"}},
         2,
         {"unknown CPU, avx2, 2 CPUs", "caf???, avx2, 2 CPUs"}},
    };
    for (size_t row = 0; row < sizeof table / sizeof table[0]; row++) {
        struct stored_runs runs;
        write_machines(table[row].machines, table[row].count);
        read_runs(&runs, names, table[row].count);
        for (int i = 0; i < table[row].count; i++)
            cr_assert_str_eq(runs.items[i].label, table[row].labels[i]);
        runs_destroy(&runs);
    }
}

/* Longer than there is room for, so that no detail fits. */
Test(lineup, labels_differ_whatever_they_hold)
{
    char isa[300];
    struct stored_runs runs;
    memset(isa, 'x', sizeof isa - 1);
    isa[sizeof isa - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        json_t *root = stored_result("X", "h");
        json_object_set_new(stored_own(root), "isa", json_string(isa));
        json_object_set_new(stored_own(root), "seed", json_integer(i));
        stored_write(root, names[i]);
    }
    read_runs(&runs, names, 3);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < i; k++)
            cr_assert(strcmp(runs.items[i].label, runs.items[k].label) != 0, "%s",
                      runs.items[i].label);
    runs_destroy(&runs);
}

static const double ns[] = {1000, 1100, 900};

/* Adds a timing at a number of threads: only what a row is matched by. */
static void add_threads(json_t *root, int threads, const char *kernel)
{
    char name[160];
    json_t *entries = json_object_get(root, "benchmarks");
    size_t before = json_array_size(entries);
    stored_times(root, 64, kernel, ns, 3, 100);
    snprintf(name, sizeof name, "tiny/decode/cached:64/new:1/batch:1/threads:%d/fp32/%s", threads,
             kernel);
    for (size_t i = before; i < json_array_size(entries); i++) {
        json_object_set_new(json_array_get(entries, i), "name", json_string(name));
        json_object_set_new(json_array_get(entries, i), "threads", json_integer(threads));
    }
}

/* A machine of 2 CPUs timed on 1 and 2 threads, and one of `cpus` on 1, 2 and all. */
static void write_teams(int cpus)
{
    json_t *small = stored_result("X", "h"), *large = stored_result("Y", "h");
    json_object_set_new(json_object_get(large, "context"), "num_cpus", json_integer(cpus));
    add_threads(small, 2, "naive");
    add_threads(small, 1, "naive");
    add_threads(large, 1, "naive");
    add_threads(large, 1, "absorbed");
    add_threads(large, cpus, "naive");
    stored_write(small, "a.json");
    stored_write(large, "b.json");
}

static void expect_rows(const char *const *rows, int count)
{
    struct stored_runs runs;
    struct lineup lineup;
    struct mla_error error;
    read_runs(&runs, names, 2);
    cr_assert(lineup_create(&runs, &lineup, &error) == 0);
    cr_assert(lineup.count == count, "%d rows", lineup.count);
    for (int i = 0; i < count; i++) {
        char text[256], all[400];
        lineup_case(&lineup.rows[i], text, sizeof text);
        snprintf(all, sizeof all, "%s, %s%s%s", text, lineup.rows[i].any->kernel,
                 lineup.rows[i].of[0] ? ", a" : "", lineup.rows[i].of[1] ? ", b" : "");
        cr_assert_str_eq(all, rows[i]);
    }
    lineup_destroy(&lineup);
    runs_destroy(&runs);
}

Test(lineup, all_cpus_go_with_all_cpus)
{
    static const char *const same[] = {
        "decode, 64 cached, fp32, 1 thread, absorbed, b",
        "decode, 64 cached, fp32, 1 thread, naive, a, b",
        "decode, 64 cached, fp32, 2 threads, naive, a, b",
    };
    static const char *const different[] = {
        "decode, 64 cached, fp32, 1 thread, absorbed, b",
        "decode, 64 cached, fp32, 1 thread, naive, a, b",
        "decode, 64 cached, fp32, all CPUs, naive, a, b",
    };
    write_teams(2);
    expect_rows(same, 3);
    write_teams(8);
    expect_rows(different, 3);
}

static void read_page(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "no %s", path);
    output[fread(output, 1, sizeof output - 1, file)] = 0;
    fclose(file);
}

/* Twice as fast on a machine of three times the peak. */
static void write_two_machines(const char *cpu)
{
    static const double fast[] = {500, 510, 490};
    json_t *one = stored_result("X", "h"), *other = stored_result(cpu, "i");
    stored_times(one, 64, "naive", ns, 3, 200);
    stored_times(one, 64, "mine", ns, 3, 200);
    stored_times(other, 64, "naive", fast, 3, 600);
    json_array_append_new(json_object_get(stored_own(other), "failed"),
                          json_pack("{s:s, s:s}", "name", "c/wrong", "reason", "o is off"));
    json_object_set_new(stored_own(other), "seed", json_integer(2));
    stored_write(one, "a.json");
    stored_write(other, "b.json");
}

Test(lineup, report_sets_each_against_its_own_machine)
{
    static const char *const said[] = {
        "| X, avx2, 2 CPUs | Y, avx2, 2 CPUs |",
        "64 cached, fp32, 1 thread | naive | 50.0 %, core 60.0 % | 33.3 %, core 40.0 % |",
        "64 cached, fp32, 1 thread | mine | 50.0 %, core 60.0 % | \\- |",
        "| naive | 1.00 \xc2\xb5s (950 ns to 1.05 \xc2\xb5s) | 500 ns (495 ns to 505 ns) |",
        "fp32 FMA peak, 1 thread | 100 GFLOP/s (90 to 110) | 100 GFLOP/s (90 to 110) |",
        "| L3 read, 1 thread | too small | too small |",
        "different seeds",
        "Y, avx2, 2 CPUs: kernels failed verification",
        "c/wrong: o is off",
        "2 passed, 0 failed, 1 skipped",
        ("| mine: 1.00 \xc2\xb5s, 50.0 %, unresolved | naive: 500 ns, 33.3 %, alone | "
         "not the same | 0.50 x |"),
        "were not interleaved",
    };
    write_two_machines("Y");
    EXPECT(0, "report @/a.json @/b.json --out @/out", "report.md");
    read_page("out/report.md");
    for (size_t k = 0; k < sizeof said / sizeof said[0]; k++)
        cr_assert(strstr(output, said[k]), "the page does not say '%s':\n%s", said[k], output);
    read_page("out/tables/runs.csv");
    cr_assert(strstr(output,
                     "\"Y, avx2, 2 CPUs\",\"i\",2,\"tiny\",\"decode\",64,1,1,0,1,\"fp32\","
                     "\"warm\",\"naive\",\"x86-64\",490,495,500,505,510,600,33.3333333,40,5,0.2,2,"
                     "1000,3\r\n"),
              "%s", output);
    EXPECT(4, "report @/out/result.json", "out/result.json");
    if (system("gnuplot --version >/dev/null 2>&1") != 0)
        return;
    read_page("out/plots/tiny-decode-machines.svg");
    cr_assert(strstr(output, "X,\xc2\xa0"
                             "avx2,\xc2\xa0"
                             "2\xc2\xa0"
                             "CPUs"),
              "no legend:\n%s", output);
    read_page("out/report.html");
    cr_assert(strstr(output, "<svg"));
}

/* A CPU's name is data. */
Test(lineup, hostile_names_do_no_harm)
{
    static const char *const cpus[] = {"\"; system(\"touch pwned\"); \"",
                                       "<script>alert(1)</script>", "`touch pwned`",
                                       "a\\nb %s %n {/Bold x} ^_", "=cmd|' /C calc'!A0"};
    for (size_t k = 0; k < sizeof cpus / sizeof cpus[0]; k++) {
        write_two_machines(cpus[k]);
        EXPECT(0, "report @/a.json @/b.json --out @/out", "report.md");
        cr_assert(!strstr(output, "no plots") || system("gnuplot --version >/dev/null 2>&1") != 0,
                  "%s", output);
        read_page("out/report.html");
        cr_assert(!strstr(output, "<script>alert"), "%s", cpus[k]);
        read_page("out/tables/runs.csv");
        cr_assert(!strstr(output, "\"=cmd"), "%s", output);
        cr_assert(access("pwned", F_OK) != 0);
        char path[128];
        snprintf(path, sizeof path, "%s/out/pwned", folder);
        cr_assert(access(path, F_OK) != 0);
    }
}

Test(lineup, nothing_in_common_is_said)
{
    json_t *one = stored_result("X", "h"), *other = stored_result("Y", "h");
    stored_times(one, 64, "naive", ns, 3, 200);
    stored_times(other, 65, "naive", ns, 3, 200);
    stored_write(one, "a.json");
    stored_write(other, "b.json");
    EXPECT(0, "report @/a.json @/b.json --out @/out", "report.md");
    read_page("out/report.md");
    cr_assert(strstr(output, "No kernel and case is in more than one of the runs."));
    cr_assert(!strstr(output, "![](plots/"), "%s", output);
}

/* Joined shards are one of the runs. */
Test(lineup, shards_and_runs_side_by_side)
{
    for (int index = 1; index <= 2; index++) {
        char name[16];
        json_t *root = stored_result("X", "h");
        stored_shard(root, index, 3);
        snprintf(name, sizeof name, "s%d.json", index);
        stored_write(root, name);
    }
    write_two_machines("Y");
    EXPECT(0, "report @/b.json @/s1.json @/s2.json --out @/out", "joined: 2 of 3 shards",
           "out/run2.json", "shard 3/3 is missing");
    json_t *root = load("out/run2.json");
    cr_assert(json_array_size(json_object_get(root, "benchmarks")) == 6);
    json_decref(root);
    read_page("out/report.md");
    cr_assert(strstr(output, "X, avx2, 2 CPUs: shards of the suite are missing."), "%s", output);
}

Test(lineup, twins_are_refused)
{
    write_two_machines("Y");
    EXPECT(2, "report @/a.json @/b.json @/a.json --out @/out", "a.json and", "hold the same");
}

Test(lineup, nine_are_too_many)
{
    char command[512] = "report --out @/out";
    for (int i = 0; i < 9; i++) {
        char name[16];
        json_t *root = stored_result("X", "h");
        json_object_set_new(stored_own(root), "seed", json_integer(i));
        snprintf(name, sizeof name, "%d.json", i);
        stored_write(root, name);
        snprintf(command + strlen(command), sizeof command - strlen(command), " @/%s", name);
    }
    EXPECT(2, command, "8.json", "8 at most");
}
