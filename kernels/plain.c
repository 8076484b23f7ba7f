/* SPDX-License-Identifier: MIT */
#include "kernels/plain.h"
#include "kernels/call.h"
#include "kernels/dot.h"
#include "kernels/expand.h"
#include "kernels/keys.h"
#include "kernels/row_cache.h"
#include "kernels/softmax.h"

#include <omp.h>
#include <string.h>

int64_t plain_workspace(const struct mla_problem *problem, const struct shape *shape)
{
    return problem->max_keys + row_cache_gathered(&shape->row, BLOCK_MAX, false);
}

/* Some of a query's keys and values. */
struct block {
    int64_t slots[BLOCK_MAX];
    const float *list[BLOCK_MAX];
    struct rows rows;
};

static int32_t next_block(struct key_cursor *keys, const struct shape *shape, const void *cache,
                          int32_t head, float *gathered, struct block *block)
{
    int32_t count = keys_next(keys, BLOCK_MAX, block->slots);
    int64_t group = head / (shape->heads / shape->groups);
    if (count > 0)
        block->rows = row_cache_rows(&shape->row, cache, group, count, block->slots, false,
                                     block->list, gathered);
    return count;
}

void plain_attend(const struct mla_problem *problem, const struct shape *shape, const void *cache,
                  const struct mla_call *call, const struct mla_seq *seq, int64_t t, int32_t head,
                  const float *q, float *workspace, float *o, float *lse)
{
    struct block block;
    struct softmax softmax = softmax_begin(call->sinks ? call->sinks + head : NULL);
    float *scores = workspace, *gathered = workspace + problem->max_keys;
    int64_t n = 0;
    int32_t count;

    struct key_cursor keys = keys_of(problem, call, seq, t);
    for (; (count = next_block(&keys, shape, cache, head, gathered, &block)) > 0; n += count)
        for (int32_t j = 0; j < count; j++)
            scores[n + j] = problem->scale * dot(shape->qk, q, row_at(&block.rows, j));

    if (n > 0)
        softmax_block(&softmax, n, scores);
    *lse = softmax_lse(&softmax);

    memset(o, 0, (size_t)shape->v * sizeof(float));
    keys = keys_of(problem, call, seq, t);
    for (n = 0; (count = next_block(&keys, shape, cache, head, gathered, &block)) > 0; n += count)
        for (int32_t j = 0; j < count; j++) {
            const float *value = row_at(&block.rows, j) + shape->value_column;
            for (int64_t x = 0; x < shape->v; x++)
                o[x] += scores[n + j] * value[x];
        }
    for (int64_t x = 0; x < shape->v; x++)
        o[x] /= softmax_divisor(&softmax);
}

int plain_expanded_plan(const struct mla_problem *problem, struct mla_plan *plan)
{
    struct shape shape = expanded_shape(problem);
    int64_t floats = plain_workspace(problem, &shape);
    int64_t storing = expand_workspace(&loops_arithmetic, problem);
    return plan_rows(problem, MLA_KV, &shape.row, floats > storing ? floats : storing, plan);
}

int plain_expanded_attend(const struct mla_problem *problem, const struct mla_memory *memory,
                          const struct mla_call *call)
{
    int error = check_call(problem, call);
    if (error)
        return error;
    struct shape shape = expanded_shape(problem);
    int64_t floats = thread_floats(plain_workspace(problem, &shape));
#pragma omp parallel num_threads(call->threads)
    {
        int32_t thread = omp_get_thread_num();
        float *workspace = (float *)memory->workspace + thread * floats;
        mla_enter(call, thread, MLA_STAGE_CORE);
        for (const struct mla_seq *seq = call->seqs; seq < call->seqs + call->batch; seq++)
#pragma omp for collapse(2) schedule(dynamic) nowait
            for (int64_t t = 0; t < seq->tokens; t++)
                for (int32_t h = 0; h < problem->heads; h++) {
                    int64_t row = (seq->token + t) * problem->heads + h;
                    plain_attend(problem, &shape, memory->cache, call, seq, t, h,
                                 call->q + row * shape.qk, workspace, call->o + row * shape.v,
                                 call->lse + row);
                }
        mla_enter(call, thread, MLA_STAGES);
    }
    return 0;
}
