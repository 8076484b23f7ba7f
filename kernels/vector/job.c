/* SPDX-License-Identifier: MIT */
#include "kernels/vector/job.h"
#include "kernels/call.h"
#include "kernels/vector/partials.h"

enum { WAVE_TILES = 1024 };

/* With few tokens, reading Wkv_b takes a sizable part of the time. It can be done while some heads
 * are at their keys, see kernels/vector/chores.h; but then the keys are read once for each wave of
 * heads, and prefetching weights slows the core down, whose time it is counted as. V3, one token,
 * AVX2, fp32, in the same rounds; all of attend (the core) as % of the FMA peak:
 *
 *   threads  keys    apart    waves of up to 24   48         48, without STREAM_TILES
 *   1        1,024   53 (94)  55 (72)             57 (76)    50 (70)
 *            2,048   56 (92)  71 (80)             68 (77)    68 (78)
 *            4,096   74 (93)  85 (90)             84 (90)    85 (90)
 *            8,192   81 (94)  88 (90)             87 (90)    88 (91)
 *            16,384  86 (94)  87 (88)             87 (89)    87 (89)
 *   2        1,024   44 (90)  46 (62)             49 (65)    43 (59)
 *            2,048   61 (92)  74 (84)             74 (85)    69 (81)
 *            4,096   70 (90)  80 (86)             84 (89)    83 (89)
 *            8,192   80 (93)  83 (86)             83 (86)    83 (86)
 *            16,384  84 (91)  84 (85)             86 (87)    83 (84)
 *
 * While others used the memory, 24 came to 77 to 84 and 48 to 75 to 82 of attend at 4,096 keys, and
 * at 8,192 and more 48 was the better by 2 points. STREAM_KEYS keeps the core of 2,048 keys where
 * it is; lower, it would save 20 % of the step. */
enum {
    STREAM_FEWEST = 64, /* heads */
    STREAM_KEYS = 3072,
    STREAM_WORK = 10240, /* keys times tokens, at most */
    STREAM_HEADS = 48,   /* of a wave */
    STREAM_EDGE = 16,    /* of the first and the last */
    STREAM_TILES = 6,    /* between two chores */
};

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
    *vector = (struct vector){.form = form,
                              .loops = variant->loops,
                              .integers = variant->integers,
                              .problem = problem,
                              .shape = form->shape(problem)};
    form->parts(problem, vector->parts);
    vector->key_chunks = simd_chunks(vector->parts[0]) + simd_chunks(vector->parts[1]);
    vector->value_chunks = simd_chunks(vector->shape.v);
    vector->value_chunk = form->values_are_keys ? 0 : vector->key_chunks;
    vector->panel_chunks = vector->key_chunks + (form->values_are_keys ? 0 : vector->value_chunks);
    if (whole_chunks(vector) && layout_is_plain(&vector->shape.row))
        vector->direct_tiles =
            problem->format == MLA_FP32 ? form->direct_fp32 : form->direct_halves;
    vector->latent_chunks = form->expands ? simd_chunks(problem->kv_lora_rank) : 0;
    if (form->latent_floats)
        vector->latent_chunks =
            (form->latent_floats(vector) + SIMD_PANEL_STRIDE - 1) / SIMD_PANEL_STRIDE;
    vector->tile_floats = vector->key_chunks * SIMD_TILE_STRIDE;
    if (form->tile_extra)
        vector->tile_floats += form->tile_extra(vector);
    vector->value_floats = vector->value_chunks * SIMD_CHUNK;
    vector->job_tiles = least(form->rows / SIMD_ROWS, most_tiles(vector));
    vector->wave_tiles = least(WAVE_TILES + vector->job_tiles, most_tiles(vector));
    vector->span = form->span;
    vector->partials = partials_needed(problem->max_keys, vector->span);
}

/* A job's heads are few and its tokens many, where there are: weights are then read once for many
 * tokens. */
static int32_t heads_of_jobs(const struct vector *vector, int64_t tokens)
{
    int64_t rows = vector->form->rows, heads = vector->shape.heads / vector->shape.groups;
    int64_t fewest = least(heads, SIMD_ROWS);
    int64_t fitting = least(heads, rows / least(tokens, rows / fewest));
    return (int32_t)(fitting > SIMD_ROWS ? fitting - fitting % SIMD_ROWS : fitting);
}

void vector_take_call(struct vector *vector, const struct mla_call *call)
{
    int64_t tokens = 1, keys = 0;
    for (int32_t b = 0; b < call->batch; b++) {
        const struct mla_seq *seq = &call->seqs[b];
        tokens = seq->tokens > tokens ? seq->tokens : tokens;
        if (seq->tokens > 0) {
            int64_t most = keys_attended(vector->problem, call, seq, seq->tokens - 1);
            keys = most > keys ? most : keys;
        }
    }
    vector->call = call;
    vector->job_heads = heads_of_jobs(vector, call->top_k_indices ? 1 : tokens);
    vector->streams = vector->form->weights && vector->shape.heads >= STREAM_FEWEST &&
                      keys >= STREAM_KEYS && keys * tokens <= STREAM_WORK;
    vector->tiles_at_once = vector->streams ? STREAM_TILES : MOST_TILES_AT_ONCE;
    if (vector->streams)
        vector->job_heads = (int32_t)least(vector->job_heads, STREAM_HEADS);
}

/* Heads of the jobs that begin with a head. With streams the first and the last are few: nothing
 * covers the first ones' queries and the last ones' outputs. */
static int32_t heads_from(const struct vector *vector, int32_t head)
{
    int32_t left = vector->shape.heads / vector->shape.groups - head;
    int32_t most = vector->job_heads;
    if (vector->streams && head == 0)
        most = (int32_t)least(most, STREAM_EDGE);
    if (vector->streams && left > STREAM_EDGE && left - most < STREAM_EDGE)
        most = left - STREAM_EDGE;
    return (int32_t)least(left, most);
}

/* To the next tokens or sequence. */
static void advance(const struct job *job, struct job_cursor *cursor)
{
    cursor->token += job->tokens;
    if (cursor->token < job->seq->tokens)
        return;
    cursor->token = 0;
    cursor->seq++;
}

/* To the next heads or group when all sequences had these. */
static bool wrap(const struct vector *vector, struct job_cursor *cursor)
{
    if (cursor->seq < vector->call->batch)
        return true;
    cursor->seq = 0;
    cursor->head += heads_from(vector, cursor->head);
    if (cursor->head < vector->shape.heads / vector->shape.groups)
        return true;
    cursor->head = 0;
    return ++cursor->group < vector->shape.groups;
}

bool jobs_next(const struct vector *vector, struct job_cursor *cursor, struct job *job)
{
    const struct mla_call *call = vector->call;
    int32_t heads = vector->shape.heads / vector->shape.groups;
    if (cursor->group >= vector->shape.groups)
        return false;
    do
        while (cursor->seq < call->batch && call->seqs[cursor->seq].tokens == 0)
            cursor->seq++;
    while (cursor->seq >= call->batch && wrap(vector, cursor));
    if (cursor->group >= vector->shape.groups)
        return false;
    *job = (struct job){.seq = &call->seqs[cursor->seq],
                        .token = cursor->token,
                        .group = cursor->group,
                        .head = cursor->group * heads + cursor->head,
                        .heads = heads_from(vector, cursor->head)};
    job->tokens = call->top_k_indices
                      ? 1
                      : least(job->seq->tokens - cursor->token, vector->form->rows / job->heads);
    job->rows = (int32_t)job->tokens * job->heads;
    job->tiles = (job->rows + SIMD_ROWS - 1) / SIMD_ROWS;
    job->keys = keys_attended(vector->problem, call, job->seq, job->token + job->tokens - 1);
    for (int32_t t = 0; t < job->tiles; t++)
        job->weight += tile_keys_in(vector, job, t, 0, INT32_MAX);
    advance(job, cursor);
    return true;
}
