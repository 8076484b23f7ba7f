/* SPDX-License-Identifier: MIT
 *
 * What the program may ask about the machine. Nothing comes from outside, so that every run is the
 * same: time is instructions, and random numbers begin alike. */
#include "bytes.h"
#include "calls.h"
#include "frames.h"
#include "port.h"

#include <errno.h>
#include <linux/resource.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/utsname.h>
#include <stddef.h>

/* About what the emulator does in a second. */
enum { TICKS_PER_SECOND = 50000000, NANOSECONDS_PER_TICK = 20 };

int64_t call_clock_gettime(const uint64_t *arguments)
{
    struct __kernel_timespec *time = (struct __kernel_timespec *)arguments[1];
    uint64_t now = ticks();
    time->tv_sec = (long long)(now / TICKS_PER_SECOND);
    time->tv_nsec = (long long)(now % TICKS_PER_SECOND * NANOSECONDS_PER_TICK);
    return 0;
}

int64_t call_clock_getres(const uint64_t *arguments)
{
    struct __kernel_timespec *resolution = (struct __kernel_timespec *)arguments[1];
    if (resolution)
        *resolution = (struct __kernel_timespec){.tv_nsec = NANOSECONDS_PER_TICK};
    return 0;
}

int64_t call_gettimeofday(const uint64_t *arguments)
{
    struct __kernel_old_timeval *time = (struct __kernel_old_timeval *)arguments[0];
    uint64_t now = ticks();
    time->tv_sec = (__kernel_long_t)(now / TICKS_PER_SECOND);
    time->tv_usec = (__kernel_long_t)(now % TICKS_PER_SECOND * NANOSECONDS_PER_TICK / 1000);
    return 0;
}

int64_t call_time(const uint64_t *arguments)
{
    int64_t *time = (int64_t *)arguments[0], now = (int64_t)(ticks() / TICKS_PER_SECOND);
    if (time)
        *time = now;
    return now;
}

/* xorshift64 */
void random_bytes(void *to, uint64_t count)
{
    static uint64_t state = 88172645463325252;
    for (uint64_t i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((uint8_t *)to)[i] = (uint8_t)(state >> 56);
    }
}

int64_t call_getrandom(const uint64_t *arguments)
{
    random_bytes((void *)arguments[0], arguments[1]);
    return (int64_t)arguments[1];
}

int64_t call_uname(const uint64_t *arguments)
{
    static const struct new_utsname name = {
        .sysname = "Linux",
        .nodename = "emulator",
        .release = "6.1.0",
        .version = "mlabench",
        .machine = "x86_64",
    };
    memcpy((void *)arguments[0], &name, sizeof name);
    return 0;
}

int64_t call_sysinfo(const uint64_t *arguments)
{
    struct sysinfo *info = (struct sysinfo *)arguments[0];
    memset(info, 0, sizeof *info);
    info->totalram = frames_total();
    info->freeram = frames_free();
    info->mem_unit = PAGE;
    info->procs = 1;
    return 0;
}

int64_t call_prlimit(const uint64_t *arguments)
{
    struct rlimit64 *limit = (struct rlimit64 *)arguments[3];
    if (arguments[2])
        return -EPERM;
    if (limit) {
        limit->rlim_cur = arguments[1] == RLIMIT_STACK ? USER_STACK : RLIM64_INFINITY;
        limit->rlim_max = limit->rlim_cur;
    }
    return 0;
}

/* A set of CPUs with the one. */
int64_t call_getaffinity(const uint64_t *arguments)
{
    uint64_t *set = (uint64_t *)arguments[2];
    if (arguments[1] < sizeof *set)
        return -EINVAL;
    *set = 1;
    return sizeof *set;
}

int64_t call_getcpu(const uint64_t *arguments)
{
    for (int i = 0; i < 2; i++) {
        uint32_t *number = (uint32_t *)arguments[i];
        if (number)
            *number = 0;
    }
    return 0;
}
