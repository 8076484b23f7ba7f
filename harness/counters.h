/* SPDX-License-Identifier: MIT
 *
 * Event counters, summed over the threads of an OpenMP team: through PAPI, and for the operating
 * system's own events straight from it where PAPI cannot. Without PAPI, hardware counters or
 * permission everything works and each event says why it is missing. An event counts as available
 * only after it was added, started and stopped on this machine. Nothing is multiplexed: events that
 * the hardware cannot count at once are counted in several passes, each with its share of them; the
 * operating system's own that are not counted through PAPI are in every pass.
 *
 * Call from the process's main thread, outside parallel regions, and in the process that is
 * measured: a fork has to open counters of its own. */
#ifndef MLABENCH_COUNTERS_H
#define MLABENCH_COUNTERS_H

#include "harness/error.h"

#include <stdint.h>

struct counters;

struct counters_settings {
    int threads;    /* of the team */
    int per_pass;   /* events that count at once at most; 0: as many as the machine can */
    int passes_max; /* an event that would need one more is missing; 0: any number */
};

/* Opens `count` events by PAPI's names (presets, native and software events) on every thread of the
 * team. Missing events are no failure. The names are copied. Returns 0 or MLA_MACHINE (no
 * memory; *counters is NULL then). */
int counters_open(struct counters **counters, const char *const *names, int count,
                  const struct counters_settings *settings, struct mla_error *error);

/* How many it takes to count every event once; at least 1. */
int counters_passes(const struct counters *counters);

/* Counting of a pass, from 0 on, on all threads of the team begins at 0 and ends. In between the
 * caller runs teams of the same size; what the threads do while they wait for work counts too. An
 * event that fails here on any thread is missing from then on. */
void counters_start(struct counters *counters, int pass);
void counters_stop(struct counters *counters);

int counters_count(const struct counters *counters);
const char *counters_name(const struct counters *counters, int event);

/* "PAPI", or "perf_event" where the operating system was asked directly. */
const char *counters_source(const struct counters *counters, int event);

/* Why an event is missing, or NULL if it counts; of one that another pass counts the reason begins
 * with COUNTERS_ELSEWHERE. Valid until the next start, stop or close. */
#define COUNTERS_ELSEWHERE "not in this repetition: "
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
