/* SPDX-License-Identifier: MIT
 *
 * The latent is cached, and each block of it expanded to a head's keys and values anew; jobs are
 * large, because each expands all its keys. */
#include "kernels/vector/expand.h"
#include "kernels/vector/forms.h"
#include "kernels/vector/rows.h"
#include "kernels/vector/worker.h"

static void parts(const struct mla_problem *problem, int32_t parts[2])
{
    parts[0] = problem->qk_nope_head_dim;
    parts[1] = problem->qk_rope_head_dim;
}

/* Columns that fill up a chunk are never written afterwards. */
static void begin(const struct vector *vector, struct worker *worker)
{
    memset(worker->panel, 0,
           (size_t)(vector->panel_chunks * SIMD_PANEL_STRIDE) * sizeof *worker->panel);
}

static void expand(const struct vector *vector, struct worker *worker, const struct job *job,
                   int32_t count, const void *const *pieces)
{
    const struct mla_problem *p = vector->problem;
    const struct mla_call *call = vector->call;
    const struct row_part *part = vector->shape.row.part;
    vector->loops->pack(&part[0], pieces, count, worker->latent, 0);
    vector->loops->pack(&part[1], pieces, count, worker->panel, simd_chunks(p->qk_nope_head_dim));
    mla_enter(call, worker->thread, MLA_STAGE_ABSORB);
    expand_to_panel(vector->loops, p, vector->prepared, job->group, false, worker->latent, count,
                    worker->panel);
    mla_enter(call, worker->thread, MLA_STAGE_VALUE_UP);
    expand_to_panel(vector->loops, p, vector->prepared, job->group, true, worker->latent, count,
                    worker->panel + vector->value_chunk * SIMD_PANEL_STRIDE);
    mla_enter(call, worker->thread, MLA_STAGE_CORE);
}

const struct vector_form vector_reexpanded = {
    .shape = reexpanded_shape,
    .parts = parts,
    .expands = true,
    .rows = 2048,
    .span = 1920,
    .begin = begin,
    .queries = copy_queries,
    .keys = expand,
    .outputs = copy_outputs,
};
