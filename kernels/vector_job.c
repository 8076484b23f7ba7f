/* SPDX-License-Identifier: MIT */
#include "kernels/vector_job.h"
#include "kernels/call.h"
#include "kernels/vector_partials.h"

enum { WAVE_TILES = 1024 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Tiles of all jobs of the largest call: each token and group has rows of its own. */
static int64_t most_tiles(const struct vector *vector)
{
    const struct shape *shape = &vector->shape;
    int64_t of_token = (shape->heads / shape->groups + SIMD_ROWS - 1) / SIMD_ROWS;
    return vector->problem->max_tokens * shape->groups * of_token;
}

static bool whole_chunks(const struct vector *vector)
{
    return vector->parts[0] % SIMD_CHUNK == 0 && vector->parts[1] % SIMD_CHUNK == 0 &&
           vector->shape.v % SIMD_CHUNK == 0;
}

void vector_layout(const struct vector_variant *variant, const struct mla_problem *problem,
                   struct vector *vector)
{
    const struct vector_form *form = variant->form;
    *vector = (struct vector){
        .form = form, .loops = variant->loops, .problem = problem, .shape = form->shape(problem)};
    form->parts(problem, vector->parts);
    vector->key_chunks = simd_chunks(vector->parts[0]) + simd_chunks(vector->parts[1]);
    vector->value_chunks = simd_chunks(vector->shape.v);
    vector->value_chunk = form->values_are_keys ? 0 : vector->key_chunks;
    vector->panel_chunks = vector->key_chunks + (form->values_are_keys ? 0 : vector->value_chunks);
    if (whole_chunks(vector))
        vector->direct_tiles = problem->format == MLA_BF16 ? form->direct_bf16 : form->direct_fp32;
    vector->latent_chunks = form->expands ? simd_chunks(problem->kv_lora_rank) : 0;
    vector->tile_floats = vector->key_chunks * SIMD_TILE_STRIDE;
    vector->value_floats = vector->value_chunks * SIMD_CHUNK;
    vector->job_tiles = least(form->rows / SIMD_ROWS, most_tiles(vector));
    vector->wave_tiles = least(WAVE_TILES + vector->job_tiles, most_tiles(vector));
    vector->partials = partials_needed(problem->max_keys);
}

/* A job's heads are few and its tokens many, where there are: weights are then read once for many
 * tokens. */
static void size_job(const struct vector *vector, const struct job_cursor *cursor, struct job *job)
{
    int64_t rows = vector->form->rows;
    int64_t heads = vector->shape.heads / vector->shape.groups;
    int64_t tokens = job->seq->tokens - cursor->token;
    int64_t fewest = least(heads, SIMD_ROWS);
    job->tokens = vector->call->top_k_indices ? 1 : least(tokens, rows / fewest);
    int64_t fitting = least(heads, rows / job->tokens);
    if (fitting < heads && fitting > SIMD_ROWS)
        fitting -= fitting % SIMD_ROWS;
    job->heads = (int32_t)least(heads - cursor->head, fitting);
}

/* To the next heads, tokens, group, sequence. */
static void advance(const struct vector *vector, const struct job *job, struct job_cursor *cursor)
{
    cursor->head += job->heads;
    if (cursor->head < vector->shape.heads / vector->shape.groups)
        return;
    cursor->head = 0;
    cursor->token += job->tokens;
    if (cursor->token < job->seq->tokens)
        return;
    cursor->token = 0;
    if (++cursor->group < vector->shape.groups)
        return;
    cursor->group = 0;
    cursor->seq++;
}

bool jobs_next(const struct vector *vector, struct job_cursor *cursor, struct job *job)
{
    const struct mla_call *call = vector->call;
    while (cursor->seq < call->batch && call->seqs[cursor->seq].tokens == 0)
        cursor->seq++;
    if (cursor->seq >= call->batch)
        return false;
    *job = (struct job){
        .seq = &call->seqs[cursor->seq], .token = cursor->token, .group = cursor->group};
    size_job(vector, cursor, job);
    job->head = cursor->group * (vector->shape.heads / vector->shape.groups) + cursor->head;
    job->rows = (int32_t)job->tokens * job->heads;
    job->tiles = (job->rows + SIMD_ROWS - 1) / SIMD_ROWS;
    job->keys = keys_attended(vector->problem, call, job->seq, job->token + job->tokens - 1);
    for (int32_t t = 0; t < job->tiles; t++)
        job->weight += tile_keys_in(vector, job, t, 0, INT32_MAX);
    advance(vector, job, cursor);
    return true;
}
