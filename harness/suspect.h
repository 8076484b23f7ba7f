/* SPDX-License-Identifier: MIT
 *
 * Counters not to be trusted: events of hardware that a machine accepts, starts and stops, and that
 * read 0 in every repetition of a run, as where an emulator or a hypervisor does not model them.
 * The operating system's own events may well read 0. */
#ifndef MLABENCH_SUSPECT_H
#define MLABENCH_SUSPECT_H

#include <jansson.h>

/* [{name, reason}] from a result's benchmarks. A new reference. */
json_t *suspect_counters(const json_t *benchmarks);

#endif
