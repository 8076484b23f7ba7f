/* SPDX-License-Identifier: MIT
 *
 * Counters count what happened, on all threads, and what cannot be counted says why. */
#define _GNU_SOURCE
#include "harness/clock.h"
#include "harness/counter_names.h"
#include "harness/counters.h"
#include "harness/measure.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 2, PAGES = 300 };

static struct counters *open_passes(const char *const *names, int count, int threads, int per_pass)
{
    struct mla_error error;
    struct counters *counters;
    const struct counters_settings settings = {.threads = threads, .per_pass = per_pass};
    int status = counters_open(&counters, names, count, &settings, &error);
    cr_assert(status == 0, "%s", error.message);
    return counters;
}

static struct counters *open_counters(const char *const *names, int count, int threads)
{
    return open_passes(names, count, threads, 0);
}

/* Some sandboxes allow no event at all; the reason must then be given. */
static void skip_if_missing(const struct counters *counters, int event)
{
    const char *why = counters_missing(counters, event);
    if (why)
        cr_skip("%s: %s", counters_name(counters, event), why);
}

static int64_t busy_thread_ns(int64_t ns)
{
    int64_t start = clock_read(CLOCK_THREAD_CPUTIME_ID), now;
    do
        now = clock_read(CLOCK_THREAD_CPUTIME_ID);
    while (now - start < ns);
    return now - start;
}

Test(counters, task_clock_is_the_cpu_time_of_all_threads)
{
    static const char *const names[] = {"perf::TASK-CLOCK"};
    struct counters *counters = open_counters(names, 1, THREADS);
    skip_if_missing(counters, 0);
    for (int round = 0; round < 3; round++) {
        int64_t busy = 0, start = clock_ns();
        counters_start(counters, 0);
#pragma omp parallel num_threads(THREADS) reduction(+ : busy)
        busy += busy_thread_ns(20000000);
        counters_stop(counters);
        double most = 1.05 * THREADS * (double)(clock_ns() - start);
        double counted = (double)counters_value(counters, 0);
        cr_assert(counted >= 0.95 * (double)busy && counted <= most,
                  "round %d: %g ns counted, %lld spent, %g at most", round, counted,
                  (long long)busy, most);
    }
    counters_close(counters);
}

/* Each thread touches pages that nobody touched before. */
static void touch_fresh_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map =
        mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(map, PAGES * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < PAGES; i++)
        ((volatile char *)map)[i * page] = 1;
    munmap(map, PAGES * page);
}

static int64_t count_page_faults(struct counters *counters)
{
    counters_start(counters, 0);
#pragma omp parallel num_threads(THREADS)
    touch_fresh_pages();
    counters_stop(counters);
    return counters_value(counters, 0);
}

Test(counters, page_faults_of_all_threads)
{
    static const char *const names[] = {"perf::PAGE-FAULTS"};
    struct counters *counters = open_counters(names, 1, THREADS);
    skip_if_missing(counters, 0);
    for (int round = 0; round < 3; round++) {
        int64_t faults = count_page_faults(counters);
        cr_assert(faults >= THREADS * PAGES && faults < THREADS * PAGES + 200,
                  "round %d: %lld faults for %d pages", round, (long long)faults, THREADS * PAGES);
    }
    counters_close(counters);
}

/* A larger team in between makes the OpenMP runtime drop and create threads. */
Test(counters, replaced_threads_are_counted)
{
    static const char *const names[] = {"perf::PAGE-FAULTS"};
    struct counters *counters = open_counters(names, 1, THREADS + 1);
    skip_if_missing(counters, 0);
#pragma omp parallel num_threads(THREADS)
    busy_thread_ns(1000);
    counters_start(counters, 0);
#pragma omp parallel num_threads(THREADS + 1)
    touch_fresh_pages();
    counters_stop(counters);
    int64_t faults = counters_value(counters, 0);
    cr_assert(faults >= (THREADS + 1) * PAGES, "%lld faults for %d pages (%s)", (long long)faults,
              (THREADS + 1) * PAGES, counters_missing(counters, 0));
    counters_close(counters);
}

/* They happen in the kernel: without the right to look there, 0 would be a lie. */
Test(counters, context_switches_are_seen_or_missing)
{
    static const char *const names[] = {"perf::CONTEXT-SWITCHES"};
    struct counters *counters = open_counters(names, 1, 1);
    counters_start(counters, 0);
    for (int i = 0; i < 20; i++)
        usleep(100);
    counters_stop(counters);
    int64_t switches = counters_value(counters, 0);
    const char *why = counters_missing(counters, 0);
    cr_assert(why ? switches == -1 && why[0] : switches >= 20 && switches < 200,
              "%lld switches in 20 sleeps", (long long)switches);
    counters_close(counters);
}

/* Whether presets count depends on the machine; either way the answer has to be whole. */
Test(counters, each_default_counter_counts_or_says_why_not)
{
    struct counters *counters = open_counters(counters_default, COUNTERS_DEFAULT, THREADS);
    counters_start(counters, 0);
#pragma omp parallel num_threads(THREADS)
    busy_thread_ns(2000000);
    counters_stop(counters);
    cr_assert(counters_count(counters) == COUNTERS_DEFAULT, "%d", counters_count(counters));
    for (int i = 0; i < COUNTERS_DEFAULT; i++) {
        const char *why = counters_missing(counters, i);
        int64_t value = counters_value(counters, i);
        cr_assert(strcmp(counters_name(counters, i), counters_default[i]) == 0, "%s",
                  counters_name(counters, i));
        cr_assert(why ? value == -1 && strlen(why) > 10 : value >= 0, "%s: %lld, reason '%s'",
                  counters_default[i], (long long)value, why ? why : "");
    }
    cr_assert(counters_missing(counters, 0) || counters_value(counters, 0) > 100000,
              "%lld cycles in 2 ms", (long long)counters_value(counters, 0));
    counters_close(counters);
}

Test(counters, an_unknown_event_is_missing_and_the_others_count)
{
    static const char *const names[] = {"no such event", "perf::PAGE-FAULTS", ""};
    struct counters *counters = open_counters(names, 3, THREADS);
    for (int i = 0; i < 3; i += 2) {
        const char *why = counters_missing(counters, i);
        cr_assert(why && why[0] && counters_value(counters, i) == -1, "'%s' counts", names[i]);
    }
    skip_if_missing(counters, 1);
    counters_start(counters, 0);
#pragma omp parallel num_threads(THREADS)
    touch_fresh_pages();
    counters_stop(counters);
    cr_assert(counters_value(counters, 1) >= THREADS * PAGES, "%lld",
              (long long)counters_value(counters, 1));
    cr_assert(counters_missing(counters, 0) && counters_value(counters, 0) == -1, "came to life");
    counters_close(counters);
}

/* The harness forks a process to measure in; its parent may have looked at counters before. */
Test(counters, a_child_counts_for_itself)
{
    static const char *const names[] = {"perf::PAGE-FAULTS", "PAPI_TOT_INS"};
    struct counters *parent = open_counters(names, 2, 1);
    skip_if_missing(parent, 0);
    pid_t child = fork();
    if (child == 0) {
        struct counters *counters = open_counters(names, 2, 1);
        counters_start(counters, 0);
        touch_fresh_pages();
        counters_stop(counters);
        int64_t faults = counters_value(counters, 0);
        _exit(faults >= PAGES && faults < PAGES + 200 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
    counters_close(parent);
}

/* As containers do. */
static void forbid_perf_event_open(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        cr_skip("seccomp: %s", strerror(errno));
}

/* A setting that allows it is no cure. */
Test(counters, a_sandbox_that_forbids_counting_is_called_so)
{
    static const char *const names[] = {"perf::PAGE-FAULTS"};
    int level = 2;
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "r");
    if (!file || fscanf(file, "%d", &level) != 1 || level > 2)
        cr_skip("perf_event_paranoid forbids it too, or cannot be read");
    fclose(file);
    forbid_perf_event_open();
    struct counters *counters = open_counters(names, 1, 1);
    const char *why = counters_missing(counters, 0);
    cr_assert(why && strstr(why, "sandbox") && !counters_cure(counters, 0), "%s", why);
    counters_close(counters);
}

Test(counters, none_asked_none_counted)
{
    struct counters *counters = open_counters(NULL, 0, THREADS);
    counters_start(counters, 0);
    counters_stop(counters);
    cr_assert(counters_count(counters) == 0, "%d", counters_count(counters));
    counters_close(counters);
    counters_close(NULL);
}

/* As on a machine that counts one event at a time. */
Test(counters, what_does_not_fit_at_once_is_counted_in_passes)
{
    static const char *const names[] = {"perf::TASK-CLOCK", "no such event", "perf::PAGE-FAULTS"};
    struct counters *counters = open_passes(names, 3, THREADS, 1);
    skip_if_missing(counters, 0);
    cr_assert(counters_passes(counters) == 2, "%d passes", counters_passes(counters));
    for (int round = 0; round < 4; round++) {
        int counted = round % 2 ? 2 : 0, other = 2 - counted;
        counters_start(counters, round % 2);
#pragma omp parallel num_threads(THREADS)
        touch_fresh_pages();
        counters_stop(counters);
        int64_t least = counted == 2 ? THREADS * PAGES : 1000;
        const char *why = counters_missing(counters, other);
        cr_assert(counters_value(counters, counted) >= least &&
                      !counters_missing(counters, counted),
                  "round %d: %lld", round, (long long)counters_value(counters, counted));
        cr_assert(counters_value(counters, other) == -1 && why, "round %d: %lld", round,
                  (long long)counters_value(counters, other));
        cr_assert(strstr(why, other == 2 ? "pass 2 of 2" : "pass 1 of 2"), "%s", why);
        cr_assert(counters_value(counters, 1) == -1 &&
                      !strstr(counters_missing(counters, 1), "pass"),
                  "%s", counters_missing(counters, 1));
    }
    counters_close(counters);
}

Test(counters, what_the_machine_counts_at_once_takes_one_pass)
{
    static const char *const names[] = {"perf::TASK-CLOCK", "perf::PAGE-FAULTS"};
    struct counters *counters = open_counters(names, 2, THREADS);
    cr_assert(counters_passes(counters) == 1, "%d passes", counters_passes(counters));
    counters_close(counters);
}

Test(counters, an_event_for_whose_pass_there_is_no_repetition_says_so)
{
    static const char *const names[] = {"perf::TASK-CLOCK", "perf::PAGE-FAULTS"};
    const struct counters_settings settings = {.threads = 1, .per_pass = 1, .passes_max = 1};
    struct mla_error error;
    struct counters *counters;
    cr_assert(counters_open(&counters, names, 2, &settings, &error) == 0);
    skip_if_missing(counters, 0);
    counters_start(counters, 0);
    counters_stop(counters);
    const char *why = counters_missing(counters, 1);
    cr_assert(counters_passes(counters) == 1 && why && strstr(why, "more repetitions"), "%s", why);
    cr_assert(counters_value(counters, 1) == -1);
    counters_close(counters);
}

enum { KERNELS = 2, EVENTS = 3, ROUNDS = 5 };

struct heard {
    int values[KERNELS][EVENTS];
    int missing; /* events at all */
};

static void hear(void *context, const struct sample *sample)
{
    struct heard *heard = context;
    int values = 0;
    for (int i = 0; i < EVENTS; i++) {
        bool counted = counters_value(sample->counters, i) >= 0;
        heard->values[sample->kernel][i] += counted;
        values += counted;
    }
    heard->missing += values == 0;
}

static void hear_round(void *context, double peak)
{
    (void)context, (void)peak;
}

static void hear_nothing(void *context, int kernel, double seconds)
{
    (void)context;
    cr_assert(false, "kernel %d was left out: %g s", kernel, seconds);
}

static const struct mla_kernel *find_kernel(const char *name)
{
    for (uint32_t i = 0; i < mla_kernels()->count; i++)
        if (strcmp(mla_kernels()->kernels[i]->name, name) == 0)
            return mla_kernels()->kernels[i];
    cr_assert_fail("no kernel %s", name);
    return NULL;
}

/* 5 rounds of 3 passes: the first two have two each. */
Test(counters, rounds_take_turns_at_the_passes_for_every_kernel)
{
    static const char *const names[] = {"perf::TASK-CLOCK", "perf::PAGE-FAULTS", "perf::CPU-CLOCK"};
    const struct shape shape = {.kind = MLA_LATENT,
                                .mask = MLA_CAUSAL,
                                .heads = 2,
                                .nope = 8,
                                .rope = 4,
                                .v = 8,
                                .rank = 16,
                                .cached = 20,
                                .new_tokens = 1,
                                .batch = 1};
    const struct mla_kernel *absorbed = find_kernel("absorbed");
    const struct mla_kernel *kernels[KERNELS] = {absorbed, absorbed};
    struct inputs inputs = inputs_of(&shape, 1);
    struct heard heard = {0};
    const struct measure_settings settings = {.threads = 1,
                                              .repetitions = ROUNDS,
                                              .repetition_ms = 0.1,
                                              .kernel_time_limit_s = 10,
                                              .without_ceiling = true,
                                              .counters = names,
                                              .counter_count = EVENTS,
                                              .counters_per_pass = 1};
    const struct measure_listener listener = {hear, hear_round, hear_nothing, NULL, &heard};
    struct mla_error error;
    cr_assert(measure(&inputs, kernels, KERNELS, &settings, &listener, &error) == 0, "%s",
              error.message);
    inputs_destroy(&inputs);
    if (heard.missing)
        cr_skip("an event cannot be counted here");
    for (int kernel = 0; kernel < KERNELS; kernel++)
        for (int i = 0; i < EVENTS; i++)
            cr_assert(heard.values[kernel][i] == (i < 2 ? 2 : 1), "event %d of kernel %d: %d times",
                      i, kernel, heard.values[kernel][i]);
}
