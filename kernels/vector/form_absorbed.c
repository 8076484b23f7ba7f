/* SPDX-License-Identifier: MIT
 *
 * Wuk is folded into the query and Wuv applied to the weighted latent, so that the cached row
 * itself is every head's key and its c_kv part the value. */
#include "kernels/vector/forms.h"
#include "kernels/vector/rows.h"
#include "kernels/vector/worker.h"

void absorbed_parts(const struct mla_problem *problem, int32_t parts[2])
{
    parts[0] = problem->kv_lora_rank;
    parts[1] = problem->qk_rope_head_dim;
}

/* Tokens that share a pass over a head's weights. */
static int32_t some_tokens(const struct job *job, int64_t token)
{
    return (int32_t)(job->tokens - token < SIMD_ROWS ? job->tokens - token : SIMD_ROWS);
}

void absorbed_queries(const struct vector *vector, const struct job *job, int32_t head)
{
    const struct mla_problem *p = vector->problem;
    int64_t nope = p->qk_nope_head_dim, qk = qk_head_dim(p);
    for (int64_t token = 0; token < job->tokens; token += SIMD_ROWS) {
        const float *x[SIMD_ROWS];
        float *y[SIMD_ROWS];
        int32_t count = some_tokens(job, token);
        for (int32_t i = 0; i < count; i++) {
            x[i] = vector->call->q + place_of_head(vector, job, head, token + i, qk);
            y[i] = row_in_tile(vector, job, head, token + i);
        }
        vector->loops->combine(count, nope, p->kv_lora_rank, x, wuk(p, head), y);
        for (int32_t i = 0; i < count; i++)
            chunks_write(x[i] + nope, p->qk_rope_head_dim,
                         y[i] + simd_chunks(p->kv_lora_rank) * SIMD_TILE_STRIDE);
    }
    clear_spare_rows(vector, job, head);
}

void absorbed_outputs(const struct vector *vector, const struct job *job, int32_t head)
{
    const struct mla_problem *p = vector->problem;
    for (int64_t token = 0; token < job->tokens; token += SIMD_ROWS) {
        const float *x[SIMD_ROWS];
        float *y[SIMD_ROWS];
        int32_t count = some_tokens(job, token);
        for (int32_t i = 0; i < count; i++) {
            x[i] = job->sums + job_row(job, head, token + i) * vector->value_floats;
            y[i] = vector->call->o + place_of_head(vector, job, head, token + i, p->v_head_dim);
        }
        vector->loops->apply(count, p->v_head_dim, p->kv_lora_rank, wuv(p, head), x, y);
    }
}

static void latents(const struct vector *vector, struct worker *worker, const struct job *job,
                    int32_t count, const void *const *pieces)
{
    (void)job;
    pack_key(vector, count, pieces, worker->panel);
}

/* Core as % of the FMA peak, AVX2, decode; one thread and 2,048 keys unless said otherwise. */
const struct vector_form vector_absorbed = {
    .shape = absorbed_shape,
    .parts = absorbed_parts,
    .values_are_keys = true,
    .weights = true,
    .rows = 128,
    /* Core at 2 threads, V2-Lite at 2,048, 4,096 and 16,384 keys, V3 at 2,048 and 16,384:
     * 192: 85, 89, 87, 90, 93; 288: 87, 87, 87, 90, 91; 384: 86, 88, 88, 91, 93;
     * 480: 84, 90, 89, 91, 93. */
    .span = 384,
    .direct_fp32 = INT32_MAX, /* 16 | 64 | 128 rows: 90 | 90 | 93 %, with a panel 80 | 87 | 91 */
    .direct_halves = 16,      /* bf16: 89 | 90 | 89 %, with a panel 83 | 91 | 90 */
    .queries = absorbed_queries,
    .keys = latents,
    .outputs = absorbed_outputs,
};
