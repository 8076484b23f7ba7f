/* SPDX-License-Identifier: MIT
 *
 * PAPI's events on one thread. The library is loaded at run time; without it, or when built without
 * its header, papi_event says so. Functions that take `why` ([size] characters) explain a failure
 * there, with PAPI's own words and the cure where there is one. Hardware events count user mode
 * only, PAPI's default. */
#ifndef MLABENCH_PAPI_THREAD_H
#define MLABENCH_PAPI_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct papi_event {
    int code;
    bool machine; /* counts for the machine, not for a thread: whoever adds it up counts it once */
};

/* An event, if it counts here: it was added, started and stopped alone. */
bool papi_event(const char *name, struct papi_event *event, char *why, size_t size);

/* Whether this PAPI has that component and could start it. */
bool papi_component(const char *name, char *why, size_t size);

/* Event sets of the calling thread, one per component, which only that thread may use. NULL if
 * there is no memory. */
struct papi_thread *papi_thread_open(void);

/* Adds an event that papi_event accepted, if it can be counted together with those already there.
 * Returns its index among the thread's events, or -1. */
int papi_thread_add(struct papi_thread *thread, const struct papi_event *event, char *why,
                    size_t size);

bool papi_thread_start(struct papi_thread *thread, char *why, size_t size);
bool papi_thread_stop(struct papi_thread *thread, char *why, size_t size);

/* Between the last start and stop. */
int64_t papi_thread_value(const struct papi_thread *thread, int index);

/* From any thread; NULL is fine. */
void papi_thread_close(struct papi_thread *thread);

#endif
