/* SPDX-License-Identifier: MIT
 *
 * Blocks of a job's keys, one after the other, the next one always known so that it can be
 * prefetched. */
#ifndef MLABENCH_VECTOR_BLOCKS_H
#define MLABENCH_VECTOR_BLOCKS_H

#include "kernels/keys.h"
#include "kernels/vector/job.h"

#pragma GCC visibility push(hidden)

struct blocks {
    const struct vector *vector;
    const struct job *job;
    struct key_cursor cursor;
    int32_t count, next_count;
    const void *pieces[2][SIMD_BLOCK];
    int now;
};

/* Before the block that begins with the job's key number `key`. */
void blocks_begin(const struct vector *vector, const struct job *job, int64_t key,
                  struct blocks *blocks);

/* To the next block: blocks->count keys, and where their rows lie. */
const void *const *blocks_step(struct blocks *blocks);

/* The rows of the block after that, to be prefetched while that many tiles attend this one. */
struct simd_ahead blocks_ahead(const struct blocks *blocks, int32_t tiles);

#pragma GCC visibility pop

#endif
