/* SPDX-License-Identifier: MIT */
#include "harness/ceilings.h"

#include "harness/team.h"

#include <stdio.h>
#include <string.h>

enum { FMA_SAMPLES = 25 };
#define FMA_SAMPLE_MS 5.0

static void run_fma(const void *context, int thread, int64_t repeats)
{
    const struct simd_ceiling *loops = context;
    (void)thread;
    volatile float sink = loops->fma(repeats, -1.0f, 0.7f);
    (void)sink;
}

static double burst(int isa, int threads, double ms)
{
    static double iterations_per_ms[CEILING_ISAS];
    const struct simd_ceiling *loops = ceiling_loops[isa];
    struct team_job job = {run_fma, loops};
    if (iterations_per_ms[isa] == 0)
        iterations_per_ms[isa] = (double)team_calibrate(&job, 1, 4096, 2.0) / 2.0;
    int64_t iterations = (int64_t)(iterations_per_ms[isa] * ms) + 1;
    struct team_timing timing = team_time(&job, threads, iterations);
    double flops = 2.0 * loops->chains * loops->width * (double)iterations * timing.team;
    return flops / (double)timing.ns;
}

double ceiling_fma_burst(int threads, double ms)
{
    return burst(ceiling_best_isa(), threads, ms);
}

static int refuse_isa(const char *isa, struct mla_error *error)
{
    char accepted[128] = "";
    for (int i = 0; i < CEILING_ISAS; i++)
        if (cpu_has_isa(ceiling_loops[i]->isa))
            snprintf(accepted + strlen(accepted), sizeof accepted - strlen(accepted), " %s",
                     ceiling_loops[i]->isa);
    return mla_fail(error, MLA_BAD_INPUT, "this CPU has no instruction set '%s'; it has:%s", isa,
                    accepted);
}

int ceiling_fma_peak(int threads, const char *isa, struct ceiling *gflops, struct mla_error *error)
{
    int index = isa ? ceiling_find_isa(isa) : ceiling_best_isa();
    if (index == CEILING_ISAS || !cpu_has_isa(ceiling_loops[index]->isa))
        return refuse_isa(isa, error);
    double samples[FMA_SAMPLES];
    for (int i = 0; i < FMA_SAMPLES; i++)
        samples[i] = burst(index, threads, FMA_SAMPLE_MS);
    *gflops = ceiling_of(samples, FMA_SAMPLES);
    return 0;
}

int ceilings_measure(int threads, struct ceilings *ceilings, struct mla_error *error)
{
    *ceilings = (struct ceilings){.threads = threads, .isa = cpu_best_isa()};
    cpu_pin_team(threads, ceilings->pinning);
    int status = ceiling_fma_peak(threads, NULL, &ceilings->fma_gflops, error);
    for (int level = 0; level < CEILING_LEVELS && !status; level++)
        status = bandwidth_measure((enum ceiling_level)level, ACCESS_READ, threads,
                                   &ceilings->read[level], error);
    return status;
}
