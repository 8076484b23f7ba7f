/* SPDX-License-Identifier: MIT
 *
 * Whether what a kernel put out while it was timed is what was verified. */
#ifndef MLABENCH_TIMED_OUTPUT_H
#define MLABENCH_TIMED_OUTPUT_H

#include "harness/error.h"
#include "harness/oracle.h"
#include "harness/trial.h"

#include <stdbool.h>
#include <stdint.h>

/* Of all bits of o and lse (FNV-1a over 32-bit words): outputs that differ anywhere have other
 * digests, but for a chance of 2^-64. */
uint64_t output_digest(const struct trial *trial);

struct timed_output {
    bool passed, same_bits;
    char reason[512]; /* why it did not pass */
};

/* Compares a trial that has been timed with the digest of the kernel's verified output. A kernel
 * that promises the same bits however rows were chunked and whenever it is asked must have given
 * those; of another the output must be within the error allowed, of all queries that the oracle
 * has. Returns 0 or MLA_MACHINE. */
int timed_output_check(struct trial *trial, const struct oracle *oracle, uint64_t verified,
                       struct timed_output *output, struct mla_error *error);

#endif
