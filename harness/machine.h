/* SPDX-License-Identifier: MIT
 *
 * The machine that a result was measured on, as its context tells, and whether two are the same. */
#ifndef MLABENCH_MACHINE_H
#define MLABENCH_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A field in which two machines differ. */
struct machine_difference {
    const char *what; /* e.g. "CPU" */
    char one[160], other[160];
};
enum { MACHINE_FIELDS = 8 };

/* What the speed of the same program depends on: CPU model, CPUs usable, caches, the instruction
 * set that kernels were limited to, frequency governor, huge pages, NUMA policy and, unless only
 * the kind of machine matters, the host. Machines of one kind differ from each other, too: in
 * temperature, memory modules, neighbours. The arguments are contexts. Returns how many differ; a
 * field that neither knows does not. */
int machine_differences(const json_t *one, const json_t *other, bool kind_alone,
                        struct machine_difference differences[MACHINE_FIELDS]);

/* "L1 Data 48 KiB, ..." of a context's caches. */
void machine_caches(const json_t *caches, char *text, size_t size);

#endif
