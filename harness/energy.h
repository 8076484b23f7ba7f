/* SPDX-License-Identifier: MIT
 *
 * Energy counters of the package and its memory (RAPL), by whichever of PAPI's ways this machine
 * has. They count for all that runs on the machine, not for a thread or a process. */
#ifndef MLABENCH_ENERGY_H
#define MLABENCH_ENERGY_H

#include <stddef.h>

enum { ENERGY_EVENTS_MAX = 16, ENERGY_NAME_MAX = 48 };

/* Puts the names of those that count into names, of the first way that has any: PAPI's rapl (nJ),
 * its powercap (uJ), or perf_event's (2^-32 J). Returns how many; if none, `why` has each way's
 * reason. */
int energy_events(char names[ENERGY_EVENTS_MAX][ENERGY_NAME_MAX], char *why, size_t size);

#endif
