/* SPDX-License-Identifier: MIT
 *
 * The loops behind the ceilings do the work they are credited with, and what is measured is
 * consistent. No test depends on how fast the machine is. */
#include "harness/ceilings.h"
#include "harness/clock.h"
#include "kernels/simd/ceiling.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdalign.h>
#include <string.h>

static const struct simd_ceiling *const all_loops[] = {
#define SIMD_ISA(name) &simd_ceiling_##name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
};
enum { LOOPS = sizeof all_loops / sizeof all_loops[0] };

/* With factor 1 and addend 1 every lane of every chain counts its iterations, exactly. */
Test(ceilings, every_lane_of_every_chain_does_every_iteration)
{
    for (int i = 0; i < LOOPS; i++) {
        const struct simd_ceiling *loops = all_loops[i];
        if (!cpu_has_isa(loops->isa))
            continue;
        static const int64_t iterations[] = {0, 1, 2, 3, 16, 17, 1000};
        for (size_t n = 0; n < sizeof iterations / sizeof iterations[0]; n++) {
            int64_t started = (int64_t)loops->width * loops->chains * (loops->chains + 1) / 2;
            int64_t counted = (int64_t)loops->width * loops->chains * iterations[n];
            float sum = loops->fma(iterations[n], 1, 1);
            cr_assert(sum == (float)(started + counted), "%s, %lld iterations: %g, not %lld",
                      loops->isa, (long long)iterations[n], (double)sum,
                      (long long)(started + counted));
        }
        float even = loops->fma(1000000, -1, 0.7f);
        cr_assert(fabsf(even - loops->fma(0, -1, 0.7f)) < 0.01f, "%s: drifts to %g", loops->isa,
                  (double)even);
    }
}

Test(ceilings, every_float_is_read_once)
{
    alignas(64) static float data[2 * SIMD_READ_STEP];
    for (int i = 0; i < LOOPS; i++) {
        if (!cpu_has_isa(all_loops[i]->isa))
            continue;
        for (int at = 0; at < 2 * SIMD_READ_STEP; at++) {
            memset(data, 0, sizeof data);
            data[at] = 3;
            float both = all_loops[i]->read(data, 2 * SIMD_READ_STEP, 1);
            float first = all_loops[i]->read(data, SIMD_READ_STEP, 1);
            cr_assert(both == 3, "%s: float %d counts %g", all_loops[i]->isa, at, (double)both);
            cr_assert(first == (at < SIMD_READ_STEP ? 3 : 0), "%s: reads past its count",
                      all_loops[i]->isa);
        }
        float thrice = all_loops[i]->read(data, 2 * SIMD_READ_STEP, 3);
        cr_assert(thrice == 9, "%s: three passes count %g", all_loops[i]->isa, (double)thrice);
    }
}

static void check_stores(const char *isa, void (*store)(float *, int64_t, int64_t))
{
    alignas(64) static float data[4 * SIMD_READ_STEP];
    for (int passes = 0; passes <= 3; passes++) {
        memset(data, 0, sizeof data);
        store(data + SIMD_READ_STEP, 2 * SIMD_READ_STEP, passes);
        for (int at = 0; at < 4 * SIMD_READ_STEP; at++) {
            bool within = at >= SIMD_READ_STEP && at < 3 * SIMD_READ_STEP;
            cr_assert(data[at] == (float)(within ? passes : 0), "%s: float %d is %g after %d", isa,
                      at, (double)data[at], passes);
        }
    }
}

Test(ceilings, every_float_is_stored_and_no_other)
{
    for (int i = 0; i < LOOPS; i++) {
        if (!cpu_has_isa(all_loops[i]->isa))
            continue;
        check_stores(all_loops[i]->isa, all_loops[i]->write);
        if (all_loops[i]->stream)
            check_stores(all_loops[i]->isa, all_loops[i]->stream);
    }
}

Test(ceilings, instruction_sets_the_cpu_lacks_are_refused)
{
    struct mla_error error;
    struct ceiling peak;
    int status = ceiling_fma_peak(1, "avx9", &peak, &error);
    cr_assert(status == MLA_BAD_INPUT && strstr(error.message, "avx9"), "%d", status);
    for (int i = 0; i < LOOPS; i++) {
        if (cpu_has_isa(all_loops[i]->isa))
            continue;
        status = ceiling_fma_peak(1, all_loops[i]->isa, &peak, &error);
        cr_assert(status == MLA_BAD_INPUT && strstr(error.message, all_loops[i]->isa),
                  "%s is run on a CPU without it", all_loops[i]->isa);
    }
}

static bool is_ordered(const struct ceiling *c)
{
    return c->samples >= 10 && isfinite(c->max) && c->min > 0 && c->min <= c->median &&
           c->median <= c->max;
}

Test(ceilings, peaks_of_each_instruction_set)
{
    for (int i = 0; i < LOOPS; i++) {
        struct mla_error error;
        struct ceiling peak;
        if (!cpu_has_isa(all_loops[i]->isa))
            continue;
        cr_assert(ceiling_fma_peak(2, all_loops[i]->isa, &peak, &error) == 0, "%s", error.message);
        cr_assert(is_ordered(&peak), "%s: %g %g %g", all_loops[i]->isa, peak.min, peak.median,
                  peak.max);
    }
}

/* In CPU time, and the shortest of many, because others use the machine too. */
Test(ceilings, bursts_last_as_long_as_asked)
{
    ceiling_fma_burst(1, 1);
    int64_t shortest[2] = {INT64_MAX, INT64_MAX};
    for (int i = 0; i < 20; i++)
        for (int longer = 0; longer < 2; longer++) {
            int64_t start = clock_cpu_ns();
            double gflops = ceiling_fma_burst(1, longer ? 8 : 2);
            int64_t taken = clock_cpu_ns() - start;
            cr_assert(isfinite(gflops) && gflops > 0, "%g GFLOP/s", gflops);
            shortest[longer] = taken < shortest[longer] ? taken : shortest[longer];
        }
    double ratio = (double)shortest[1] / (double)shortest[0];
    cr_assert(ratio > 2 && ratio < 8, "4 times the length takes %g times as long", ratio);
}

Test(ceilings, a_whole_measurement_is_complete)
{
    struct mla_error error;
    struct ceilings c;
    int status = ceilings_measure(1, &c, &error);
    cr_assert(status == 0, "%s", error.message);
    cr_assert(c.threads == 1 && strcmp(c.isa, cpu_best_isa()) == 0, "isa %s", c.isa);
    cr_assert(is_ordered(&c.fma_gflops), "FMA peak %g", c.fma_gflops.median);
    for (int level = 0; level < CEILING_LEVELS; level++) {
        const struct bandwidth *read = &c.read[level];
        bool measured = read->bytes_per_thread > 0 && is_ordered(&read->gbs) && !read->missing[0];
        bool missing = read->gbs.samples == 0 && read->missing[0];
        cr_assert(measured || missing, "%s: %g GB/s, '%s'", ceiling_level_names[level],
                  read->gbs.median, read->missing);
    }
}

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)

static struct cpu_info machine(int cpus, int64_t l2, int64_t l3, int l3_sharing)
{
    struct cpu_info info = {.cpus = cpus};
    if (l2)
        info.caches[info.cache_count++] =
            (struct cpu_cache){.type = "Unified", .level = 2, .size = l2, .num_sharing = 1};
    if (l3)
        info.caches[info.cache_count++] = (struct cpu_cache){
            .type = "Unified", .level = 3, .size = l3, .num_sharing = l3_sharing};
    return info;
}

Test(ceilings, working_sets_fit_their_level)
{
    static const struct {
        int cpus;
        int64_t l2, l3;
        int l3_sharing, threads;
        enum ceiling_level level;
        uint64_t available;
        int64_t want; /* bytes per thread; 0: missing */
    } cases[] = {
        {2, MIB, 32 * MIB, 2, 1, CEILING_L2, 0, 512 * KIB},
        {2, MIB, 32 * MIB, 2, 4, CEILING_L2, 0, 256 * KIB}, /* two threads a core */
        {2, MIB, 32 * MIB, 2, 1, CEILING_L3, 0, 16 * MIB},
        {2, MIB, 32 * MIB, 2, 2, CEILING_L3, 0, 8 * MIB},
        {64, MIB, 32 * MIB, 8, 64, CEILING_L3, 0, 2 * MIB},
        {60, 2 * MIB, 112 * MIB, 60, 60, CEILING_L3, 0, 0}, /* L3 is smaller than all L2 */
        {4, MIB, 0, 0, 1, CEILING_L3, 0, 0},
        {4, 0, 0, 0, 1, CEILING_L2, 0, 0},
        {2, MIB, 32 * MIB, 2, 1, CEILING_DRAM, 0, 256 * MIB},
        {2, MIB, 32 * MIB, 2, 2, CEILING_DRAM, 0, 128 * MIB},
        {64, MIB, 32 * MIB, 8, 64, CEILING_DRAM, 0, 16 * MIB}, /* 4 times 8 caches */
        {2, MIB, 32 * MIB, 2, 1, CEILING_DRAM, 200 * MIB, 100 * MIB},
        {2, MIB, 96 * MIB, 2, 1, CEILING_DRAM, 200 * MIB, 0},
        {2, MIB, 0, 0, 1, CEILING_DRAM, 0, 256 * MIB},
        {2, MIB, 32 * MIB, 2, 1, CEILING_L1, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cpu_info cpu = machine(cases[i].cpus, cases[i].l2, cases[i].l3, cases[i].l3_sharing);
        char missing[128];
        int64_t bytes = ceiling_working_set(cases[i].level, cases[i].threads, &cpu,
                                            cases[i].available, missing);
        cr_assert(bytes == cases[i].want, "case %zu: %lld bytes, not %lld (%s)", i,
                  (long long)bytes, (long long)cases[i].want, missing);
        cr_assert((bytes == 0) == (missing[0] != 0), "case %zu: reason '%s'", i, missing);
    }
}

Test(ceilings, half_of_an_l1_is_worked_on)
{
    struct cpu_info cpu = {.cpus = 2, .cache_count = 1};
    cpu.caches[0] =
        (struct cpu_cache){.type = "Data", .level = 1, .size = 48 * KIB, .num_sharing = 1};
    char missing[128];
    cr_assert(ceiling_working_set(CEILING_L1, 1, &cpu, 0, missing) == 24 * KIB);
    cr_assert(ceiling_working_set(CEILING_L1, 4, &cpu, 0, missing) == 12 * KIB);
}

/* Measured, or missing with a reason; non-temporal stores of DRAM alone. */
Test(ceilings, bandwidths_of_every_access)
{
    cpu_pin_team(2, (char[CPU_PINNING_MAX]){0});
    for (int level = 0; level < CEILING_LEVELS; level++)
        for (int access = 0; access < ACCESSES; access++) {
            struct mla_error error;
            struct bandwidth b;
            int code =
                bandwidth_measure((enum ceiling_level)level, (enum access)access, 2, &b, &error);
            cr_assert(code == 0, "%s", error.message);
            bool measured = b.bytes_per_thread > 0 && is_ordered(&b.gbs) && !b.missing[0];
            bool missing = b.gbs.samples == 0 && b.missing[0];
            cr_assert(measured || missing, "%s %s: %g GB/s, '%s'", ceiling_level_names[level],
                      access_names[access], b.gbs.median, b.missing);
            if (access == ACCESS_STREAM && level != CEILING_DRAM)
                cr_assert(missing, "%s is measured with non-temporal stores",
                          ceiling_level_names[level]);
        }
}
