/* SPDX-License-Identifier: MIT */
#include "kernels/vector/core.h"
#include "kernels/vector/blocks.h"

#include <math.h>
#include <string.h>

/* Tiles [from, to) of a job attend a span; the blocks stand before it. */
static void attend_span(const struct vector *vector, struct worker *worker, const struct job *job,
                        int64_t span, int32_t from, int32_t to, struct blocks *blocks,
                        struct chores *chores)
{
    int64_t end = (span + 1) * vector->span < job->keys ? (span + 1) * vector->span : job->keys;
    struct partials *partials = &worker->partials[job->first_thread == worker->thread];
    const struct mla_problem *p = vector->problem;
    for (int64_t done = span * vector->span; done < end; done += blocks->count) {
        const void *const *rows = blocks_step(blocks);
        bool direct = to - from <= vector->direct_tiles;
        if (!direct)
            vector->form->keys(vector, worker, job, blocks->count, rows);
        struct simd_ahead ahead = blocks_ahead(blocks, to - from);
        struct simd_block block = {
            .rows = direct ? rows : NULL,
            .format = p->format,
            .panel = worker->panel,
            .count = blocks->count,
            .key_chunks = vector->key_chunks,
            .value_chunk = vector->value_chunk,
            .value_chunks = vector->value_chunks,
            .scale = (float)(p->scale * M_LOG2E),
            .first = done == span * vector->span,
            .ahead = &ahead,
        };
        for (int32_t some = from; some < to; some += vector->tiles_at_once) {
            struct simd_tile tiles[MOST_TILES_AT_ONCE];
            int32_t left = to - some;
            int32_t count = left < vector->tiles_at_once ? left : vector->tiles_at_once;
            block.stream = chores_ahead(chores, count, block.count);
            for (int32_t t = 0; t < count; t++) {
                struct partial partial = partials_next(vector, partials, some + t);
                tiles[t] = (struct simd_tile){.q = job->q + (some + t) * vector->tile_floats,
                                              .sums = partial.sums,
                                              .max = partial.max,
                                              .sum = partial.sum};
                for (int32_t i = 0; i < SIMD_ROWS; i++)
                    tiles[t].counts[i] =
                        job_keys_in(vector, job, (some + t) * SIMD_ROWS + i, done, block.count);
            }
            if (vector->form->attend)
                vector->form->attend(vector, worker, &block, tiles, count);
            else
                vector->loops->attend(&block, tiles, count, worker->weights);
            chores_step(chores);
        }
    }
}

/* The tiles that have keys in the span have added them up. */
static void push_span(const struct vector *vector, struct worker *worker, const struct job *job,
                      int64_t span, int32_t from, int32_t to)
{
    struct partials *partials = &worker->partials[job->first_thread == worker->thread];
    for (int32_t t = from; t < to; t++) {
        if (tile_keys_in(vector, job, t, span * vector->span, vector->span) == 0)
            continue;
        struct partial partial = partials_next(vector, partials, t);
        partial.index = span;
        partials_push(vector, job, t, &partial, partials->stacks + t * vector->partials,
                      &partials->counts[t]);
    }
}

/* A tile's result: sums over the keys as weights are normalised, and lse. `all` is NULL if no row
 * has a key. */
static void finish_tile(const struct vector *vector, const struct job *job, int32_t tile,
                        const struct partial *all)
{
    int64_t width = vector->value_floats;
    for (int32_t i = 0; i < SIMD_ROWS && tile * SIMD_ROWS + i < job->rows; i++) {
        int32_t row = tile * SIMD_ROWS + i;
        int64_t place = job_place(vector, job, row);
        const float *sinks = vector->call->sinks;
        float *out = job->sums + row * width;
        bool keys = all && job_keys(vector, job, row) > 0;
        float max = keys ? all->max[i] : -INFINITY, sum = keys ? all->sum[i] : 0, factor = 1;
        if (sinks) {
            float sink = (float)(sinks[job->head + row % job->heads] * M_LOG2E);
            float before = max;
            max = sink > max ? sink : max;
            float base = max == -INFINITY ? 0 : max;
            factor = exp2f(before - base);
            sum = sum * factor + exp2f(sink - base);
        }
        if (keys)
            for (int64_t x = 0; x < width; x++)
                out[x] = all->sums[i * width + x] * factor / sum;
        else
            memset(out, 0, (size_t)width * sizeof *out);
        vector->call->lse[place] =
            keys || sinks ? (float)((double)max * M_LN2 + log((double)sum)) : -INFINITY;
    }
}

/* The thread's share of a job, and its result if no other shares it. */
static void attend_job(const struct vector *vector, struct worker *worker, const struct wave *wave,
                       const struct job *job, struct chores *chores)
{
    int32_t threads = vector->call->threads, t = worker->thread;
    int64_t begin = wave_share(wave, threads, t), at = job->before;
    int64_t end = t + 1 < threads ? wave_share(wave, threads, t + 1) : INT64_MAX;
    struct partials *partials = &worker->partials[job->first_thread == t];
    struct blocks blocks = {.vector = NULL};
    partials_clear(partials, job);
    for (int64_t span = 0; span < job_spans(vector, job); span++) {
        int32_t from = job->tiles, to = 0;
        for (int32_t tile = 0; tile < job->tiles; tile++) {
            int32_t weight = tile_keys_in(vector, job, tile, span * vector->span, vector->span);
            if (weight > 0 && at + weight / 2 >= begin && at + weight / 2 < end) {
                from = tile < from ? tile : from;
                to = tile + 1;
            }
            at += weight;
        }
        if (from >= to)
            continue;
        if (!blocks.vector)
            blocks_begin(vector, job, span * vector->span, &blocks);
        attend_span(vector, worker, job, span, from, to, &blocks, chores);
        push_span(vector, worker, job, span, from, to);
    }
    if (job->first_thread != job->last_thread)
        return;
    for (int32_t tile = 0; tile < job->tiles; tile++) {
        struct partial *stack = partials->stacks + tile * vector->partials;
        if (partials->counts[tile] > 0)
            partials_finish(vector, job, tile, stack, &partials->counts[tile]);
        finish_tile(vector, job, tile, partials->counts[tile] > 0 ? stack : NULL);
    }
}

void core_attend(const struct vector *vector, struct worker *worker, const struct wave *wave,
                 struct chores *chores)
{
    for (int32_t j = 0; j < wave->count; j++)
        if (worker->thread >= wave->jobs[j].first_thread &&
            worker->thread <= wave->jobs[j].last_thread)
            attend_job(vector, worker, wave, &wave->jobs[j], chores);
}

/* What several threads have added up of a tile, or none, as it has no keys. */
static void join_tile(const struct vector *vector, const struct worker *workers,
                      const struct job *job, int32_t tile)
{
    struct partial stack[PARTIALS_MOST];
    int32_t count = 0;
    for (int32_t t = job->first_thread; t >= 0 && t <= job->last_thread; t++) {
        const struct partials *partials = &workers[t].partials[t == job->first_thread];
        for (int32_t i = 0; i < partials->counts[tile]; i++)
            partials_push(vector, job, tile, &partials->stacks[tile * vector->partials + i], stack,
                          &count);
    }
    if (count > 0)
        partials_finish(vector, job, tile, stack, &count);
    finish_tile(vector, job, tile, count > 0 ? stack : NULL);
}

void core_join(const struct vector *vector, const struct worker *workers, const struct wave *wave)
{
    for (int32_t j = 0; j < wave->count; j++)
        if (wave->jobs[j].first_thread < 0 ||
            wave->jobs[j].first_thread != wave->jobs[j].last_thread)
#pragma omp for schedule(static) nowait
            for (int32_t tile = 0; tile < wave->jobs[j].tiles; tile++)
                join_tile(vector, workers, &wave->jobs[j], tile);
}
