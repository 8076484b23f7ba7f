/* SPDX-License-Identifier: MIT */
#include "kernels/vector.h"
#include "kernels/call.h"
#include "kernels/keys.h"
#include "kernels/row_cache.h"
#include "kernels/vector_worker.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { WAVE_JOBS = 256 };

/* Jobs between two barriers: enough of them to share out evenly, and no more memory than that. */
struct wave {
    struct job jobs[WAVE_JOBS];
    int32_t count;
    int64_t weight;
    bool last;
};

/* The workspace, in bytes from a multiple of 64: what the wave shares, then each thread's own. */
struct memory {
    int64_t q, sums, workers, shared;
    int64_t panel, latent, weights, partials[2], own;
};

static int64_t round_up(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static struct memory lay_out(const struct vector *vector)
{
    const int64_t size = sizeof(float), panel = SIMD_PANEL_STRIDE * size;
    struct memory m = {0};
    m.sums = round_up(vector->wave_tiles * vector->tile_floats * size);
    m.workers = m.sums + round_up(vector->wave_tiles * SIMD_ROWS * vector->value_floats * size);
    m.shared = m.workers + round_up(vector->problem->max_threads * (int64_t)sizeof(struct worker));
    m.latent = round_up(vector->panel_chunks * panel);
    m.weights = m.latent + round_up(vector->latent_chunks * panel);
    m.partials[0] = m.weights + round_up(SIMD_WEIGHTS * size);
    m.partials[1] = m.partials[0] + partials_bytes(vector);
    m.own = m.partials[1] + partials_bytes(vector);
    return m;
}

static char *aligned(void *workspace)
{
    return (char *)workspace + (-(uintptr_t)workspace & 63);
}

int vector_plan(const struct vector_variant *variant, const struct mla_problem *problem,
                enum mla_kind cached, struct mla_plan *plan)
{
    struct vector vector;
    vector_layout(variant, problem, &vector);
    struct memory memory = lay_out(&vector);
    int error = plan_rows(problem, cached, vector.shape.row, 0, plan);
    if (error)
        return error;
    plan->workspace = (size_t)(64 + memory.shared + problem->max_threads * memory.own);
    return 0;
}

/* Thread t's part of a wave begins here. */
static int64_t share(const struct wave *wave, int32_t threads, int32_t t)
{
    return (int64_t)((__int128)wave->weight * t / threads);
}

/* The thread that a piece of work belongs to: the one in whose part its middle lies. */
static int32_t sharer(const struct wave *wave, int32_t threads, int64_t begin, int64_t weight)
{
    int32_t t = 0;
    while (t + 1 < threads && share(wave, threads, t + 1) <= begin + weight / 2)
        t++;
    return t;
}

/* The weight of the job's first or last piece of work. */
static int64_t edge_weight(const struct vector *vector, const struct job *job, bool last)
{
    int64_t from = last ? (job_spans(job) - 1) * VECTOR_SPAN : 0;
    int32_t t = last ? job->tiles - 1 : 0, weight;
    while ((weight = tile_keys_in(vector, job, t, from, VECTOR_SPAN)) == 0)
        t += last ? -1 : 1;
    return weight;
}

static void fill(const struct vector *vector, struct job_cursor *cursor, char *memory,
                 const struct memory *layout, struct wave *wave)
{
    int64_t tiles = 0;
    int32_t threads = vector->call->threads;
    *wave = (struct wave){0};
    while (wave->count < WAVE_JOBS) {
        struct job *job = &wave->jobs[wave->count];
        struct job_cursor before = *cursor;
        if (!jobs_next(vector, cursor, job)) {
            wave->last = true;
            break;
        }
        if (tiles + job->tiles > vector->wave_tiles) {
            *cursor = before;
            break;
        }
        job->q = (float *)(memory + layout->q) + tiles * vector->tile_floats;
        job->sums = (float *)(memory + layout->sums) + tiles * SIMD_ROWS * vector->value_floats;
        job->before = wave->weight;
        wave->weight += job->weight;
        tiles += job->tiles;
        wave->count++;
    }
    for (int32_t j = 0; j < wave->count; j++) {
        struct job *job = &wave->jobs[j];
        job->first_thread = job->last_thread = -1;
        if (job->weight > 0) {
            int64_t first = edge_weight(vector, job, false), last = edge_weight(vector, job, true);
            job->first_thread = sharer(wave, threads, job->before, first);
            job->last_thread = sharer(wave, threads, job->before + job->weight - last, last);
        }
    }
}

/* Blocks of a job's keys, one after the other, the next always known. */
struct blocks {
    struct key_cursor cursor;
    const struct vector *vector;
    const struct job *job;
    int32_t count, next_count;
    const void *pieces[2][SIMD_BLOCK];
    int now;
};

static int32_t list_pieces(struct blocks *blocks, const void **pieces)
{
    int64_t slots[SIMD_BLOCK];
    const struct shape *shape = &blocks->vector->shape;
    int32_t count = keys_next(&blocks->cursor, SIMD_BLOCK, slots);
    for (int32_t j = 0; j < count; j++)
        pieces[j] = row_cache_at(blocks->vector->problem, blocks->vector->cache, shape->row,
                                 slots[j], blocks->job->group * shape->group_stride);
    return count;
}

static void blocks_begin(const struct vector *vector, const struct job *job, int64_t key,
                         struct blocks *blocks)
{
    blocks->vector = vector;
    blocks->job = job;
    blocks->cursor = keys_of(vector->problem, vector->call, job->seq, job->token + job->tokens - 1);
    keys_skip(&blocks->cursor, key);
    blocks->now = 1;
    blocks->next_count = list_pieces(blocks, blocks->pieces[0]);
}

static void blocks_step(struct blocks *blocks)
{
    blocks->now = !blocks->now;
    blocks->count = blocks->next_count;
    blocks->next_count = list_pieces(blocks, blocks->pieces[!blocks->now]);
}

/* Tiles [from, to) of a job attend a span; the blocks stand before it. */
static void attend_span(const struct vector *vector, struct worker *worker, const struct job *job,
                        int64_t span, int32_t from, int32_t to, struct blocks *blocks)
{
    enum { AT_ONCE = 4 * SIMD_TILES_AT_ONCE };
    int64_t end = (span + 1) * VECTOR_SPAN < job->keys ? (span + 1) * VECTOR_SPAN : job->keys;
    struct partials *partials = &worker->partials[job->first_thread == worker->thread];
    const struct mla_problem *p = vector->problem;
    /* A tile of scores prefetches at most a line for each chunk. */
    int64_t row_bytes = vector->shape.columns * row_cache_value_bytes(p);
    int64_t piece = vector->key_chunks * SIMD_CHUNK * (int64_t)sizeof(float);
    for (int64_t done = span * VECTOR_SPAN; done < end; done += blocks->count) {
        blocks_step(blocks);
        const void *const *rows = blocks->pieces[blocks->now];
        bool direct = to - from <= vector->direct_tiles;
        if (!direct)
            vector->form->keys(vector, worker, job, blocks->count, rows);
        int32_t parts = (int32_t)((row_bytes + piece - 1) / piece);
        struct simd_block block = {
            .rows = direct ? rows : NULL,
            .format = p->format,
            .panel = worker->panel,
            .count = blocks->count,
            .key_chunks = vector->key_chunks,
            .value_chunk = vector->value_chunk,
            .value_column = vector->shape.value_column,
            .value_chunks = vector->value_chunks,
            .scale = p->scale,
            .first = done == span * VECTOR_SPAN,
            .ahead = {.rows = blocks->pieces[!blocks->now],
                      .parts = parts,
                      .count = blocks->next_count * parts,
                      .bytes = (row_bytes + parts - 1) / parts},
        };
        for (int32_t some = from; some < to; some += AT_ONCE) {
            struct simd_tile tiles[AT_ONCE];
            int32_t count = to - some < AT_ONCE ? to - some : AT_ONCE;
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
            vector->loops->attend(&block, tiles, count, worker->weights);
            block.ahead.count = 0;
        }
    }
}

/* The tiles that have keys in the span have added them up. */
static void push_span(const struct vector *vector, struct worker *worker, const struct job *job,
                      int64_t span, int32_t from, int32_t to)
{
    struct partials *partials = &worker->partials[job->first_thread == worker->thread];
    for (int32_t t = from; t < to; t++) {
        if (tile_keys_in(vector, job, t, span * VECTOR_SPAN, VECTOR_SPAN) == 0)
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
            float sink = sinks[job->head + row % job->heads];
            float before = max;
            max = sink > max ? sink : max;
            float base = max == -INFINITY ? 0 : max;
            factor = expf(before - base);
            sum = sum * factor + expf(sink - base);
        }
        if (keys)
            for (int64_t x = 0; x < width; x++)
                out[x] = all->sums[i * width + x] * factor / sum;
        else
            memset(out, 0, (size_t)width * sizeof *out);
        vector->call->lse[place] = keys || sinks ? max + logf(sum) : -INFINITY;
    }
}

/* The thread's share of a job, and its result if no other shares it. */
static void attend_job(const struct vector *vector, struct worker *worker, const struct wave *wave,
                       const struct job *job)
{
    int32_t threads = vector->call->threads, t = worker->thread;
    int64_t begin = share(wave, threads, t), at = job->before;
    int64_t end = t + 1 < threads ? share(wave, threads, t + 1) : INT64_MAX;
    struct partials *partials = &worker->partials[job->first_thread == t];
    struct blocks blocks = {.vector = NULL};
    partials_clear(partials, job);
    for (int64_t span = 0; span < job_spans(job); span++) {
        int32_t from = job->tiles, to = 0;
        for (int32_t tile = 0; tile < job->tiles; tile++) {
            int32_t weight = tile_keys_in(vector, job, tile, span * VECTOR_SPAN, VECTOR_SPAN);
            if (weight > 0 && at + weight / 2 >= begin && at + weight / 2 < end) {
                from = tile < from ? tile : from;
                to = tile + 1;
            }
            at += weight;
        }
        if (from >= to)
            continue;
        if (!blocks.vector)
            blocks_begin(vector, job, span * VECTOR_SPAN, &blocks);
        attend_span(vector, worker, job, span, from, to, &blocks);
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

static bool of_job(const struct job *job, int32_t head)
{
    return head >= job->head && head < job->head + job->heads;
}

static void run_wave(const struct vector *vector, struct worker *worker,
                     const struct worker *workers, const struct wave *wave)
{
    const struct mla_call *call = vector->call;
    mla_enter(call, worker->thread, MLA_STAGE_ABSORB);
#pragma omp for schedule(static)
    for (int32_t head = 0; head < vector->shape.heads; head++)
        for (int32_t j = 0; j < wave->count; j++)
            if (of_job(&wave->jobs[j], head))
                vector->form->queries(vector, worker, &wave->jobs[j], head);
    mla_enter(call, worker->thread, MLA_STAGE_CORE);
    for (int32_t j = 0; j < wave->count; j++)
        if (worker->thread >= wave->jobs[j].first_thread &&
            worker->thread <= wave->jobs[j].last_thread)
            attend_job(vector, worker, wave, &wave->jobs[j]);
#pragma omp barrier
    for (int32_t j = 0; j < wave->count; j++)
        if (wave->jobs[j].first_thread < 0 ||
            wave->jobs[j].first_thread != wave->jobs[j].last_thread)
#pragma omp for schedule(static) nowait
            for (int32_t tile = 0; tile < wave->jobs[j].tiles; tile++)
                join_tile(vector, workers, &wave->jobs[j], tile);
#pragma omp barrier
    mla_enter(call, worker->thread, MLA_STAGE_VALUE_UP);
#pragma omp for schedule(static)
    for (int32_t head = 0; head < vector->shape.heads; head++)
        for (int32_t j = 0; j < wave->count; j++)
            if (of_job(&wave->jobs[j], head))
                vector->form->outputs(vector, worker, &wave->jobs[j], head);
}

int vector_attend(const struct vector_variant *variant, const struct mla_problem *problem,
                  const struct mla_memory *memory, const struct mla_call *call)
{
    int error = check_call(problem, call);
    if (error)
        return error;
    struct vector vector;
    vector_layout(variant, problem, &vector);
    vector.call = call;
    vector.cache = memory->cache;
    vector.prepared = memory->prepared;
    struct memory layout = lay_out(&vector);
    char *base = aligned(memory->workspace);
    struct job_cursor cursor = {0};
    struct wave wave;
    struct worker *workers = (struct worker *)(void *)(base + layout.workers);
#pragma omp parallel num_threads(call->threads)
    {
        int32_t t = omp_get_thread_num();
        char *own = base + layout.shared + t * layout.own;
        struct worker *worker = &workers[t];
        *worker = (struct worker){.thread = t,
                                  .panel = (float *)own,
                                  .latent = (float *)(own + layout.latent),
                                  .weights = (float *)(own + layout.weights)};
        for (int i = 0; i < 2; i++)
            partials_place(&vector, own + layout.partials[i], &worker->partials[i]);
        if (vector.form->begin)
            vector.form->begin(&vector, worker);
        bool last;
        do {
#pragma omp single
            fill(&vector, &cursor, base, &layout, &wave);
            last = wave.last;
            run_wave(&vector, worker, workers, &wave);
        } while (!last);
        mla_enter(call, t, MLA_STAGES);
    }
    return 0;
}
