/* SPDX-License-Identifier: MIT
 *
 * Timing a team of threads that start together. Call from one thread, outside parallel regions. */
#ifndef MLABENCH_TEAM_H
#define MLABENCH_TEAM_H

#include <stdint.h>

/* What each thread of a team does `repeats` times. */
struct team_job {
    void (*run)(const void *context, int thread, int64_t repeats);
    const void *context;
};

struct team_timing {
    int64_t ns; /* from the first thread's start to the last one's end, 1 at least */
    int team;   /* threads that took part */
};

struct team_timing team_time(const struct team_job *job, int threads, int64_t repeats);

/* How many repeats take about `ms`; by the fastest of three, so that an interruption is not taken
 * for work. `least` repeats should take longer than starting a team does. */
int64_t team_calibrate(const struct team_job *job, int threads, int64_t least, double ms);

#endif
