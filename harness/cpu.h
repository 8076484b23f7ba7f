/* SPDX-License-Identifier: MIT
 *
 * The machine: what a result has to say about it, which instruction sets it runs, and where threads
 * are put. */
#ifndef MLABENCH_CPU_H
#define MLABENCH_CPU_H

#include "harness/error.h"

#include <stdbool.h>
#include <stdint.h>

struct cpu_cache {
    char type[16]; /* Data, Instruction, Unified */
    int level;
    int64_t size;    /* bytes */
    int num_sharing; /* CPUs that share one such cache */
};

#define CPU_CACHES_MAX 8
#define CPU_ISAS_MAX   8

struct cpu_info {
    char model[128];
    int cpus;             /* that this process may use, as it was started */
    double mhz;           /* the highest that the system states, else the present; 0: unknown */
    bool scaling_enabled; /* the governor may change the frequency; false when unknown */
    char governor[32];    /* "" if the system names none, as in most virtual machines */
    struct cpu_cache caches[CPU_CACHES_MAX]; /* of the first usable CPU, as the system lists them */
    int cache_count;
    const char *isas[CPU_ISAS_MAX]; /* of kernels/simd/isas.def that run here, slowest first */
    int isa_count;
    double load_avg[3]; /* 1, 5 and 15 minutes; negative if unknown */
    int numa_nodes;
    char numa_policy[64]; /* e.g. "default (first touch)", "bind 0" */
    char huge_pages[32];  /* transparent: always, madvise, never; "" if unknown */
};

/* Always succeeds: what cannot be known reads as stated above. */
void cpu_read(struct cpu_info *info);

/* The cache of a level that holds data, or NULL. */
const struct cpu_cache *cpu_data_cache(const struct cpu_info *info, int level);

/* Whether CPU and operating system run code for an instruction set: "scalar", "x86-64", "aarch64",
 * "avx2" (with FMA and F16C), "avx512" (F, BW, DQ, VL). An unknown name is not supported. */
bool cpu_has_isa(const char *isa);

/* From now on as if this CPU had nothing that the list above names after `isa`. To be called before
 * anything asks. */
int cpu_limit_isa(const char *isa, struct mla_error *error);

/* Why cpu_has_isa says no: "this CPU lacks avx512", "--isa leaves avx512 out". */
const char *cpu_lacks_isa(const char *isa, char text[64]);

/* The last of isas.def that runs here. */
const char *cpu_best_isa(void);

/* CPUs that the process may use, counted before any pinning. */
int cpu_count(void);

/* Bytes of a cache line of L3, or of L1 where the system does not say; 0: it says neither. */
long cpu_cache_line(void);

#define CPU_PINNING_MAX 128

/* Puts each thread of an OpenMP team of `threads` on a CPU of its own, one per core before any
 * core's second, and says what was done, e.g. "each thread on a CPU of its own: 0-1". Returns
 * whether all of them have one: with more threads than CPUs, or where the system refuses, they
 * float over the usable CPUs.
 *
 * The OpenMP runtime reuses the threads of a team in the next one of the same size; call it again
 * whenever the size changes, because a new thread starts on the CPU of the thread that created it.
 */
bool cpu_pin_team(int threads, char how[CPU_PINNING_MAX]);

#endif
