/* SPDX-License-Identifier: MIT */
#include "harness/workload.h"

#include "harness/random.h"

#include <stdlib.h>

static int64_t cached_tokens(const struct bench_case *c, uint64_t seed, int32_t seq)
{
    if (!c->ragged || seq == 0)
        return c->cached;
    if (seq == 1 || seq == c->batch - 1)
        return 0;
    return (int64_t)random_below(seed, RANDOM_LENGTHS, (uint64_t)seq, (uint64_t)c->cached + 1);
}

int workload_create(const struct bench_case *c, uint64_t seed, struct workload *workload,
                    struct mla_error *error)
{
    *workload =
        (struct workload){.batch = c->batch, .listed = c->top_k, .shared_prefix = c->shared_prefix};
    workload->seqs = calloc((size_t)c->batch, sizeof *workload->seqs);
    if (!workload->seqs)
        return mla_fail(error, MLA_MACHINE, "no memory for a batch of %d sequences", c->batch);
    for (int32_t i = 0; i < c->batch; i++) {
        struct mla_seq *seq = &workload->seqs[i];
        bool idle = c->ragged && c->batch >= 3 && i == c->batch - 1;
        seq->token = workload->tokens;
        seq->tokens = idle ? 0 : c->new_tokens;
        seq->position = cached_tokens(c, seed, i);
        seq->kv_end = seq->position + seq->tokens;
        workload->tokens += seq->tokens;
        workload->rows += seq->kv_end;
        if (workload->max_keys < seq->kv_end)
            workload->max_keys = seq->kv_end;
    }
    workload_place(workload, 1, 0);
    return 0;
}

void workload_destroy(struct workload *workload)
{
    free(workload->seqs);
    *workload = (struct workload){0};
}

void workload_place(struct workload *workload, int64_t align, int64_t spare)
{
    int64_t slot = 0;
    for (int32_t i = 0; i < workload->batch; i++) {
        workload->seqs[i].slot = slot;
        slot += workload->seqs[i].kv_end + spare;
        slot = (slot + align - 1) / align * align;
    }
    workload->slots = slot;
}

int64_t workload_first_row(const struct workload *workload, int32_t seq)
{
    int64_t row = 0;
    for (int32_t i = 0; i < seq; i++)
        row += workload->seqs[i].kv_end;
    return row;
}

int64_t workload_shared(const struct workload *workload, int32_t seq)
{
    int64_t first = workload->seqs[0].position, own = workload->seqs[seq].position;
    int64_t both = first < own ? first : own;
    if (seq == 0)
        return 0;
    return both < workload->shared_prefix ? both : workload->shared_prefix;
}

int64_t workload_shared_rows(const struct workload *workload, int64_t page_size)
{
    int64_t rows = 0;
    for (int32_t i = 0; i < workload->batch && page_size > 0; i++)
        rows += workload_shared(workload, i) / page_size * page_size;
    return rows;
}

int64_t workload_slots_taken(const struct workload *workload, int64_t page_size)
{
    if (page_size == 0)
        return workload->rows;
    int64_t pages = 0;
    for (int32_t i = 0; i < workload->batch; i++)
        pages += (workload->seqs[i].kv_end + page_size - 1) / page_size;
    return pages * page_size - workload_shared_rows(workload, page_size);
}

int64_t workload_keys(const struct workload *workload, const struct mla_problem *problem,
                      int32_t seq_index, int64_t t)
{
    const struct mla_seq *seq = &workload->seqs[seq_index];
    int64_t keys = mla_keys(problem, seq, t), count = 0;
    if (workload->listed == 0)
        return keys;
    if (!workload->lists)
        return workload->listed < keys ? workload->listed : keys;
    const int32_t *list = workload->lists + (seq->token + t) * workload->listed;
    for (int32_t k = 0; k < workload->listed; k++)
        count += list[k] >= seq->kv_begin && list[k] < seq->kv_begin + keys;
    return count;
}

int64_t workload_pairs(const struct workload *workload, const struct mla_problem *problem)
{
    int64_t pairs = 0;
    for (int32_t i = 0; i < workload->batch; i++)
        for (int64_t t = 0; t < workload->seqs[i].tokens; t++)
            pairs += workload_keys(workload, problem, i, t);
    return pairs;
}
