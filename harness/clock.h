/* SPDX-License-Identifier: MIT
 *
 * The two clocks of every measurement, in nanoseconds. */
#ifndef MLABENCH_CLOCK_H
#define MLABENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_read(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Elapsed time; raw, so that no time server bends it. */
static inline int64_t clock_ns(void)
{
    return clock_read(CLOCK_MONOTONIC_RAW);
}

/* What reading that clock takes at least, in ns; measured by the first call, in about 0.5 ms. */
double clock_cost_ns(void);

/* CPU time of all threads of the process. */
static inline int64_t clock_cpu_ns(void)
{
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

#endif
