/* SPDX-License-Identifier: MIT
 *
 * Which events are asked for: the default ones, or those of --counters. */
#ifndef MLABENCH_COUNTER_NAMES_H
#define MLABENCH_COUNTER_NAMES_H

#include "harness/energy.h"
#include "harness/error.h"

/* Cycles, instructions, floating-point operations, misses of L1, L2, L3, TLB and branch prediction;
 * the operating system's task clock (CPU time in ns), page faults and context switches. */
#define COUNTERS_DEFAULT 11
extern const char *const counters_default[COUNTERS_DEFAULT];

struct counter_names {
    const char **names; /* [count] */
    int count;
    char *text;                                      /* that names point into */
    char energy[ENERGY_EVENTS_MAX][ENERGY_NAME_MAX]; /* likewise */
    char no_energy[512]; /* why the default ones have no energy among them; "": they have */
};

/* Those that `wanted` ("NAME,NAME...") lists, none for "none", and for NULL the default ones and
 * whatever counts energy here. Returns 0 or MLA_MACHINE (no memory); to be freed in either case. */
int counter_names_read(const char *wanted, struct counter_names *names, struct mla_error *error);
void counter_names_free(struct counter_names *names);

#endif
