/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "harness/software_events.h"

#include "harness/paranoid.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct software_event events[] = {
    {"perf::TASK-CLOCK", PERF_COUNT_SW_TASK_CLOCK, false}, /* ns */
    {"perf::CPU-CLOCK", PERF_COUNT_SW_CPU_CLOCK, false},   /* ns */
    {"perf::PAGE-FAULTS", PERF_COUNT_SW_PAGE_FAULTS, false},
    {"perf::MINOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MIN, false},
    {"perf::MAJOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MAJ, false},
    {"perf::CONTEXT-SWITCHES", PERF_COUNT_SW_CONTEXT_SWITCHES, true},
    {"perf::CPU-MIGRATIONS", PERF_COUNT_SW_CPU_MIGRATIONS, true},
};

const struct software_event *software_event_find(const char *name)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strcmp(events[i].name, name) == 0)
            return &events[i];
    return NULL;
}

int software_event_open(const struct software_event *event, char *why, size_t size)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attributes,
        .config = event->config,
        .disabled = 1,
        .exclude_kernel = !event->in_kernel,
        .exclude_hv = 1,
    };
    int fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0)
        return fd;
    int reason = errno;
    const char *cure = paranoid_cure(event->in_kernel ? 1 : 2);
    bool refused = reason == EACCES || reason == EPERM;
    snprintf(why, size, "perf_event_open: %s%s", strerror(reason),
             !refused  ? ""
             : cure[0] ? cure
                       : "; a sandbox such as a container's forbids it");
    return -1;
}

bool software_event_start(int fd)
{
    return ioctl(fd, PERF_EVENT_IOC_RESET, 0) == 0 && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0;
}

bool software_event_stop(int fd, int64_t *value)
{
    return ioctl(fd, PERF_EVENT_IOC_DISABLE, 0) == 0 &&
           read(fd, value, sizeof *value) == (ssize_t)sizeof *value;
}
