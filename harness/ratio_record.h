/* SPDX-License-Identifier: MIT
 *
 * The largest errors that passing kernels were ever seen to make, kept from run to run. */
#ifndef MLABENCH_RATIO_RECORD_H
#define MLABENCH_RATIO_RECORD_H

#include "harness/catalogue.h"
#include "harness/error.h"
#include "harness/tally.h"

#include <stdint.h>

/* Reads {KERNEL: {ratio, case, seed}} from a file (none: nothing yet), raises what this run
 * exceeded, says so, and writes the file anew if anything was. `seed`: of the run. Returns 0,
 * MLA_BAD_INPUT for a file that is something else, or MLA_MACHINE. */
int ratio_record_update(const char *path, const struct tally *tally,
                        const struct catalogue *catalogue, uint64_t seed, struct mla_error *error);

#endif
