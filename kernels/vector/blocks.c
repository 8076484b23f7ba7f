/* SPDX-License-Identifier: MIT */
#include "kernels/vector/blocks.h"
#include "kernels/row_cache.h"

static int32_t list_pieces(struct blocks *blocks, const void **pieces)
{
    int64_t slots[SIMD_BLOCK];
    const struct shape *shape = &blocks->vector->shape;
    int32_t count = keys_next(&blocks->cursor, SIMD_BLOCK, slots);
    for (int32_t j = 0; j < count; j++)
        pieces[j] = row_cache_at(&shape->row, blocks->vector->cache, slots[j], blocks->job->group);
    return count;
}

void blocks_begin(const struct vector *vector, const struct job *job, int64_t key,
                  struct blocks *blocks)
{
    blocks->vector = vector;
    blocks->job = job;
    blocks->cursor = keys_of(vector->problem, vector->call, job->seq, job->token + job->tokens - 1);
    keys_skip(&blocks->cursor, key);
    blocks->now = 1;
    blocks->next_count = list_pieces(blocks, blocks->pieces[0]);
}

const void *const *blocks_step(struct blocks *blocks)
{
    blocks->now = !blocks->now;
    blocks->count = blocks->next_count;
    blocks->next_count = list_pieces(blocks, blocks->pieces[!blocks->now]);
    return blocks->pieces[blocks->now];
}

/* A tile of scores fetches one piece, a line at most for each of its chunks; and as there may be
 * more tiles than rows, less than that: a burst of prefetches is dropped. */
struct simd_ahead blocks_ahead(const struct blocks *blocks, int32_t tiles)
{
    const struct vector *vector = blocks->vector;
    struct simd_ahead ahead = {.rows = blocks->pieces[!blocks->now], .parts = 1};
    if (blocks->next_count == 0)
        return ahead;
    int64_t bytes = vector->shape.row.group_bytes;
    int64_t most = vector->key_chunks * SIMD_CHUNK * (int64_t)sizeof(float);
    int64_t needed = (bytes + most - 1) / most;
    int64_t calls = (int64_t)(blocks->count / vector->loops->scores_keys) * tiles;
    int64_t even = calls / blocks->next_count;
    ahead.parts = (int32_t)(even > needed ? even : needed);
    ahead.count = blocks->next_count;
    ahead.bytes = (bytes + ahead.parts - 1) / ahead.parts;
    ahead.step = (ahead.bytes + vector->key_chunks - 1) / vector->key_chunks;
    return ahead;
}
