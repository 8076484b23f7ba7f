/* SPDX-License-Identifier: MIT
 *
 * Keys and values are cached as they are used. */
#include "kernels/vector/forms.h"
#include "kernels/vector/rows.h"
#include "kernels/vector/worker.h"

static void parts(const struct mla_problem *problem, int32_t parts[2])
{
    parts[0] = problem->qk_nope_head_dim;
    parts[1] = problem->qk_rope_head_dim;
}

void copy_queries(const struct vector *vector, const struct job *job, int32_t head)
{
    int64_t first = vector->parts[0], qk = vector->shape.qk;
    for (int64_t token = 0; token < job->tokens; token++) {
        const float *from = vector->call->q + place_of_head(vector, job, head, token, qk);
        float *to = row_in_tile(vector, job, head, token);
        chunks_write(from, first, to);
        chunks_write(from + first, vector->parts[1], to + simd_chunks(first) * SIMD_TILE_STRIDE);
    }
    clear_spare_rows(vector, job, head);
}

void copy_outputs(const struct vector *vector, const struct job *job, int32_t head)
{
    int64_t v = vector->shape.v;
    for (int64_t token = 0; token < job->tokens; token++)
        memcpy(vector->call->o + place_of_head(vector, job, head, token, v),
               job->sums + job_row(job, head, token) * vector->value_floats,
               (size_t)v * sizeof(float));
}

static void keys_and_values(const struct vector *vector, struct worker *worker,
                            const struct job *job, int32_t count, const void *const *pieces)
{
    (void)job;
    pack_key(vector, count, pieces, worker->panel);
    vector->loops->pack(&vector->shape.row.part[2], pieces, count, worker->panel,
                        vector->value_chunk);
}

const struct vector_form vector_expanded = {
    .shape = expanded_shape,
    .parts = parts,
    .rows = 256,
    .span = 1920, /* AVX2, V2-Lite, 512 new after 2,048: 87 to 88 % of the FMA peak; so with 480 */
    .queries = copy_queries,
    .keys = keys_and_values,
    .outputs = copy_outputs,
};
