/* SPDX-License-Identifier: MIT */
#include "harness/stages.h"

#include "harness/clock.h"

#include <math.h>

void stages_reset(struct stage_clock *clocks, int threads)
{
    for (int i = 0; i < threads; i++)
        clocks[i] = (struct stage_clock){.stage = MLA_STAGES};
}

void stages_enter(void *clocks, int32_t thread, enum mla_stage stage)
{
    struct stage_clock *clock = (struct stage_clock *)clocks + thread;
    int64_t now = clock_ns();
    if (clock->stage != MLA_STAGES)
        clock->total[clock->stage] += now - clock->since;
    if (stage != MLA_STAGES)
        clock->announced[stage] = true;
    clock->readings++;
    clock->stage = stage;
    clock->since = now;
}

int64_t stages_readings(const struct stage_clock *clocks, int threads)
{
    int64_t most = 0;
    for (int i = 0; i < threads; i++)
        most = clocks[i].readings > most ? clocks[i].readings : most;
    return most;
}

double stages_mean(const struct stage_clock *clocks, int threads, enum mla_stage stage)
{
    double sum = 0;
    bool announced = false;
    for (int i = 0; i < threads; i++) {
        sum += (double)clocks[i].total[stage];
        announced = announced || clocks[i].announced[stage];
    }
    return announced ? sum / threads : NAN;
}
