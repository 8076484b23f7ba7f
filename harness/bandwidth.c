/* SPDX-License-Identifier: MIT */
#include "harness/bandwidth.h"

#include "harness/memory.h"
#include "harness/team.h"

#include <stdio.h>

#define MIB       (INT64_C(1) << 20)

#define SAMPLES   15
#define SAMPLE_MS 12.0

const char *const ceiling_level_names[CEILING_LEVELS] = {"L1", "L2", "L3", "DRAM"};
const char *const access_names[ACCESSES] = {"read", "write", "non-temporal write"};

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

/* Half of a thread's part of L1 or L2. */
static int64_t near_working_set(int level, int threads, const struct cpu_info *cpu,
                                char missing[128])
{
    const struct cpu_cache *cache = cpu_data_cache(cpu, level);
    if (!cache) {
        snprintf(missing, 128, "the system reports no L%d cache", level);
        return 0;
    }
    return round_down(cache_share(cache, threads, cpu) / 2);
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
    case CEILING_L1:
        return near_working_set(1, threads, cpu, missing);
    case CEILING_L2:
        return near_working_set(2, threads, cpu, missing);
    case CEILING_L3:
        return l3_working_set(threads, cpu, missing);
    default:
        return dram_working_set(threads, cpu, available, missing);
    }
}

/* Each thread its own part, so that the pages lie near it. */
struct part {
    const struct simd_ceiling *loops;
    float *data; /* [threads][floats] */
    int64_t floats;
};

static void run_read(const void *context, int thread, int64_t repeats)
{
    const struct part *part = context;
    volatile float sink =
        part->loops->read(part->data + thread * part->floats, part->floats, repeats);
    (void)sink;
}

static void run_write(const void *context, int thread, int64_t repeats)
{
    const struct part *part = context;
    part->loops->write(part->data + thread * part->floats, part->floats, repeats);
}

static void run_stream(const void *context, int thread, int64_t repeats)
{
    const struct part *part = context;
    part->loops->stream(part->data + thread * part->floats, part->floats, repeats);
}

static void (*const run_access[ACCESSES])(const void *, int, int64_t) = {
    [ACCESS_READ] = run_read, [ACCESS_WRITE] = run_write, [ACCESS_STREAM] = run_stream};

static int measure(enum access access, int threads, struct bandwidth *bandwidth,
                   struct mla_error *error)
{
    struct buffer buffer;
    size_t size = (size_t)threads * (size_t)bandwidth->bytes_per_thread;
    int status = buffer_create(&buffer, BUFFER_PLAIN, size, "measuring bandwidth", error);
    if (status)
        return status;
    const struct part part = {
        .loops = ceiling_loops[ceiling_best_isa()],
        .data = buffer.data,
        .floats = bandwidth->bytes_per_thread / (int64_t)sizeof(float),
    };
    struct team_job job = {run_write, &part};
    team_time(&job, threads, 1);
    job.run = run_access[access];
    int64_t repeats = team_calibrate(&job, threads, 1, SAMPLE_MS);
    double samples[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        struct team_timing timing = team_time(&job, threads, repeats);
        double bytes = (double)bandwidth->bytes_per_thread * (double)repeats * timing.team;
        samples[i] = bytes / (double)timing.ns;
    }
    bandwidth->gbs = ceiling_of(samples, SAMPLES);
    buffer_destroy(&buffer);
    return 0;
}

int bandwidth_measure(enum ceiling_level level, enum access access, int threads,
                      struct bandwidth *bandwidth, struct mla_error *error)
{
    struct cpu_info cpu;
    *bandwidth = (struct bandwidth){.missing = ""};
    if (access == ACCESS_STREAM && level != CEILING_DRAM)
        snprintf(bandwidth->missing, sizeof bandwidth->missing,
                 "non-temporal stores go past the caches");
    else if (access == ACCESS_STREAM && !ceiling_loops[ceiling_best_isa()]->stream)
        snprintf(bandwidth->missing, sizeof bandwidth->missing,
                 "there are no non-temporal stores here");
    if (bandwidth->missing[0])
        return 0;
    cpu_read(&cpu);
    bandwidth->bytes_per_thread =
        ceiling_working_set(level, threads, &cpu, memory_available(), bandwidth->missing);
    return bandwidth->bytes_per_thread ? measure(access, threads, bandwidth, error) : 0;
}
