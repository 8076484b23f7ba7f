/* SPDX-License-Identifier: MIT
 *
 * One kernel at work on a case's inputs, in memory that shows what it must not do, and in any of
 * the ways that the contract allows. What it does out of bounds is a crash: to be used in a child
 * process. */
#ifndef MLABENCH_TRIAL_H
#define MLABENCH_TRIAL_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/memory.h"
#include "harness/placement.h"
#include "harness/split.h"
#include "kernels/kernel.h"

#include <stdbool.h>
#include <stdint.h>

#define TRIAL_UNEVEN (-1)

/* How the kernel is asked. The outputs are to be the same, but where keys are left out. */
struct trial_way {
    enum buffer_kind memory; /* of every buffer */
    uint32_t poison;         /* what cache, workspace and outputs hold before */
    int threads;
    int64_t chunk;       /* rows per store; 0: all at once; TRIAL_UNEVEN: 1, 3, 64, 7, 256, ... */
    bool query_by_query; /* one call for each new token, the last one first */
    bool sequence_alone; /* one call for each sequence, the last one first */
    bool reversed;       /* the sequences in reverse order in the call */
    int64_t first_key;   /* keys before it are left out */
    int64_t end_key;     /* keys from it on are left out; 0: none */
    int64_t shift;       /* every position that much larger, the ones before without a row */
    int64_t first_slot;  /* of the cache that is used; those before are never touched */
    bool sparse_memory;  /* the cache is not poisoned but for what is used: it may be huge */
};

struct trial {
    const struct inputs *inputs;
    const struct mla_kernel *kernel;
    struct trial_way way;
    struct placement placed;
    struct mla_seq *seqs; /* placed.seqs, moved by `shift` */
    int32_t *far_table;   /* the block tables that go with that, or NULL */
    struct buffer wkv_b, prepared, cache, workspace, q, rows, top_k, sinks, o, lse;
    struct split split; /* of the keys, if the inputs say so */
    struct mla_memory memory;
    bool ready; /* prepared, and to be released */
};

/* Plans, allocates, prepares. The steps below return 0, MLA_FAILED with what the kernel returned or
 * did, or MLA_MACHINE; afterwards trial_destroy is due in any case. */
int trial_create(const struct inputs *inputs, const struct mla_kernel *kernel,
                 const struct trial_way *way, struct trial *trial, struct mla_error *error);
void trial_destroy(struct trial *trial);

/* Stores every row, chunk by chunk, each at the very end (or start) of a guarded buffer. */
int trial_store(struct trial *trial, struct mla_error *error);

/* `count` rows of a sequence as the cache gives them back, in trial->rows until the next call.
 * At most TRIAL_CHUNK_MAX. */
enum { TRIAL_CHUNK_MAX = 256 };
int trial_load(struct trial *trial, int32_t seq, int64_t position, int64_t count,
               const float **rows, struct mla_error *error);

/* Poisons workspace and outputs and attends; the cache is read-only from then on. */
int trial_attend(struct trial *trial, struct mla_error *error);

/* MLA_FAILED if it wrote beside a buffer where no guard would notice. */
int trial_check_margins(const struct trial *trial, struct mla_error *error);

/* All of it: create, store, attend, check margins. */
int trial_run(const struct inputs *inputs, const struct mla_kernel *kernel,
              const struct trial_way *way, struct trial *trial, struct mla_error *error);

#endif
