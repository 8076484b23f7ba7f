/* SPDX-License-Identifier: MIT
 *
 * How errors are distributed: what right kernels come to, in units of what is allowed. */
#ifndef MLABENCH_RATIOS_H
#define MLABENCH_RATIOS_H

#include <jansson.h>

/* Prints quantiles for each kernel and a histogram of all. ratios {KERNEL: [worst error of a case,
 * as a fraction of the limit]}. */
void ratios_print(const json_t *ratios);

#endif
