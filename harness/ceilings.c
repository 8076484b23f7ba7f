/* SPDX-License-Identifier: MIT */
#include "harness/ceilings.h"

#include "harness/clock.h"
#include "harness/memory.h"
#include "harness/statistics.h"
#include "kernels/simd/ceiling.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MIB (INT64_C(1) << 20)

enum {
    FMA_SAMPLES = 25,
    READ_SAMPLES = 15,
};
#define FMA_SAMPLE_MS  5.0
#define READ_SAMPLE_MS 12.0

const char *const ceiling_level_names[CEILING_LEVELS] = {"L2", "L3", "DRAM"};

static const struct simd_ceiling *const loops_by_isa[] = {
#define SIMD_ISA(name) &simd_ceiling_##name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
};
enum { ISAS = sizeof loops_by_isa / sizeof loops_by_isa[0] };

static int find_isa(const char *isa)
{
    int i = 0;
    while (i < ISAS && strcmp(loops_by_isa[i]->isa, isa) != 0)
        i++;
    return i;
}

static int best_isa(void)
{
    int best = find_isa(cpu_best_isa());
    return best < ISAS ? best : 0;
}

/* What each thread of a team does `repeats` times. */
struct job {
    void (*run)(const struct job *, int thread, int64_t repeats);
    const struct simd_ceiling *loops;
    float *data; /* [threads][floats_per_thread] */
    int64_t floats_per_thread;
};

struct timing {
    int64_t ns; /* from the first thread's start to the last one's end */
    int team;   /* threads that took part */
};

/* All threads of the team are running when one passes: an OpenMP barrier would let those that slept
 * start late. */
static void start_together(atomic_int *arrived, int team)
{
    atomic_fetch_add(arrived, 1);
    for (int spins = 0; atomic_load(arrived) < team; spins++)
        if (spins > 10000)
            sched_yield(); /* more threads than CPUs */
}

static struct timing time_team(const struct job *job, int threads, int64_t repeats)
{
    atomic_int arrived = 0;
    int64_t first = INT64_MAX, last = INT64_MIN;
    int team = 0;
#pragma omp parallel num_threads(threads) reduction(min : first) reduction(max : last)             \
    reduction(+ : team)
    {
        start_together(&arrived, omp_get_num_threads());
        first = clock_ns();
        job->run(job, omp_get_thread_num(), repeats);
        last = clock_ns();
        team++;
    }
    return (struct timing){.ns = last > first ? last - first : 1, .team = team};
}

/* How many repeats take about `ms`; by the fastest of three, so that an interruption is not taken
 * for work. `least` repeats should take longer than starting a team does. */
static int64_t calibrate(const struct job *job, int threads, int64_t least, double ms)
{
    for (int64_t repeats = least;; repeats *= 4) {
        int64_t fastest = INT64_MAX;
        for (int i = 0; i < 3; i++) {
            int64_t ns = time_team(job, threads, repeats).ns;
            fastest = ns < fastest ? ns : fastest;
        }
        double taken_ms = 1e-6 * (double)fastest;
        if (taken_ms >= ms / 8)
            return (int64_t)((double)repeats * ms / taken_ms) + 1;
    }
}

static struct ceiling summarise(const double *samples, int count)
{
    return (struct ceiling){
        .median = stat_median(samples, count),
        .min = stat_quantile(samples, count, 0),
        .max = stat_quantile(samples, count, 1),
        .samples = count,
    };
}

static void run_fma(const struct job *job, int thread, int64_t repeats)
{
    (void)thread;
    volatile float sink = job->loops->fma(repeats, -1.0f, 0.7f);
    (void)sink;
}

static double burst(int isa, int threads, double ms)
{
    static double iterations_per_ms[ISAS];
    struct job job = {.run = run_fma, .loops = loops_by_isa[isa]};
    if (iterations_per_ms[isa] == 0)
        iterations_per_ms[isa] = (double)calibrate(&job, 1, 4096, 2.0) / 2.0;
    int64_t iterations = (int64_t)(iterations_per_ms[isa] * ms) + 1;
    struct timing timing = time_team(&job, threads, iterations);
    double flops = 2.0 * job.loops->chains * job.loops->width * (double)iterations * timing.team;
    return flops / (double)timing.ns;
}

double ceiling_fma_burst(int threads, double ms)
{
    return burst(best_isa(), threads, ms);
}

static int refuse_isa(const char *isa, struct mla_error *error)
{
    char accepted[128] = "";
    for (int i = 0; i < ISAS; i++)
        if (cpu_has_isa(loops_by_isa[i]->isa))
            snprintf(accepted + strlen(accepted), sizeof accepted - strlen(accepted), " %s",
                     loops_by_isa[i]->isa);
    return mla_fail(error, MLA_BAD_INPUT, "this CPU has no instruction set '%s'; it has:%s", isa,
                    accepted);
}

int ceiling_fma_peak(int threads, const char *isa, struct ceiling *gflops, struct mla_error *error)
{
    int index = isa ? find_isa(isa) : best_isa();
    if (index == ISAS || !cpu_has_isa(loops_by_isa[index]->isa))
        return refuse_isa(isa, error);
    double samples[FMA_SAMPLES];
    for (int i = 0; i < FMA_SAMPLES; i++)
        samples[i] = burst(index, threads, FMA_SAMPLE_MS);
    *gflops = summarise(samples, FMA_SAMPLES);
    return 0;
}

static int64_t round_down(int64_t bytes)
{
    return bytes / 4096 * 4096;
}

static int64_t ceil_divide(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Of the level's cache, when threads fill one core after the other. */
static int64_t cache_share(const struct cpu_cache *cache, int threads, const struct cpu_info *cpu)
{
    int64_t sharing = cache->num_sharing;
    if (cache->level < 3) { /* threads take a core each before they share one */
        int64_t caches = cpu->cpus > sharing ? cpu->cpus / sharing : 1;
        return cache->size / ceil_divide(threads, caches);
    }
    return cache->size / (threads < sharing ? threads : sharing);
}

static int64_t l2_working_set(int threads, const struct cpu_info *cpu, char missing[128])
{
    const struct cpu_cache *l2 = cpu_data_cache(cpu, 2);
    if (!l2) {
        snprintf(missing, 128, "the system reports no L2 cache");
        return 0;
    }
    return round_down(cache_share(l2, threads, cpu) / 2);
}

static int64_t l3_working_set(int threads, const struct cpu_info *cpu, char missing[128])
{
    const struct cpu_cache *l2 = cpu_data_cache(cpu, 2), *l3 = cpu_data_cache(cpu, 3);
    if (!l3) {
        snprintf(missing, 128, "the system reports no L3 cache");
        return 0;
    }
    int64_t share = cache_share(l3, threads, cpu);
    int64_t above = l2 ? cache_share(l2, threads, cpu) : 0;
    if (share < 4 * above) {
        snprintf(missing, 128, "a thread's L3 (%lld KiB) is less than 4 times its L2 (%lld KiB)",
                 (long long)(share >> 10), (long long)(above >> 10));
        return 0;
    }
    return round_down(share / 2);
}

static int64_t dram_working_set(int threads, const struct cpu_info *cpu, uint64_t available,
                                char missing[128])
{
    const struct cpu_cache *l3 = cpu_data_cache(cpu, 3);
    int64_t caches = l3 ? ceil_divide(cpu->cpus, l3->num_sharing) : 0;
    int64_t cached = l3 ? l3->size * (threads < caches ? threads : caches) : 0;
    int64_t bytes = 4 * cached > 256 * MIB ? 4 * cached : 256 * MIB;
    if (available && (uint64_t)bytes > available / 2)
        bytes = (int64_t)(available / 2);
    if (bytes < 2 * cached || bytes < 64 * MIB) {
        snprintf(missing, 128, "%lld MiB, half of the available memory, are too few to get past L3",
                 (long long)(bytes / MIB));
        return 0;
    }
    return round_down(bytes / threads);
}

int64_t ceiling_working_set(enum ceiling_level level, int threads, const struct cpu_info *cpu,
                            uint64_t available, char missing[128])
{
    missing[0] = 0;
    switch (level) {
    case CEILING_L2:
        return l2_working_set(threads, cpu, missing);
    case CEILING_L3:
        return l3_working_set(threads, cpu, missing);
    default:
        return dram_working_set(threads, cpu, available, missing);
    }
}

/* Each thread its own part, so that the pages lie near it. */
static void run_fill(const struct job *job, int thread, int64_t repeats)
{
    float *mine = job->data + thread * job->floats_per_thread;
    for (int64_t i = 0; i < job->floats_per_thread; i++)
        mine[i] = (float)repeats;
}

static void run_read(const struct job *job, int thread, int64_t repeats)
{
    const float *mine = job->data + thread * job->floats_per_thread;
    for (int64_t i = 0; i < repeats; i++) {
        volatile float sink = job->loops->read(mine, job->floats_per_thread);
        (void)sink;
    }
}

static int measure_read(int threads, struct read_bandwidth *read, struct mla_error *error)
{
    struct buffer buffer;
    size_t size = (size_t)threads * (size_t)read->bytes_per_thread;
    int status = buffer_create(&buffer, BUFFER_PLAIN, size, "measuring read bandwidth", error);
    if (status)
        return status;
    struct job job = {
        .run = run_fill,
        .loops = loops_by_isa[best_isa()],
        .data = buffer.data,
        .floats_per_thread = read->bytes_per_thread / (int64_t)sizeof(float),
    };
    time_team(&job, threads, 1);
    job.run = run_read;
    int64_t repeats = calibrate(&job, threads, 1, READ_SAMPLE_MS);
    double samples[READ_SAMPLES];
    for (int i = 0; i < READ_SAMPLES; i++) {
        struct timing timing = time_team(&job, threads, repeats);
        double bytes = (double)read->bytes_per_thread * (double)repeats * timing.team;
        samples[i] = bytes / (double)timing.ns;
    }
    read->gbs = summarise(samples, READ_SAMPLES);
    buffer_destroy(&buffer);
    return 0;
}

int ceilings_measure(int threads, struct ceilings *ceilings, struct mla_error *error)
{
    *ceilings = (struct ceilings){.threads = threads, .isa = cpu_best_isa()};
    struct cpu_info cpu;
    cpu_read(&cpu);
    cpu_pin_team(threads, ceilings->pinning);
    int status = ceiling_fma_peak(threads, NULL, &ceilings->fma_gflops, error);
    for (int level = 0; level < CEILING_LEVELS && !status; level++) {
        struct read_bandwidth *read = &ceilings->read[level];
        read->bytes_per_thread = ceiling_working_set((enum ceiling_level)level, threads, &cpu,
                                                     memory_available(), read->missing);
        if (read->bytes_per_thread)
            status = measure_read(threads, read, error);
    }
    return status;
}
