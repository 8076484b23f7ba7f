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

enum { WHY_MAX = 256, EVERY_PASS = -1 };

struct event {
    char *name;
    const struct software_event *software; /* NULL: PAPI counts it */
    struct papi_event papi;
    int pass; /* that counts it, or EVERY_PASS */
    int64_t value;
    char why[WHY_MAX];  /* missing, unless empty */
    char elsewhere[64]; /* why it has no value in another pass */
};

/* One event on one thread. */
struct slot {
    int fd;         /* of a software event, or -1 */
    int papi_index; /* of papi_thread_add to its pass's, or -1 */
    int64_t value;
    char why[WHY_MAX];
};

struct worker {
    pid_t tid;                 /* 0: not open */
    struct papi_thread **papi; /* [passes] */
    struct slot *slots;        /* [count] */
};

struct counters {
    int count, threads, passes;
    int pass; /* the one that is or was last counted, or EVERY_PASS before the first */
    struct event *events;
    struct worker *workers;
};

/* PAPI first, except for what happens in the kernel, where PAPI does not look. */
static void resolve(struct event *event)
{
    const struct software_event *software = software_event_find(event->name);
    bool by_papi = !(software && software->in_kernel) &&
                   papi_event(event->name, &event->papi, event->why, WHY_MAX);
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

/* Events in passes, and what each would count for this thread. */
struct plan {
    int passes;
    int *used;                 /* [count] events in a pass */
    struct papi_thread **papi; /* [count] */
};

static bool fits(struct plan *plan, int pass, const struct event *event, int per_pass, char *why,
                 size_t size)
{
    if (per_pass && plan->used[pass] == per_pass)
        return false;
    if (event->software)
        return true;
    if (!plan->papi[pass])
        plan->papi[pass] = papi_thread_open();
    return plan->papi[pass] && papi_thread_add(plan->papi[pass], &event->papi, why, size) >= 0;
}

/* Greedily: an event goes into the first pass that can count it beside those already there. */
static void place(struct plan *plan, struct event *event, const struct counters_settings *settings)
{
    char why[WHY_MAX - 64] = "";
    event->pass = EVERY_PASS;
    if (event->why[0] || (event->software && !settings->per_pass))
        return;
    int pass = 0;
    while (pass < plan->passes && !fits(plan, pass, event, settings->per_pass, why, sizeof why))
        pass++;
    if (pass == plan->passes && settings->passes_max && pass == settings->passes_max) {
        snprintf(event->why, WHY_MAX,
                 "not counted at once with the others, and there is no repetition for pass %d: ask "
                 "for fewer events or more repetitions",
                 pass + 1);
        return;
    }
    if (pass == plan->passes && !fits(plan, pass, event, settings->per_pass, why, sizeof why)) {
        snprintf(event->why, WHY_MAX, "counts no longer: %s", why);
        return;
    }
    event->pass = pass;
    plan->used[pass]++;
    plan->passes += pass == plan->passes;
}

/* Gives every event that counts its pass. Returns false if there is no memory. */
static bool plan_passes(struct counters *counters, const struct counters_settings *settings)
{
    struct plan plan = {0, calloc((size_t)counters->count + 1, sizeof *plan.used),
                        calloc((size_t)counters->count + 1, sizeof(struct papi_thread *))};
    bool complete = plan.used && plan.papi;
    for (int i = 0; i < counters->count && complete; i++)
        place(&plan, &counters->events[i], settings);
    for (int pass = 0; pass <= counters->count && plan.papi; pass++)
        papi_thread_close(plan.papi[pass]);
    free(plan.used);
    free(plan.papi);
    counters->passes = plan.passes ? plan.passes : 1;
    for (int i = 0; i < counters->count; i++)
        snprintf(counters->events[i].elsewhere, sizeof counters->events[i].elsewhere,
                 COUNTERS_ELSEWHERE "counted in pass %d of %d", counters->events[i].pass + 1,
                 counters->passes);
    return complete;
}

/* Whether the present pass counts the event. */
static bool takes_part(const struct counters *counters, int event)
{
    int pass = counters->events[event].pass;
    return pass == EVERY_PASS || counters->pass == EVERY_PASS || pass == counters->pass;
}

static void slot_open(struct worker *worker, struct slot *slot, const struct event *event,
                      bool first)
{
    char why[WHY_MAX - 64] = "";
    *slot = (struct slot){.fd = -1, .papi_index = -1};
    if (event->why[0] || (event->papi.machine && !first))
        return;
    if (event->software) {
        slot->fd = software_event_open(event->software, slot->why, WHY_MAX);
        return;
    }
    struct papi_thread **papi = &worker->papi[event->pass];
    if (!*papi)
        *papi = papi_thread_open();
    slot->papi_index = *papi ? papi_thread_add(*papi, &event->papi, why, sizeof why) : -1;
    if (slot->papi_index < 0)
        snprintf(slot->why, WHY_MAX, "does not count on every thread: %s", why);
}

/* By the thread that it is for. */
static void worker_open(struct worker *worker, const struct counters *counters)
{
    worker->tid = gettid();
    for (int i = 0; i < counters->count; i++)
        slot_open(worker, &worker->slots[i], &counters->events[i], worker == counters->workers);
}

static void worker_close(struct worker *worker, const struct counters *counters)
{
    if (!worker->tid)
        return;
    for (int pass = 0; pass < counters->passes; pass++) {
        papi_thread_close(worker->papi[pass]);
        worker->papi[pass] = NULL;
    }
    for (int i = 0; i < counters->count; i++)
        if (worker->slots[i].fd >= 0)
            close(worker->slots[i].fd);
    worker->tid = 0;
}

static void worker_start(struct worker *worker, const struct counters *counters)
{
    char why[WHY_MAX] = "";
    struct papi_thread *papi = worker->papi[counters->pass];
    if (papi)
        papi_thread_start(papi, why, sizeof why);
    for (int i = 0; i < counters->count; i++) {
        struct slot *slot = &worker->slots[i];
        if (!takes_part(counters, i))
            continue;
        if (slot->papi_index >= 0)
            memcpy(slot->why, why, WHY_MAX);
        else if (slot->fd >= 0 && !software_event_start(slot->fd))
            snprintf(slot->why, WHY_MAX, "perf_event: cannot start");
    }
}

static void worker_stop(struct worker *worker, const struct counters *counters)
{
    char why[WHY_MAX] = "";
    struct papi_thread *papi = worker->papi[counters->pass];
    bool same = worker->tid == gettid();
    if (!same)
        snprintf(why, sizeof why, "a thread of the team ended while it was counted");
    else if (papi)
        papi_thread_stop(papi, why, sizeof why);
    for (int i = 0; i < counters->count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->why[0] || !takes_part(counters, i))
            continue;
        if (!same || slot->papi_index >= 0)
            memcpy(slot->why, why, WHY_MAX);
        if (same && slot->papi_index >= 0)
            slot->value = papi_thread_value(papi, slot->papi_index);
        if (same && slot->fd >= 0 && !software_event_stop(slot->fd, &slot->value))
            snprintf(slot->why, WHY_MAX, "perf_event: cannot stop");
    }
}

/* Sums over the team, or what went wrong on any thread of it. */
static void collect(struct counters *counters, int team)
{
    for (int i = 0; i < counters->count; i++) {
        struct event *event = &counters->events[i];
        if (!takes_part(counters, i))
            continue;
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
    counters->pass = EVERY_PASS;
    counters->events = calloc((size_t)count + 1, sizeof *counters->events);
    counters->workers = calloc((size_t)threads, sizeof *counters->workers);
    if (counters->events && counters->workers)
        return counters;
    counters_close(counters);
    return NULL;
}

static bool name_events(struct counters *counters, const char *const *names)
{
    for (int i = 0; i < counters->count; i++) {
        struct event *event = &counters->events[i];
        event->name = strdup(names[i]);
        if (!event->name)
            return false;
        for (int j = 0; j < i; j++)
            if (strcmp(names[j], names[i]) == 0)
                snprintf(event->why, WHY_MAX, "asked for twice");
        if (!event->why[0])
            resolve(event);
    }
    return true;
}

static bool allocate_workers(struct counters *counters)
{
    bool complete = true;
    for (int t = 0; t < counters->threads && complete; t++) {
        struct worker *worker = &counters->workers[t];
        worker->slots = calloc((size_t)counters->count + 1, sizeof *worker->slots);
        worker->papi = calloc((size_t)counters->passes, sizeof(struct papi_thread *));
        complete = worker->slots && worker->papi;
    }
    return complete;
}

int counters_open(struct counters **counters, const char *const *names, int count,
                  const struct counters_settings *settings, struct mla_error *error)
{
    struct counters *c = allocate(count, settings->threads);
    *counters = c;
    if (!c || !name_events(c, names) || !plan_passes(c, settings) || !allocate_workers(c)) {
        counters_close(c);
        *counters = NULL;
        return mla_fail(error, MLA_MACHINE, "no memory for %d counters on %d threads", count,
                        settings->threads);
    }
    int team = 0;
#pragma omp parallel num_threads(settings->threads) reduction(+ : team)
    {
        worker_open(&c->workers[omp_get_thread_num()], c);
        team++;
    }
    collect(c, team);
    return 0;
}

int counters_passes(const struct counters *counters)
{
    return counters->passes;
}

void counters_start(struct counters *counters, int pass)
{
    int team = 0;
    counters->pass = pass;
#pragma omp parallel num_threads(counters->threads) reduction(+ : team)
    {
        struct worker *worker = &counters->workers[omp_get_thread_num()];
        if (worker->tid != gettid()) { /* OpenMP replaced the thread */
            worker_close(worker, counters);
            worker_open(worker, counters);
        }
        worker_start(worker, counters);
        team++;
    }
    collect(counters, team);
}

void counters_stop(struct counters *counters)
{
    int team = 0;
#pragma omp parallel num_threads(counters->threads) reduction(+ : team)
    {
        worker_stop(&counters->workers[omp_get_thread_num()], counters);
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
    const struct event *e = &counters->events[event];
    return e->why[0] ? e->why : takes_part(counters, event) ? NULL : e->elsewhere;
}

const char *counters_cure(const struct counters *counters, int event)
{
    const char *cure = strstr(counters->events[event].why, COUNTERS_CURE);
    return cure ? cure + strlen(COUNTERS_CURE) : NULL;
}

int64_t counters_value(const struct counters *counters, int event)
{
    return counters_missing(counters, event) ? -1 : counters->events[event].value;
}

void counters_close(struct counters *counters)
{
    if (!counters)
        return;
    for (int t = 0; t < counters->threads && counters->workers; t++) {
        worker_close(&counters->workers[t], counters);
        free(counters->workers[t].slots);
        free(counters->workers[t].papi);
    }
    for (int i = 0; i < counters->count && counters->events; i++)
        free(counters->events[i].name);
    free(counters->workers);
    free(counters->events);
    free(counters);
}
