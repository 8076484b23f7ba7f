/* SPDX-License-Identifier: MIT
 *
 * The kernel's own events by PAPI's names, straight from perf_event_open: for machines where PAPI
 * is absent or, not knowing the CPU, gives up on all of perf_event; and for what it cannot see. One
 * counts for the thread that opens it. */
#ifndef MLABENCH_SOFTWARE_EVENTS_H
#define MLABENCH_SOFTWARE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct software_event {
    const char *name; /* "perf::TASK-CLOCK" */
    uint64_t config;  /* PERF_COUNT_SW_* */
    bool in_kernel;   /* happens while the kernel runs: PAPI, counting user mode, reads 0 */
};

/* NULL if the name is none of them. */
const struct software_event *software_event_find(const char *name);

/* A file descriptor that counts from 0 once started, or -1 with the reason and its cure. */
int software_event_open(const struct software_event *event, char *why, size_t size);

/* Return whether it worked. */
bool software_event_start(int fd);
bool software_event_stop(int fd, int64_t *value);

#endif
