/* SPDX-License-Identifier: MIT */
#include "kernels/vector/wave.h"

/* The thread that a piece of work belongs to: the one in whose part its middle lies. */
static int32_t sharer(const struct wave *wave, int32_t threads, int64_t begin, int64_t weight)
{
    int32_t t = 0;
    while (t + 1 < threads && wave_share(wave, threads, t + 1) <= begin + weight / 2)
        t++;
    return t;
}

/* The weight of the job's first or last piece of work. */
static int64_t edge_weight(const struct vector *vector, const struct job *job, bool last)
{
    int64_t from = last ? (job_spans(vector, job) - 1) * vector->span : 0;
    int32_t t = last ? job->tiles - 1 : 0, weight;
    while ((weight = tile_keys_in(vector, job, t, from, vector->span)) == 0)
        t += last ? -1 : 1;
    return weight;
}

static void cover_heads(struct wave *wave)
{
    int32_t first = INT32_MAX, end = 0;
    for (int32_t j = 0; j < wave->count; j++) {
        const struct job *job = &wave->jobs[j];
        first = job->head < first ? job->head : first;
        end = job->head + job->heads > end ? job->head + job->heads : end;
    }
    wave->first_head = wave->count > 0 ? first : 0;
    wave->heads = wave->count > 0 ? end - first : 0;
}

void wave_fill(const struct vector *vector, struct job_cursor *cursor, float *q, float *sums,
               struct wave *wave)
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
        bool other_heads = wave->count > 0 && job->head != wave->jobs[0].head;
        if (tiles + job->tiles > vector->wave_tiles || (vector->streams && other_heads)) {
            *cursor = before;
            break;
        }
        job->q = q + tiles * vector->tile_floats;
        job->sums = sums + tiles * SIMD_ROWS * vector->value_floats;
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
    cover_heads(wave);
}

static bool has_head(const struct job *job, int32_t head)
{
    return head >= job->head && head < job->head + job->heads;
}

void wave_queries(const struct vector *vector, const struct wave *wave, int32_t head)
{
    for (int32_t j = 0; j < wave->count; j++)
        if (has_head(&wave->jobs[j], head))
            vector->form->queries(vector, &wave->jobs[j], head);
}

void wave_outputs(const struct vector *vector, const struct wave *wave, int32_t head)
{
    for (int32_t j = 0; j < wave->count; j++)
        if (has_head(&wave->jobs[j], head))
            vector->form->outputs(vector, &wave->jobs[j], head);
}
