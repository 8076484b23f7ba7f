/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "harness/papi_thread.h"

#include "harness/paranoid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<papi.h>)

#ifndef PAPI_LINKED
#include <dlfcn.h>
#endif
#include <glob.h>
#include <papi.h>
#include <sys/types.h>
#include <unistd.h>

#define FUNCTIONS(F)             \
    F(library_init)              \
    F(thread_init)               \
    F(register_thread)           \
    F(strerror)                  \
    F(event_name_to_code)        \
    F(get_event_component)       \
    F(get_component_index)       \
    F(get_component_info)        \
    F(create_eventset)           \
    F(assign_eventset_component) \
    F(add_event)                 \
    F(remove_event)              \
    F(start)                     \
    F(stop)                      \
    F(cleanup_eventset)          \
    F(destroy_eventset)

static struct {
#define F(name) __typeof__(PAPI_##name) *name;
    FUNCTIONS(F)
#undef F
} papi;

#ifdef PAPI_LINKED /* into a static program, which cannot load it */

static void load(char *why, size_t size)
{
    (void)why, (void)size;
#define F(name) papi.name = PAPI_##name;
    FUNCTIONS(F)
#undef F
}

#else

/* An empty `why` means that it worked. */
static void load(char *why, size_t size)
{
    char versioned[64];
    snprintf(versioned, sizeof versioned, "libpapi.so.%d.%d", PAPI_VERSION_MAJOR(PAPI_VERSION),
             PAPI_VERSION_MINOR(PAPI_VERSION));
    void *library = dlopen(versioned, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        library = dlopen("libpapi.so", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(why, size, "no PAPI: %s", dlerror());
        return;
    }
#define F(name)                                                              \
    if (!(papi.name = (__typeof__(papi.name))dlsym(library, "PAPI_" #name))) \
        snprintf(why, size, "unusable PAPI: %s", dlerror());
    FUNCTIONS(F)
#undef F
}

#endif

static unsigned long thread_id(void)
{
    return (unsigned long)gettid();
}

static void initialise(char *why, size_t size)
{
    int version = papi.library_init(PAPI_VER_CURRENT);
    if (version > 0 && version != PAPI_VER_CURRENT)
        snprintf(why, size, "PAPI %d.%d is installed, but this was built for %d.%d",
                 PAPI_VERSION_MAJOR(version), PAPI_VERSION_MINOR(version),
                 PAPI_VERSION_MAJOR(PAPI_VERSION), PAPI_VERSION_MINOR(PAPI_VERSION));
    else if (version != PAPI_VER_CURRENT)
        snprintf(why, size, "PAPI does not start: %s", papi.strerror(version));
    else if (papi.thread_init(thread_id) != PAPI_OK)
        snprintf(why, size, "PAPI does not support threads here");
}

/* Loads and initialises once per process: a child that inherits an initialised library has to begin
 * anew. */
static bool ready(char *why, size_t size)
{
    static bool tried, loaded;
    static pid_t initialised_in;
    static char failure[160];
    if (!tried) {
        tried = true;
        load(failure, sizeof failure);
        loaded = failure[0] == 0;
    }
    if (loaded && initialised_in != getpid()) {
        initialised_in = getpid();
        failure[0] = 0;
        initialise(failure, sizeof failure);
    }
    snprintf(why, size, "%s", failure);
    return failure[0] == 0;
}

/* Whether the kernel drives a PMU: "cpu" on x86 (cpu_core where there are several kinds), armv8_...
 * on Arm. */
static bool has_pmu(void)
{
    static const char *const patterns[] = {"cpu", "cpu_*", "arm*"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        char pattern[64];
        glob_t found;
        snprintf(pattern, sizeof pattern, "/sys/bus/event_source/devices/%s", patterns[i]);
        bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
        globfree(&found);
        if (any)
            return true;
    }
    return false;
}

/* PAPI's word for the error, why the component (-1: the event has none, so perf_event) is off, and
 * what is known of the cause. */
static void explain(int error, int component, char *why, size_t size)
{
    bool unknown = component < 0;
    if (unknown)
        component = papi.get_component_index("perf_event");
    const PAPI_component_info_t *info = component < 0 ? NULL : papi.get_component_info(component);
    const char *off = info && info->disabled ? info->disabled_reason : "";
    const char *cause = "";
    bool of_threads = unknown || (info && strcmp(info->name, "perf_event") == 0);
    if (of_threads && error != PAPI_ECNFLCT && paranoid_cure(2)[0])
        cause = paranoid_cure(2);
    else if (strstr(off, "no default PMU"))
        cause = "; this PAPI does not know this CPU";
    else if (error == PAPI_ENOEVNT && !unknown && !has_pmu())
        cause = "; no hardware counters, as in most virtual machines";
    snprintf(why, size, "%s%s%s%.160s%s", unknown ? "PAPI knows no such event: " : "",
             papi.strerror(error), off[0] ? "; " : "", off, cause);
}

enum { COMPONENTS_MAX = 8, EVENTS_MAX = 32 };

struct papi_thread {
    int sets;
    struct set {
        int component, id, count;
        long long values[EVENTS_MAX];
    } set[COMPONENTS_MAX];
};

struct papi_thread *papi_thread_open(void)
{
    papi.register_thread();
    return calloc(1, sizeof(struct papi_thread));
}

/* The thread's set for a component, made when there is none; NULL with the reason. */
static struct set *set_of(struct papi_thread *thread, int component, char *why, size_t size)
{
    for (int i = 0; i < thread->sets; i++)
        if (thread->set[i].component == component)
            return &thread->set[i];
    if (thread->sets == COMPONENTS_MAX) {
        snprintf(why, size, "events of more than %d PAPI components", COMPONENTS_MAX);
        return NULL;
    }
    struct set *set = &thread->set[thread->sets];
    *set = (struct set){.component = component, .id = PAPI_NULL};
    int error = papi.create_eventset(&set->id);
    if (error == PAPI_OK)
        error = papi.assign_eventset_component(set->id, component);
    if (error != PAPI_OK) {
        explain(error, component, why, size);
        return NULL;
    }
    thread->sets++;
    return set;
}

int papi_thread_add(struct papi_thread *thread, const struct papi_event *event, char *why,
                    size_t size)
{
    int component = papi.get_event_component(event->code);
    struct set *set = set_of(thread, component, why, size);
    if (!set)
        return -1;
    if (set->count == EVENTS_MAX) {
        snprintf(why, size, "more than %d events of one PAPI component", EVENTS_MAX);
        return -1;
    }
    int error = papi.add_event(set->id, event->code);
    if (error == PAPI_OK) {
        error = papi.start(set->id);
        if (error == PAPI_OK)
            error = papi.stop(set->id, set->values);
        if (error != PAPI_OK)
            papi.remove_event(set->id, event->code);
    }
    if (error != PAPI_OK) {
        explain(error, component, why, size);
        return -1;
    }
    return (int)(set - thread->set) * EVENTS_MAX + set->count++;
}

bool papi_thread_start(struct papi_thread *thread, char *why, size_t size)
{
    for (int i = 0; i < thread->sets; i++) {
        int error = thread->set[i].count ? papi.start(thread->set[i].id) : PAPI_OK;
        if (error != PAPI_OK) {
            explain(error, thread->set[i].component, why, size);
            while (i-- > 0)
                papi.stop(thread->set[i].id, NULL);
            return false;
        }
    }
    return true;
}

bool papi_thread_stop(struct papi_thread *thread, char *why, size_t size)
{
    bool stopped = true;
    for (int i = 0; i < thread->sets; i++) {
        struct set *set = &thread->set[i];
        int error = set->count ? papi.stop(set->id, set->values) : PAPI_OK;
        if (error != PAPI_OK) {
            explain(error, set->component, why, size);
            stopped = false;
        }
    }
    return stopped;
}

int64_t papi_thread_value(const struct papi_thread *thread, int index)
{
    return thread->set[index / EVENTS_MAX].values[index % EVENTS_MAX];
}

void papi_thread_close(struct papi_thread *thread)
{
    if (!thread)
        return;
    for (int i = 0; i < thread->sets; i++) {
        papi.cleanup_eventset(thread->set[i].id);
        papi.destroy_eventset(&thread->set[i].id);
    }
    free(thread);
}

/* Threads have events of perf_event alone; all other components look at the whole machine. */
static bool counts_machine(int code)
{
    const PAPI_component_info_t *info = papi.get_component_info(papi.get_event_component(code));
    return info && strcmp(info->name, "perf_event") != 0;
}

bool papi_event(const char *name, struct papi_event *event, char *why, size_t size)
{
    if (!ready(why, size))
        return false;
    int error = papi.event_name_to_code(name, &event->code);
    if (error != PAPI_OK) {
        explain(error, -1, why, size);
        return false;
    }
    event->machine = counts_machine(event->code);
    struct papi_thread *alone = papi_thread_open();
    bool counts = alone && papi_thread_add(alone, event, why, size) >= 0;
    if (!alone)
        snprintf(why, size, "no memory");
    papi_thread_close(alone);
    return counts;
}

bool papi_component(const char *name, char *why, size_t size)
{
    if (!ready(why, size))
        return false;
    int component = papi.get_component_index(name);
    const PAPI_component_info_t *info = component < 0 ? NULL : papi.get_component_info(component);
    if (info && !info->disabled)
        return true;
    snprintf(why, size, "%s", info ? info->disabled_reason : "this PAPI was built without it");
    return false;
}

#else

bool papi_event(const char *name, struct papi_event *event, char *why, size_t size)
{
    (void)name, (void)event;
    snprintf(why, size, "built without PAPI's header");
    return false;
}

bool papi_component(const char *name, char *why, size_t size)
{
    (void)name;
    snprintf(why, size, "built without PAPI's header");
    return false;
}

/* With no event accepted there is nothing for these to do. */
struct papi_thread *papi_thread_open(void)
{
    return NULL;
}

int papi_thread_add(struct papi_thread *thread, const struct papi_event *event, char *why,
                    size_t size)
{
    (void)thread, (void)event, (void)why, (void)size;
    return -1;
}

bool papi_thread_start(struct papi_thread *thread, char *why, size_t size)
{
    (void)thread, (void)why, (void)size;
    return false;
}

bool papi_thread_stop(struct papi_thread *thread, char *why, size_t size)
{
    (void)thread, (void)why, (void)size;
    return false;
}

int64_t papi_thread_value(const struct papi_thread *thread, int index)
{
    (void)thread, (void)index;
    return -1;
}

void papi_thread_close(struct papi_thread *thread)
{
    (void)thread;
}

#endif
