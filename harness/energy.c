/* SPDX-License-Identifier: MIT */
#include "harness/energy.h"

#include "harness/papi_thread.h"

#include <stdio.h>
#include <string.h>

enum { DOMAINS = 2, PACKAGES_MAX = ENERGY_EVENTS_MAX / DOMAINS, REASON_MAX = 256 };

static const struct way {
    const char *component; /* PAPI's */
    const char *before[DOMAINS], *after;
    int packages; /* at most, numbered between before and after; 0: no number */
} ways[] = {
    {"rapl", {"rapl:::PACKAGE_ENERGY:PACKAGE", "rapl:::DRAM_ENERGY:PACKAGE"}, "", PACKAGES_MAX},
    {"powercap", {"powercap:::ENERGY_UJ:ZONE"}, "", PACKAGES_MAX},
    {"perf_event_uncore", {"rapl::RAPL_ENERGY_PKG", "rapl::RAPL_ENERGY_RAM"}, ":cpu=0", 0},
};

/* Appends the events of one domain, package by package until one does not count; of the first it
 * says why. */
static int domain_events(const struct way *way, const char *before,
                         char names[ENERGY_EVENTS_MAX][ENERGY_NAME_MAX], int count, char *why)
{
    for (int package = 0; package == 0 || package < way->packages; package++) {
        char name[ENERGY_NAME_MAX], number[16] = "", reason[REASON_MAX];
        struct papi_event event;
        if (way->packages)
            snprintf(number, sizeof number, "%d", package);
        snprintf(name, sizeof name, "%s%s%s", before, number, way->after);
        if (count == ENERGY_EVENTS_MAX || !papi_event(name, &event, reason, sizeof reason)) {
            if (package == 0 && !why[0])
                snprintf(why, REASON_MAX, "%s", reason);
            break;
        }
        memcpy(names[count++], name, sizeof name);
    }
    return count;
}

int energy_events(char names[ENERGY_EVENTS_MAX][ENERGY_NAME_MAX], char *why, size_t size)
{
    int count = 0;
    size_t used = 0;
    why[0] = 0;
    for (size_t w = 0; w < sizeof ways / sizeof ways[0] && count == 0; w++) {
        char reason[REASON_MAX] = "";
        if (papi_component(ways[w].component, reason, sizeof reason))
            for (int d = 0; d < DOMAINS && ways[w].before[d]; d++)
                count = domain_events(&ways[w], ways[w].before[d], names, count, reason);
        if (used < size)
            used += (size_t)snprintf(why + used, size - used, "%s%s: %s", w ? "; " : "",
                                     ways[w].component, reason);
    }
    if (count > 0)
        why[0] = 0;
    return count;
}
