/* SPDX-License-Identifier: MIT */
#include "kernels/vector/chores.h"

/* A thread's part of a wave's heads. */
static int32_t part(const struct wave *wave, int32_t threads, int32_t thread)
{
    return (int32_t)((int64_t)wave->heads * thread / threads);
}

struct chores chores_begin(const struct vector *vector, const struct wave *before,
                           const struct wave *now, const struct wave *after, int32_t thread)
{
    int32_t threads = vector->call->threads;
    struct chores chores = {.vector = vector, .before = before, .after = after, .thread = thread};
    if (before) {
        chores.first_output = before->first_head + part(before, threads, thread);
        chores.outputs = part(before, threads, thread + 1) - part(before, threads, thread);
    }
    if (after) {
        chores.first_query = after->first_head + part(after, threads, thread);
        chores.queries = part(after, threads, thread + 1) - part(after, threads, thread);
    }
    for (int32_t j = 0; now && j < now->count; j++) {
        const struct job *job = &now->jobs[j];
        int64_t blocks = job->weight / job->tiles / SIMD_BLOCK;
        chores.steps += blocks * ((job->tiles + vector->tiles_at_once - 1) / vector->tiles_at_once);
    }
    chores.steps = chores.steps / threads + 1;
    return chores;
}

static int32_t due(const struct chores *chores, int64_t step)
{
    int64_t all = chores->outputs + chores->queries;
    return step >= chores->steps ? (int32_t)all : (int32_t)(all * step / chores->steps);
}

/* The weights of a chore. */
static struct simd_region weights_of(const struct chores *chores, int32_t chore)
{
    const struct mla_problem *p = chores->vector->problem;
    bool output = chore < chores->outputs;
    const float *first = output ? wuv(p, chores->first_output + chore)
                                : wuk(p, chores->first_query + chore - chores->outputs);
    int64_t floats = (int64_t)(output ? p->v_head_dim : p->qk_nope_head_dim) * p->kv_lora_rank;
    return (struct simd_region){(const char *)first, (const char *)(first + floats)};
}

struct simd_stream *chores_ahead(struct chores *chores, int32_t tiles, int32_t keys)
{
    struct simd_stream *stream = &chores->stream;
    *stream = (struct simd_stream){.count = 0};
    if (!chores->vector->streams)
        return NULL;
    int64_t bytes = 0;
    int32_t end = due(chores, chores->step + 1);
    for (int32_t chore = chores->done; chore < end && stream->count < SIMD_REGIONS; chore++) {
        struct simd_region region = weights_of(chores, chore);
        stream->regions[stream->count++] = region;
        bytes += region.end - region.next;
    }
    int64_t strips = (chores->vector->shape.v + chores->vector->loops->values_columns - 1) /
                     chores->vector->loops->values_columns;
    stream->bytes = bytes / (strips * tiles) + 1;
    stream->step = stream->bytes / keys + 1;
    return stream->count > 0 ? stream : NULL;
}

static void do_chore(const struct chores *chores, int32_t chore)
{
    const struct vector *vector = chores->vector;
    bool output = chore < chores->outputs;
    mla_enter(vector->call, chores->thread, output ? MLA_STAGE_VALUE_UP : MLA_STAGE_ABSORB);
    if (output)
        wave_outputs(vector, chores->before, chores->first_output + chore);
    else
        wave_queries(vector, chores->after, chores->first_query + chore - chores->outputs);
}

static void do_until(struct chores *chores, int32_t end)
{
    if (chores->done == end)
        return;
    while (chores->done < end)
        do_chore(chores, chores->done++);
    mla_enter(chores->vector->call, chores->thread, MLA_STAGE_CORE);
}

void chores_step(struct chores *chores)
{
    do_until(chores, due(chores, ++chores->step));
}

void chores_finish(struct chores *chores)
{
    do_until(chores, chores->outputs + chores->queries);
}
