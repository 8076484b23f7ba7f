/* SPDX-License-Identifier: MIT */
#include "harness/team.h"

#include "harness/clock.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>

/* All threads of the team are running when one passes: an OpenMP barrier would let those that slept
 * start late. */
static void start_together(atomic_int *arrived, int team)
{
    atomic_fetch_add(arrived, 1);
    for (int spins = 0; atomic_load(arrived) < team; spins++)
        if (spins > 10000)
            sched_yield(); /* more threads than CPUs */
}

struct team_timing team_time(const struct team_job *job, int threads, int64_t repeats)
{
    atomic_int arrived = 0;
    int64_t first = INT64_MAX, last = INT64_MIN;
    int team = 0;
#pragma omp parallel num_threads(threads) reduction(min : first) reduction(max : last)             \
    reduction(+ : team)
    {
        start_together(&arrived, omp_get_num_threads());
        first = clock_ns();
        job->run(job->context, omp_get_thread_num(), repeats);
        last = clock_ns();
        team++;
    }
    return (struct team_timing){.ns = last > first ? last - first : 1, .team = team};
}

int64_t team_calibrate(const struct team_job *job, int threads, int64_t least, double ms)
{
    for (int64_t repeats = least;; repeats *= 4) {
        int64_t fastest = INT64_MAX;
        for (int i = 0; i < 3; i++) {
            int64_t ns = team_time(job, threads, repeats).ns;
            fastest = ns < fastest ? ns : fastest;
        }
        double taken_ms = 1e-6 * (double)fastest;
        if (taken_ms >= ms / 8)
            return (int64_t)((double)repeats * ms / taken_ms) + 1;
    }
}
