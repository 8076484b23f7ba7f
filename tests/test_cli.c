/* SPDX-License-Identifier: MIT
 *
 * The program as its users see it: output, files and exit codes. */
#include "harness/counter_names.h"
#include "tests/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(cli, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

Test(cli, lists)
{
    EXPECT(0, "list", "absorbed-blas", "naive", "deepseek-v3", "article-784", "quick", "paper");
    EXPECT(0, "list kernels --json", "\"same_bits_for\"");
    EXPECT(0, "--help", "verify", "Exit codes");
    EXPECT(0, "run --help", "--suite", "--cached");
    EXPECT(0, "--version", "mlabench");
}

/* Whether an event counts depends on the machine; that it does or says why not does not. */
Test(cli, lists_counters_with_what_is_missing_and_why)
{
    EXPECT(0, "list counters --json", "\"counters\"");
    json_t *lists = json_loads(output, 0, NULL), *entry;
    const json_t *list = json_object_get(lists, "counters");
    size_t n;
    cr_assert(json_array_size(list) > COUNTERS_DEFAULT, "no word about energy: %s", output);
    json_array_foreach(list, n, entry)
    {
        const char *why = json_string_value(json_object_get(entry, "reason"));
        const char *cure = json_string_value(json_object_get(entry, "cure"));
        if (n < COUNTERS_DEFAULT)
            cr_assert_str_eq(json_string_value(json_object_get(entry, "name")),
                             counters_default[n]);
        cr_assert(json_is_true(json_object_get(entry, "available")) == !why, "%s", output);
        cr_assert(json_object_get(entry, "source") && (!why || why[0]), "%s", output);
        cr_assert(!cure || strstr(why, cure), "%s", output);
    }
    json_decref(lists);
    EXPECT(0, "list counters", "PAPI_TOT_CYC ", "perf::CONTEXT-SWITCHES ");
    EXPECT(0, "list counters --counters no-such-event,perf::PAGE-FAULTS", "no-such-event",
           "perf::PAGE-FAULTS");
    cr_assert(!strstr(output, "PAPI_TOT_CYC"), "%s", output);
    EXPECT(0, "list counters --counters no-such-event --json", "\"available\": false");
}

Test(cli, bad_usage_is_named)
{
    EXPECT(2, "", "Usage");
    EXPECT(2, "frobnicate", "frobnicate");
    EXPECT(2, "verify --frobnicate", "--frobnicate");
    EXPECT(2, "verify --model", "--model", "needs a value");
    EXPECT(2, "verify --model deepseek-v33 --cached 8", "deepseek-v33", "deepseek-v3");
    EXPECT(2, "verify --model tiny --cached eight", "cached", "eight");
    EXPECT(2, "verify --model tiny --kernel absorbt", "absorbt", "absorbed");
    EXPECT(2, "verify --suite quikc", "quikc", "quick");
    EXPECT(2, "verify --suite quick --model tiny", "exclude");
    EXPECT(2, "verify extra", "extra");
    EXPECT(2, "run --model tiny --repetitions 3", "--repetitions", "10");
    EXPECT(2, "verify --plugin @/none.so", "none.so");
    EXPECT(2, "report", "result.json");
    EXPECT(2, "list everything", "everything");
}

Test(cli, memory_states_bytes_and_baselines)
{
    EXPECT(0, "memory --model deepseek-v3", "latent", "expanded", "MHA", "GQA-8", "MQA", "2304",
           "1152", "656", "163840", "131072", "71.11 x", "56.89 x");
    EXPECT(0, "memory --json", "\"deepseek-v2-lite\"", "\"tokens_per_gib\"");
}

Test(cli, verify_prints_a_line_per_kernel_and_the_sums)
{
    EXPECT(0, "verify -q --model tiny --cached 65 --new 3 --threads 2", "pass  naive",
           "pass  absorbed-blas", "0 failed, 0 skipped");
    EXPECT(0, "verify -q --json --model tiny-mha --cached 9", "\"kernel\": \"mha\"");
}

/* What is absent or null here would spoil somebody's script. */
static void check_entry(const json_t *entry)
{
    static const char *const numbers[] = {"real_time", "cpu_time", "flops",        "core_flops",
                                          "bytes",     "cached",   "pct_fma_peak", "iterations"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const json_t *value = json_object_get(entry, numbers[i]);
        cr_assert(json_is_number(value) && json_number_value(value) > 0, "%s", numbers[i]);
    }
    const json_t *cache = json_object_get(entry, "kv_cache");
    json_int_t predicted = json_integer_value(json_object_get(cache, "predicted"));
    cr_assert(predicted > 0);
    cr_assert(predicted == json_integer_value(json_object_get(cache, "allocated")));
    cr_assert(predicted == json_integer_value(json_object_get(cache, "touched")));
    const json_t *error = json_object_get(entry, "error");
    double ratio = json_number_value(json_object_get(error, "ratio"));
    cr_assert(ratio > 0 && ratio <= 1, "error ratio %g", ratio);
    double sum = 0;
    const char *stage;
    json_t *ns;
    json_object_foreach(json_object_get(entry, "stages"), stage, ns) sum +=
        json_is_number(ns) ? json_number_value(ns) : 0;
    double real_time = json_number_value(json_object_get(entry, "real_time"));
    cr_assert(sum <= 1.01 * real_time, "stages take %g ns of %g", sum, real_time);
}

Test(cli, run_writes_a_result)
{
    EXPECT(
        0,
        "run -q --no-report --model tiny --cached 40 --kernel 'absorbed,absorbed-bl*' --out @/a/b",
        "% of FMA peak");
    json_t *root = load("a/b/result.json");
    const json_t *entries = json_object_get(root, "benchmarks");
    cr_assert(json_array_size(entries) == 3 * 10, "%zu entries", json_array_size(entries));
    for (size_t i = 0; i < json_array_size(entries); i++)
        check_entry(json_array_get(entries, i));
    const json_t *own = json_object_get(json_object_get(root, "context"), "mlabench");
    cr_assert(json_is_true(json_object_get(own, "complete")));
    cr_assert(json_is_false(json_object_get(own, "interrupted")));
    cr_assert(json_number_value(json_object_get(
                  json_object_get(json_object_get(own, "fma_peak_gflops"), "1"), "median")) > 0);
    json_decref(root);
}

/* Each step on its own, so that the first of a repetition is not the only cold one. */
Test(cli, cold_steps_have_names_and_entries_of_their_own)
{
    EXPECT(0, "run -q --cold --model tiny --cached 40 --kernel absorbed --out @",
           "threads:1/fp32  ", "threads:1/fp32/cold  ");
    json_t *root = load("result.json");
    const json_t *entries = json_object_get(root, "benchmarks");
    cr_assert(json_array_size(entries) == 2 * 10, "%zu entries", json_array_size(entries));
    int cold = 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        bool named = strstr(json_string_value(json_object_get(entry, "name")), "/cold/absorbed");
        const char *state = json_string_value(json_object_get(entry, "cache_state"));
        cr_assert(strcmp(state, named ? "cold" : "warm") == 0, "%s", state);
        check_entry(entry);
        cold += named;
    }
    cr_assert(cold == 10, "%d are cold", cold);
    json_decref(root);
    char path[128], line[512];
    snprintf(path, sizeof path, "%s/tables/cases.csv", folder);
    FILE *cases = fopen(path, "r");
    int states[2] = {0};
    while (fgets(line, sizeof line, cases)) {
        states[0] += strstr(line, "\"warm\"") != NULL;
        states[1] += strstr(line, "\"cold\"") != NULL;
    }
    fclose(cases);
    cr_assert(states[0] == 1 && states[1] == 1, "%d warm and %d cold", states[0], states[1]);
}

Test(cli, a_case_too_big_is_skipped_with_its_bytes)
{
    EXPECT(2, "verify -q --model deepseek-v3-mha --cached 131072 --batch 64", "GiB are available",
           "0 passed, 0 failed");
}

static const char *const short_run = "run -q --no-report --model tiny --cached 8 --kernel absorbed "
                                     "--out @";

/* /dev/full takes nothing, like a disk without room. */
Test(cli, a_full_disk_leaves_the_last_result_alone)
{
    char part[256];
    write_file("result.json", "{\"earlier\": 1}\n");
    snprintf(part, sizeof part, "%s/result.json.part", folder);
    cr_assert(symlink("/dev/full", part) == 0);
    EXPECT(4, short_run, "result.json", "No space left on device");
    json_t *root = load("result.json");
    cr_assert(json_integer_value(json_object_get(root, "earlier")) == 1);
    json_decref(root);
}

Test(cli, a_folder_that_cannot_be_is_refused)
{
    write_file("file", "");
    EXPECT(4, "run -q --no-report --model tiny --cached 8 --kernel absorbed --out @/file/x",
           "/file");
}

Test(cli, a_file_that_is_not_there_is_named)
{
    EXPECT(4, "report @/nothing.json", "nothing.json", "No such file");
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wait_for_file(const char *path)
{
    for (int i = 0; i < 600 && access(path, R_OK); i++)
        usleep(100000);
    cr_assert(access(path, R_OK) == 0, "%s does not come", path);
}

/* The first case is short and the second long: the interruption falls into the second. */
Test(cli, interruption_keeps_what_was_done)
{
    char path[128], out[96];
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(path, sizeof path, "%s/result.json", out);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execl(program(), "mlabench", "run", "-q", "--model", "tiny,deepseek-v3", "--cached", "8192",
              "--kernel", "absorbed", "--no-report", "--out", out, (char *)NULL);
        _exit(127);
    }
    wait_for_file(path);
    double start = seconds_now();
    kill(pid, SIGINT);
    int status;
    waitpid(pid, &status, 0);
    double took = seconds_now() - start;
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status %#x", (unsigned)status);
    cr_assert(took < 1, "ended only after %.2f s", took);
    json_t *root = load("out/result.json");
    const json_t *own = json_object_get(json_object_get(root, "context"), "mlabench");
    cr_assert(json_is_true(json_object_get(own, "interrupted")));
    cr_assert(json_is_false(json_object_get(own, "complete")));
    cr_assert(json_array_size(json_object_get(root, "benchmarks")) >= 10);
    cr_assert(json_array_size(json_object_get(own, "skipped")) >= 1);
    json_decref(root);
}
