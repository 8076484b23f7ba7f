/* SPDX-License-Identifier: MIT
 *
 * Which instruction sets code can use here. */
#ifndef MLABENCH_ISA_H
#define MLABENCH_ISA_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* The names in the order in which they include each other, ended by NULL: "x86-64" or "aarch64",
 * "scalar" (vector kernels that need no more), "avx2" (with FMA and F16C), "avx512" (F, BW, DQ,
 * VL), "avx512vnni" (these and VNNI). */
extern const char *const isa_names[];

/* Whether CPU and operating system run it; an unknown name is not run. */
bool isa_present(const char *isa);

/* The same, and no limit leaves it out. */
bool isa_runs(const char *isa);

/* From now on as if there were nothing after `isa`, a name that is present. */
void isa_limit(const char *isa);

/* The last of simd/isas.def that runs. */
const char *isa_best(void);

#pragma GCC visibility pop

#endif
