/* SPDX-License-Identifier: MIT */
#include "tests/counting/counter.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <valgrind/callgrind.h>

static uint64_t began;

static uint64_t time_stamp(void)
{
#ifdef __x86_64__
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
#else
    return 0; /* there is no emulator for other machines */
#endif
}

bool counter_is_callgrind(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

void counter_begin(void)
{
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    began = time_stamp();
}

void counter_end(const char *what)
{
    uint64_t ended = time_stamp();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(what);
    if (!counter_is_callgrind())
        printf("count %s: %" PRIu64 "\n", what, ended - began);
}
