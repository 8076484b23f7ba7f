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
    int64_t tokens;        /* new, of all sequences */
    int64_t rows;          /* cached and new, of all sequences: sum of kv_end */
    int64_t slots;         /* that the cache needs */
    int64_t max_keys;      /* of one sequence */
    int64_t shared_prefix; /* tokens that all sequences begin with, as far as they are cached */
    /* Sparse: so many positions are listed per new token, of which some are none; 0: dense. The
     * lists [tokens][listed] are borrowed, NULL where there are none yet. */
    int32_t listed;
    const int32_t *lists;
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

/* Tokens that a sequence begins with as the first one does; 0 for that itself. */
int64_t workload_shared(const struct workload *workload, int32_t seq);

/* Of all sequences together, those that lie on pages of the first. */
int64_t workload_shared_rows(const struct workload *workload, int64_t page_size);

/* Slots that the rows take, all sequences together: in pages whole ones, those that are shared
 * once. */
int64_t workload_slots_taken(const struct workload *workload, int64_t page_size);

/* Keys that the sequence's new token t attends. */
int64_t workload_keys(const struct workload *workload, const struct mla_problem *problem,
                      int32_t seq, int64_t t);

/* Query-key pairs that mask and lists leave, over all sequences. Of one dense sequence, by FACTS,
 * S P + S (S + 1) / 2. */
int64_t workload_pairs(const struct workload *workload, const struct mla_problem *problem);

#endif
