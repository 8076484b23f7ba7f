/* SPDX-License-Identifier: MIT */
#include "kernels/tiled.h"
#include "kernels/call.h"
#include "kernels/expand.h"
#include "kernels/keys.h"
#include "kernels/row_cache.h"

#include <omp.h>
#include <string.h>

static bool wants_strided(const struct variant *variant)
{
    return variant->arithmetic->strided || variant->form->strided;
}

/* Sets the tile's arrays side by side in `memory` and returns their floats. */
static int64_t place_arrays(const struct variant *variant, struct tile *tile, float *memory)
{
    const struct shape *shape = &tile->shape;
    int32_t block = variant->arithmetic->block;
    const struct {
        float **array;
        int64_t floats;
    } parts[] = {
        {&tile->q, variant->rows * shape->qk},
        {&tile->scores, (int64_t)variant->rows * block},
        {&tile->sums, variant->rows * shape->v},
        {&tile->gathered, row_cache_gathered(&shape->row, block, wants_strided(variant))},
        {&tile->expanded, variant->form->expands ? block * (shape->qk + shape->v) : 0},
    };
    int64_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].array = memory ? memory + used : NULL;
        used += parts[i].floats;
    }
    return used;
}

static int64_t workspace_floats(const struct variant *variant, const struct mla_problem *problem)
{
    struct tile tile = {.problem = problem, .shape = variant->form->shape(problem)};
    return place_arrays(variant, &tile, NULL);
}

int tiled_plan(const struct variant *variant, const struct mla_problem *problem,
               enum mla_kind cached, struct mla_plan *plan)
{
    int64_t attending = workspace_floats(variant, problem);
    int64_t storing = cached == MLA_KV ? expand_workspace(variant->arithmetic, problem) : 0;
    struct shape shape = variant->form->shape(problem);
    return plan_rows(problem, cached, &shape.row, attending > storing ? attending : storing, plan);
}

void tile_copy_queries(struct tile *tile)
{
    int64_t width = tile->shape.qk;
    for (int32_t r = 0; r < tile->rows; r++)
        memcpy(tile->q + r * width, tile->call->q + tile_place(tile, r, width),
               (size_t)width * sizeof(float));
}

void tile_copy_outputs(struct tile *tile)
{
    int64_t width = tile->shape.v;
    for (int32_t r = 0; r < tile->rows; r++)
        memcpy(tile->call->o + tile_place(tile, r, width), tile->sums + r * width,
               (size_t)width * sizeof(float));
}

static void begin_rows(struct tile *tile)
{
    const float *sinks = tile->call->sinks;
    for (int32_t r = 0; r < tile->rows; r++)
        tile->state[r] = softmax_begin(sinks ? sinks + tile_head(tile, r) : NULL);
    memset(tile->sums, 0, (size_t)(tile->rows * tile->shape.v) * sizeof(float));
}

static void scale_row(float factor, int64_t width, float *row)
{
    for (int64_t x = 0; x < width; x++)
        row[x] *= factor;
}

/* One block of `count` keys, of which row r attends the first counts[r]. */
static void attend_block(struct tile *tile, int32_t count, const int32_t *counts,
                         const struct rows *keys, const struct rows *values)
{
    const struct arithmetic *arithmetic = tile->arithmetic;
    int64_t qk = tile->shape.qk, v = tile->shape.v, block = arithmetic->block;
    arithmetic->dots(tile->rows, count, qk, tile->problem->scale, tile->q, qk, keys, tile->scores,
                     block);
    for (int32_t r = 0; r < tile->rows; r++) {
        if (counts[r] == 0)
            continue;
        float rescale = softmax_block(&tile->state[r], counts[r], tile->scores + r * block);
        if (rescale != 1.0f)
            scale_row(rescale, v, tile->sums + r * v);
    }
    arithmetic->weigh_ragged(tile->rows, v, counts, tile->scores, block, values, tile->sums, v);
}

static void finish_rows(struct tile *tile)
{
    for (int32_t r = 0; r < tile->rows; r++) {
        float *sums = tile->sums + r * tile->shape.v;
        float divisor = softmax_divisor(&tile->state[r]);
        for (int64_t x = 0; x < tile->shape.v; x++)
            sums[x] /= divisor;
        tile->call->lse[tile_place(tile, r, 1)] = softmax_lse(&tile->state[r]);
    }
}

/* The token, of the tile's, that attends most keys: the last that any row has. */
static int64_t last_token(const struct tile *tile)
{
    int64_t last = tile->first % tile->tokens + tile->rows - 1;
    return tile->token + (last < tile->tokens ? last : tile->tokens - 1);
}

/* How many of a block's keys each row attends, `done` of its keys having been in earlier blocks. */
static void count_keys(const struct tile *tile, int64_t done, int32_t count, int32_t *counts)
{
    for (int32_t r = 0; r < tile->rows; r++) {
        int64_t token = tile_token(tile, r) - tile->seq->token;
        int64_t left = mla_keys(tile->problem, tile->seq, token) - done;
        if (tile->call->top_k_indices || left > count)
            left = count; /* a list belongs to a single token */
        counts[r] = left > 0 ? (int32_t)left : 0;
    }
}

static void attend_tile(const struct variant *variant, const void *cache, struct tile *tile)
{
    int64_t slots[BLOCK_MAX];
    const float *list[BLOCK_MAX];
    int32_t counts[TILE_ROWS_MAX], count;
    const struct shape *shape = &tile->shape;
    struct key_cursor cursor = keys_of(tile->problem, tile->call, tile->seq, last_token(tile));
    variant->form->queries(tile);
    mla_enter(tile->call, tile->thread, MLA_STAGE_CORE);
    begin_rows(tile);
    for (int64_t done = 0; (count = keys_next(&cursor, tile->arithmetic->block, slots)) > 0;
         done += count) {
        struct rows keys, values;
        struct rows cached = row_cache_rows(&shape->row, cache, tile->group, count, slots,
                                            wants_strided(variant), list, tile->gathered);
        variant->form->keys(tile, count, &cached, &keys, &values);
        count_keys(tile, done, count, counts);
        attend_block(tile, count, counts, &keys, &values);
    }
    finish_rows(tile);
    variant->form->outputs(tile);
}

/* How the rows of one sequence are cut into tiles. Sparse queries share no keys, so each is on its
 * own. */
struct cut {
    int64_t tokens; /* that share tiles */
    int64_t tiles;  /* for each group and such tokens */
    int64_t items;
};

static struct cut cut_sequence(const struct mla_call *call, const struct shape *shape,
                               const struct mla_seq *seq, int32_t rows)
{
    struct cut cut = {.tokens = call->top_k_indices && seq->tokens > 1 ? 1 : seq->tokens};
    int64_t all = cut.tokens * (shape->heads / shape->groups);
    cut.tiles = (all + rows - 1) / rows;
    cut.items = seq->tokens == 0 ? 0 : shape->groups * cut.tiles * (seq->tokens / cut.tokens);
    return cut;
}

static void take_item(struct tile *tile, const struct cut *cut, int64_t item, int32_t rows)
{
    int64_t all = cut->tokens * (tile->shape.heads / tile->shape.groups);
    tile->tokens = cut->tokens;
    tile->first = item % cut->tiles * rows;
    tile->rows = (int32_t)(all - tile->first < rows ? all - tile->first : rows);
    tile->group = (int32_t)(item / cut->tiles % tile->shape.groups);
    tile->token = item / cut->tiles / tile->shape.groups * cut->tokens;
}

static int64_t count_items(const struct mla_call *call, const struct shape *shape, int32_t rows)
{
    int64_t items = 0;
    for (int32_t b = 0; b < call->batch; b++)
        items += cut_sequence(call, shape, &call->seqs[b], rows).items;
    return items;
}

/* Rows that the sequence with most of them has to be cut into. */
static int64_t most_rows(const struct mla_call *call, const struct shape *shape, int32_t rows)
{
    int64_t most = 1;
    for (int32_t b = 0; b < call->batch; b++) {
        int64_t all =
            cut_sequence(call, shape, &call->seqs[b], rows).tokens * (shape->heads / shape->groups);
        most = all > most ? all : most;
    }
    return most;
}

/* Large tiles read each key less often, and BLAS wants them. Where they are too few to keep all
 * threads busy, each sequence is cut into as few even ones as give every thread the same: halving
 * them until there were four a thread cost absorbed-blas 30 % of V3's decode on two threads. */
static int32_t choose_rows(const struct variant *variant, const struct mla_call *call,
                           const struct shape *shape)
{
    int64_t threads = call->threads, rows = variant->rows;
    if (threads == 1 || count_items(call, shape, variant->rows) >= 4 * threads)
        return variant->rows;
    int64_t most = most_rows(call, shape, variant->rows);
    int64_t tiles = threads * ((most + threads * rows - 1) / (threads * rows));
    return (int32_t)((most + tiles - 1) / tiles);
}

int tiled_attend(const struct variant *variant, const struct mla_problem *problem,
                 const struct mla_memory *memory, const struct mla_call *call)
{
    int error = check_call(problem, call);
    if (error)
        return error;
    const struct arithmetic *arithmetic = variant->arithmetic;
    struct shape shape = variant->form->shape(problem);
    int64_t floats = thread_floats(workspace_floats(variant, problem));
    int32_t rows = choose_rows(variant, call, &shape);
    int before = arithmetic->begin ? arithmetic->begin() : 0;
#pragma omp parallel num_threads(call->threads)
    {
        struct tile tile = {.problem = problem,
                            .call = call,
                            .arithmetic = arithmetic,
                            .shape = shape,
                            .thread = omp_get_thread_num()};
        place_arrays(variant, &tile, (float *)memory->workspace + tile.thread * floats);
        for (int32_t b = 0; b < call->batch; b++) {
            tile.seq = &call->seqs[b];
            struct cut cut = cut_sequence(call, &shape, tile.seq, rows);
#pragma omp for schedule(dynamic) nowait
            for (int64_t item = 0; item < cut.items; item++) {
                take_item(&tile, &cut, item, rows);
                attend_tile(variant, memory->cache, &tile);
            }
        }
        mla_enter(call, tile.thread, MLA_STAGES);
    }
    if (arithmetic->end)
        arithmetic->end(before);
    return 0;
}
