/* SPDX-License-Identifier: MIT
 *
 * The sequences of one case: who has how many tokens cached, and where they lie. */
#ifndef MLABENCH_WORKLOAD_H
#define MLABENCH_WORKLOAD_H

#include "harness/error.h"
#include "harness/suite.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct workload {
    struct mla_seq *seqs; /* [batch], malloc'ed; laid end to end until workload_place moves them */
    int32_t batch;
    int64_t tokens;   /* new, of all sequences */
    int64_t rows;     /* cached and new, of all sequences: sum of kv_end */
    int64_t slots;    /* that the cache needs */
    int64_t max_keys; /* of one sequence */
};

/* Ragged batches hold 0 to `cached` tokens by seed: the first sequence all of them, the second
 * none, and the last neither a token cached nor a new one where the batch has 3 or more. */
int workload_create(const struct bench_case *c, uint64_t seed, struct workload *workload,
                    struct mla_error *error);
void workload_destroy(struct workload *workload);

/* Places the sequences so that each starts at a multiple of `align` and is followed by at least
 * `spare` slots that hold no token: they stay poisoned, so that a kernel that reads them shows. */
void workload_place(struct workload *workload, int64_t align, int64_t spare);

/* Row number of the sequence's position 0 when rows are laid end to end, without spare ones. */
int64_t workload_first_row(const struct workload *workload, int32_t seq);

/* Query-key pairs that the mask leaves, over all sequences. FACTS: pairs = S P + S (S + 1) / 2. */
int64_t workload_pairs(const struct workload *workload, const struct mla_problem *problem);

#endif
