/* SPDX-License-Identifier: MIT
 *
 * What has to be done beside attending keys: queries of the next wave and outputs of the one
 * before, by head. With few tokens they are bound by reading Wkv_b (V3, 1 token, 4,096 keys: 19 %
 * of the time), while attending leaves memory idle: so they are done in steps, each after some
 * tiles attended a block of keys and its weights were prefetched meanwhile. */
#ifndef MLABENCH_VECTOR_CHORES_H
#define MLABENCH_VECTOR_CHORES_H

#include "kernels/vector/wave.h"

#pragma GCC visibility push(hidden)

/* One thread's share of them, during a wave. */
struct chores {
    const struct vector *vector;
    const struct wave *before, *after; /* NULL: none */
    int32_t thread;
    int32_t outputs, queries;          /* how many */
    int32_t first_output, first_query; /* heads */
    int32_t done;
    int64_t steps, step; /* of attending: about how many, how many are done */
    struct simd_stream stream;
};

struct chores chores_begin(const struct vector *vector, const struct wave *before,
                           const struct wave *now, const struct wave *after, int32_t thread);

/* What to prefetch while that many tiles attend so many keys, or NULL. */
struct simd_stream *chores_ahead(struct chores *chores, int32_t tiles, int32_t keys);

/* Some tiles attended a block: does as much as is due. */
void chores_step(struct chores *chores);

/* Does the rest. */
void chores_finish(struct chores *chores);

#pragma GCC visibility pop

#endif
