/* SPDX-License-Identifier: MIT
 *
 * Event counters, summed over the threads of an OpenMP team: through PAPI, and for the operating
 * system's own events straight from it where PAPI cannot. Without PAPI, hardware counters or
 * permission everything works and each event says why it is missing. An event counts as available
 * only after it was added, started and stopped on this machine. Nothing is multiplexed.
 *
 * Call from the process's main thread, outside parallel regions, and in the process that is
 * measured: a fork has to open counters of its own. */
#ifndef MLABENCH_COUNTERS_H
#define MLABENCH_COUNTERS_H

#include "harness/error.h"

#include <stdint.h>

struct counters;

/* Opens `count` events by PAPI's names (presets, native and software events) on every thread of a
 * team of `threads`. Missing events are no failure. The names are copied. Returns 0 or
 * MLA_MACHINE (no memory). */
int counters_open(struct counters **counters, const char *const *names, int count, int threads,
                  struct mla_error *error);

/* Counting on all threads of the team begins at 0 and ends. In between the caller runs teams of the
 * same size; what the threads do while they wait for work counts too. An event that fails here on
 * any thread is missing from then on. */
void counters_start(struct counters *counters);
void counters_stop(struct counters *counters);

int counters_count(const struct counters *counters);
const char *counters_name(const struct counters *counters, int event);

/* "PAPI", or "perf_event" where the operating system was asked directly. */
const char *counters_source(const struct counters *counters, int event);

/* Why an event is missing, or NULL if it counts. Valid until the next start, stop or close. */
const char *counters_missing(const struct counters *counters, int event);

/* The command that would make a missing event count, where one is known: how the reason then ends,
 * after COUNTERS_CURE. Else NULL. */
#define COUNTERS_CURE "; cure: "
const char *counters_cure(const struct counters *counters, int event);

/* What was counted between the last start and stop; -1 if the event is missing. */
int64_t counters_value(const struct counters *counters, int event);

/* NULL is fine. */
void counters_close(struct counters *counters);

#endif
