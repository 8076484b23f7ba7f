/* SPDX-License-Identifier: MIT
 *
 * The keys that a query attends, block by block, as slots of the cache. Blocks begin at kv_begin,
 * or at the start of the query's list, whatever else the call holds. */
#ifndef MLABENCH_KEYS_H
#define MLABENCH_KEYS_H

#include "kernels/kernel.h"

struct key_cursor {
    const struct mla_problem *problem;
    const struct mla_seq *seq;
    const int32_t *list; /* top_k positions, or NULL: every position */
    int64_t next, end;   /* of the positions, or of the list's entries */
    int64_t limit;       /* of the list's positions */
};

/* The keys of the sequence's new token t. A list's entries outside [kv_begin, kv_begin + mla_keys)
 * are passed over, which includes -1; one that is there twice counts twice. */
static inline struct key_cursor keys_of(const struct mla_problem *problem,
                                        const struct mla_call *call, const struct mla_seq *seq,
                                        int64_t t)
{
    int64_t limit = seq->kv_begin + mla_keys(problem, seq, t);
    if (!call->top_k_indices)
        return (struct key_cursor){problem, seq, NULL, seq->kv_begin, limit, limit};
    const int32_t *list = call->top_k_indices + (seq->token + t) * call->top_k;
    return (struct key_cursor){problem, seq, list, 0, call->top_k, limit};
}

/* Puts the next keys, at most `most`, into `slots` and returns how many there were: 0 at the end.
 */
static inline int32_t keys_next(struct key_cursor *keys, int32_t most, int64_t *slots)
{
    int32_t count = 0;
    for (; count < most && keys->next < keys->end; keys->next++) {
        int64_t position = keys->list ? keys->list[keys->next] : keys->next;
        if (position >= keys->seq->kv_begin && position < keys->limit)
            slots[count++] = mla_slot(keys->problem, keys->seq, position);
    }
    return count;
}

/* Passes over the next `count` keys, which there have to be. */
static inline void keys_skip(struct key_cursor *keys, int64_t count)
{
    if (!keys->list) {
        keys->next += count;
        return;
    }
    int64_t slot;
    while (count-- > 0)
        keys_next(keys, 1, &slot);
}

#endif
