/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "harness/counters.h"

#include "harness/papi_thread.h"
#include "harness/software_events.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { WHY_MAX = 256 };

struct event {
    char *name;
    const struct software_event *software; /* NULL: PAPI counts it */
    int code;                              /* PAPI's number */
    int64_t value;
    char why[WHY_MAX]; /* missing, unless empty */
};

/* One event on one thread. */
struct slot {
    int fd;         /* of a software event, or -1 */
    int papi_index; /* of papi_thread_add, or -1 */
    int64_t value;
    char why[WHY_MAX];
};

struct worker {
    pid_t tid; /* 0: not open */
    struct papi_thread *papi;
    struct slot *slots; /* [count] */
};

struct counters {
    int count, threads;
    struct event *events;
    struct worker *workers;
};

/* PAPI first, except for what happens in the kernel, where PAPI does not look. */
static void resolve(struct event *event)
{
    const struct software_event *software = software_event_find(event->name);
    bool by_papi = !(software && software->in_kernel) &&
                   papi_event(event->name, &event->code, event->why, WHY_MAX);
    if (!by_papi && !software)
        return;
    event->why[0] = 0;
    if (!by_papi) {
        event->software = software;
        int fd = software_event_open(software, event->why, WHY_MAX);
        if (fd >= 0)
            close(fd);
    }
}

static void slot_open(struct worker *worker, struct slot *slot, const struct event *event)
{
    char why[WHY_MAX - 64] = "";
    *slot = (struct slot){.fd = -1, .papi_index = -1};
    if (event->why[0])
        return;
    if (event->software) {
        slot->fd = software_event_open(event->software, slot->why, WHY_MAX);
        return;
    }
    if (!worker->papi)
        worker->papi = papi_thread_open();
    slot->papi_index =
        worker->papi ? papi_thread_add(worker->papi, event->code, why, sizeof why) : -1;
    if (slot->papi_index < 0)
        snprintf(slot->why, WHY_MAX, "more events than hardware counters: ask for fewer (%s)", why);
}

/* By the thread that it is for. */
static void worker_open(struct worker *worker, const struct counters *counters)
{
    worker->tid = gettid();
    for (int i = 0; i < counters->count; i++)
        slot_open(worker, &worker->slots[i], &counters->events[i]);
}

static void worker_close(struct worker *worker, int count)
{
    if (!worker->tid)
        return;
    papi_thread_close(worker->papi);
    worker->papi = NULL;
    for (int i = 0; i < count; i++)
        if (worker->slots[i].fd >= 0)
            close(worker->slots[i].fd);
    worker->tid = 0;
}

static void worker_start(struct worker *worker, int count)
{
    char why[WHY_MAX] = "";
    if (worker->papi)
        papi_thread_start(worker->papi, why, sizeof why);
    for (int i = 0; i < count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->papi_index >= 0)
            memcpy(slot->why, why, WHY_MAX);
        else if (slot->fd >= 0 && !software_event_start(slot->fd))
            snprintf(slot->why, WHY_MAX, "perf_event: cannot start");
    }
}

static void worker_stop(struct worker *worker, int count)
{
    char why[WHY_MAX] = "";
    bool same = worker->tid == gettid();
    if (!same)
        snprintf(why, sizeof why, "a thread of the team ended while it was counted");
    else if (worker->papi)
        papi_thread_stop(worker->papi, why, sizeof why);
    for (int i = 0; i < count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->why[0])
            continue;
        if (!same || slot->papi_index >= 0)
            memcpy(slot->why, why, WHY_MAX);
        if (same && slot->papi_index >= 0)
            slot->value = papi_thread_value(worker->papi, slot->papi_index);
        if (same && slot->fd >= 0 && !software_event_stop(slot->fd, &slot->value))
            snprintf(slot->why, WHY_MAX, "perf_event: cannot stop");
    }
}

/* Sums over the team, or what went wrong on any thread of it. */
static void collect(struct counters *counters, int team)
{
    for (int i = 0; i < counters->count; i++) {
        struct event *event = &counters->events[i];
        event->value = 0;
        for (int t = 0; t < counters->threads && !event->why[0]; t++) {
            const struct slot *slot = &counters->workers[t].slots[i];
            event->value += slot->value;
            memcpy(event->why, slot->why, WHY_MAX);
        }
        if (team != counters->threads && !event->why[0])
            snprintf(event->why, WHY_MAX, "OpenMP gives %d threads instead of %d", team,
                     counters->threads);
    }
}

static struct counters *allocate(int count, int threads)
{
    struct counters *counters = calloc(1, sizeof *counters);
    if (!counters)
        return NULL;
    counters->count = count;
    counters->threads = threads;
    counters->events = calloc((size_t)count + 1, sizeof *counters->events);
    counters->workers = calloc((size_t)threads, sizeof *counters->workers);
    bool complete = counters->events && counters->workers;
    for (int t = 0; t < threads && complete; t++) {
        counters->workers[t].slots = calloc((size_t)count + 1, sizeof(struct slot));
        complete = counters->workers[t].slots != NULL;
    }
    if (complete)
        return counters;
    counters_close(counters);
    return NULL;
}

int counters_open(struct counters **counters, const char *const *names, int count, int threads,
                  struct mla_error *error)
{
    struct counters *c = allocate(count, threads);
    *counters = c;
    if (!c)
        return mla_fail(error, MLA_MACHINE, "no memory for %d counters on %d threads", count,
                        threads);
    for (int i = 0; i < count; i++) {
        c->events[i].name = strdup(names[i]);
        if (!c->events[i].name) {
            counters_close(c);
            *counters = NULL;
            return mla_fail(error, MLA_MACHINE, "no memory for the names of %d counters", count);
        }
        for (int j = 0; j < i; j++)
            if (strcmp(names[j], names[i]) == 0)
                snprintf(c->events[i].why, WHY_MAX, "asked for twice");
        if (!c->events[i].why[0])
            resolve(&c->events[i]);
    }
    int team = 0;
#pragma omp parallel num_threads(threads) reduction(+ : team)
    {
        worker_open(&c->workers[omp_get_thread_num()], c);
        team++;
    }
    collect(c, team);
    return 0;
}

void counters_start(struct counters *counters)
{
    int team = 0;
#pragma omp parallel num_threads(counters->threads) reduction(+ : team)
    {
        struct worker *worker = &counters->workers[omp_get_thread_num()];
        if (worker->tid != gettid()) { /* OpenMP replaced the thread */
            worker_close(worker, counters->count);
            worker_open(worker, counters);
        }
        worker_start(worker, counters->count);
        team++;
    }
    collect(counters, team);
}

void counters_stop(struct counters *counters)
{
    int team = 0;
#pragma omp parallel num_threads(counters->threads) reduction(+ : team)
    {
        worker_stop(&counters->workers[omp_get_thread_num()], counters->count);
        team++;
    }
    collect(counters, team);
}

int counters_count(const struct counters *counters)
{
    return counters->count;
}

const char *counters_name(const struct counters *counters, int event)
{
    return counters->events[event].name;
}

const char *counters_source(const struct counters *counters, int event)
{
    return counters->events[event].software ? "perf_event" : "PAPI";
}

const char *counters_missing(const struct counters *counters, int event)
{
    return counters->events[event].why[0] ? counters->events[event].why : NULL;
}

const char *counters_cure(const struct counters *counters, int event)
{
    const char *cure = strstr(counters->events[event].why, COUNTERS_CURE);
    return cure ? cure + strlen(COUNTERS_CURE) : NULL;
}

int64_t counters_value(const struct counters *counters, int event)
{
    return counters->events[event].why[0] ? -1 : counters->events[event].value;
}

void counters_close(struct counters *counters)
{
    if (!counters)
        return;
    for (int t = 0; t < counters->threads && counters->workers; t++) {
        if (counters->workers[t].slots)
            worker_close(&counters->workers[t], counters->count);
        free(counters->workers[t].slots);
    }
    for (int i = 0; i < counters->count && counters->events; i++)
        free(counters->events[i].name);
    free(counters->workers);
    free(counters->events);
    free(counters);
}
