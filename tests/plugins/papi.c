/* SPDX-License-Identifier: MIT
 *
 * In PAPI's place: a machine with two counters for a thread and, for all of it, an energy counter
 * in each of two packages. One event never starts, and one starts and reads 0. */
#if __has_include(<papi.h>)

#include <papi.h>
#include <string.h>

enum { HARDWARE, RAPL, COMPONENTS, COUNTERS = 2, SETS_MAX = 1024, EVENTS_MAX = 8 };

static const struct {
    const char *name;
    int component;
    long long value; /* of every start and stop; -1: does not start */
} events[] = {
    {"PAPI_TOT_CYC", HARDWARE, 1000},
    {"PAPI_TOT_INS", HARDWARE, 3000},
    {"PAPI_L1_DCM", HARDWARE, 70},
    {"PAPI_BR_MSP", HARDWARE, 0},
    {"PAPI_L3_TCM", HARDWARE, -1},
    {"rapl:::PACKAGE_ENERGY:PACKAGE0", RAPL, 50},
    {"rapl:::PACKAGE_ENERGY:PACKAGE1", RAPL, 60},
};
enum { EVENTS = sizeof events / sizeof events[0] };

static struct {
    int count, events[EVENTS_MAX];
} sets[SETS_MAX];
static int set_count;

int PAPI_library_init(int version)
{
    return version;
}

int PAPI_thread_init(unsigned long (*id)(void))
{
    (void)id;
    return PAPI_OK;
}

int PAPI_register_thread(void)
{
    return PAPI_OK;
}

char *PAPI_strerror(int code)
{
    static char missing[] = "Event does not exist", full[] = "it conflicts", other[] = "it broke";
    return code == PAPI_ENOEVNT ? missing : code == PAPI_ECNFLCT ? full : other;
}

int PAPI_event_name_to_code(const char *in, int *out)
{
    for (int i = 0; i < EVENTS; i++)
        if (strcmp(events[i].name, in) == 0) {
            *out = i;
            return PAPI_OK;
        }
    return PAPI_ENOEVNT;
}

int PAPI_get_event_component(int code)
{
    return events[code].component;
}

int PAPI_get_component_index(const char *name)
{
    return strcmp(name, "perf_event") == 0 ? HARDWARE : strcmp(name, "rapl") == 0 ? RAPL : -1;
}

const PAPI_component_info_t *PAPI_get_component_info(int cidx)
{
    static const PAPI_component_info_t infos[COMPONENTS] = {{.name = "perf_event"},
                                                            {.name = "rapl"}};
    return &infos[cidx];
}

int PAPI_create_eventset(int *set)
{
    int free_set;
#pragma omp atomic capture
    free_set = set_count++;
    *set = free_set % SETS_MAX;
    sets[*set].count = 0;
    return PAPI_OK;
}

int PAPI_assign_eventset_component(int set, int cidx)
{
    (void)set, (void)cidx;
    return PAPI_OK;
}

int PAPI_add_event(int set, int event)
{
    if (sets[set].count == COUNTERS)
        return PAPI_ECNFLCT;
    sets[set].events[sets[set].count++] = event;
    return PAPI_OK;
}

int PAPI_remove_event(int set, int event)
{
    sets[set].count -= sets[set].events[sets[set].count - 1] == event;
    return PAPI_OK;
}

int PAPI_start(int set)
{
    for (int i = 0; i < sets[set].count; i++)
        if (events[sets[set].events[i]].value < 0)
            return PAPI_ESYS;
    return PAPI_OK;
}

int PAPI_stop(int set, long long *values)
{
    for (int i = 0; i < sets[set].count; i++)
        values[i] = events[sets[set].events[i]].value;
    return PAPI_OK;
}

int PAPI_cleanup_eventset(int set)
{
    sets[set].count = 0;
    return PAPI_OK;
}

int PAPI_destroy_eventset(int *set)
{
    *set = PAPI_NULL;
    return PAPI_OK;
}

#endif
