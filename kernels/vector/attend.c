/* SPDX-License-Identifier: MIT */
#include "kernels/vector/attend.h"
#include "kernels/call.h"
#include "kernels/vector/core.h"

#include <omp.h>

/* The workspace, in bytes from a multiple of 64: what the threads share, then each one's own. Of
 * two waves one has its queries made, or its outputs, while the other attends. */
struct memory {
    int64_t q[2], sums[2], workers, shared;
    int64_t panel, latent, weights, partials[2], own;
};

static struct memory lay_out(const struct vector *vector)
{
    const int64_t size = sizeof(float), panel = SIMD_PANEL_STRIDE * size;
    int64_t q = whole_lines(vector->wave_tiles * vector->tile_floats * size);
    int64_t sums = whole_lines(vector->wave_tiles * SIMD_ROWS * vector->value_floats * size);
    struct memory m = {.q = {0, q}, .sums = {2 * q, 2 * q + sums}, .workers = 2 * (q + sums)};
    m.shared =
        m.workers + whole_lines(vector->problem->max_threads * (int64_t)sizeof(struct worker));
    m.latent = whole_lines(vector->panel_chunks * panel);
    m.weights = m.latent + whole_lines(vector->latent_chunks * panel);
    m.partials[0] = m.weights + whole_lines(size * SIMD_WEIGHTS);
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
    int error = plan_rows(problem, cached, &vector.shape.row, 0, plan);
    if (error)
        return error;
    plan->workspace = (size_t)(64 + memory.shared + problem->max_threads * memory.own);
    return 0;
}

/* All that the threads of a call share. */
struct team {
    struct vector vector;
    struct memory layout;
    char *memory;
    struct worker *workers;
    struct job_cursor cursor;
    struct wave waves[3]; /* number k is waves[k % 3]: the one before, now, and after */
};

static void fill(struct team *team, int64_t k)
{
    wave_fill(&team->vector, &team->cursor, (float *)(team->memory + team->layout.q[k % 2]),
              (float *)(team->memory + team->layout.sums[k % 2]), &team->waves[k % 3]);
}

static struct worker *begin_worker(struct team *team, int32_t thread)
{
    const struct memory *layout = &team->layout;
    char *own = team->memory + layout->shared + thread * layout->own;
    struct worker *worker = &team->workers[thread];
    *worker = (struct worker){.thread = thread,
                              .panel = (float *)own,
                              .latent = (float *)(own + layout->latent),
                              .weights = (float *)(own + layout->weights)};
    for (int i = 0; i < 2; i++)
        partials_place(&team->vector, own + layout->partials[i], &worker->partials[i]);
    if (team->vector.form->begin)
        team->vector.form->begin(&team->vector, worker);
    return worker;
}

/* One thread's way through all waves. */
static void run_waves(struct team *team, int32_t thread)
{
    const struct vector *vector = &team->vector;
    struct worker *worker = begin_worker(team, thread);
    const struct wave *before = NULL, *now, *after = &team->waves[0];
#pragma omp single
    fill(team, 0);
    struct chores chores = chores_begin(vector, NULL, NULL, after, thread);
    chores_finish(&chores);
    for (int64_t k = 0; after; k++) {
        now = after;
        after = now->last ? NULL : &team->waves[(k + 1) % 3];
#pragma omp barrier
        if (after) {
#pragma omp single
            fill(team, k + 1);
        }
        mla_enter(vector->call, thread, MLA_STAGE_CORE);
        chores = chores_begin(vector, before, now, after, thread);
        if (!vector->streams)
            chores_finish(&chores);
        core_attend(vector, worker, now, &chores);
        chores_finish(&chores);
#pragma omp barrier
        core_join(vector, team->workers, now);
        before = now;
    }
#pragma omp barrier
    chores = chores_begin(vector, before, NULL, NULL, thread);
    chores_finish(&chores);
}

int vector_attend(const struct vector_variant *variant, const struct mla_problem *problem,
                  const struct mla_memory *memory, const struct mla_call *call)
{
    int error = check_call(problem, call);
    if (error)
        return error;
    struct team team = {.memory = aligned(memory->workspace)};
    vector_layout(variant, problem, &team.vector);
    vector_take_call(&team.vector, call);
    team.vector.cache = memory->cache;
    team.vector.prepared = memory->prepared;
    team.layout = lay_out(&team.vector);
    team.workers = (struct worker *)(void *)(team.memory + team.layout.workers);
#pragma omp parallel num_threads(call->threads)
    {
        int32_t thread = omp_get_thread_num();
        run_waves(&team, thread);
        mla_enter(call, thread, MLA_STAGES);
    }
    return 0;
}
