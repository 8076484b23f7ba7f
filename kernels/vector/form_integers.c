/* SPDX-License-Identifier: MIT
 *
 * The absorbed order over latents in int8, with integer dot products (kernels/simd/integers.h).
 * Queries that lose too much when their elements are rounded to parts of the largest, because that
 * is larger than all others by far, are attended in fp32. */
#include "kernels/vector/forms.h"
#include "kernels/vector/rows.h"
#include "kernels/vector/worker.h"

/* Of a tile, behind its floats. */
struct rounded {
    int16_t *q;      /* [chunks][SIMD_ROWS][INTEGERS_CHUNK] */
    float *scales;   /* [2][SIMD_ROWS] */
    int32_t *misfit; /* [SIMD_ROWS] */
};

static int64_t part_chunks(const struct vector *vector, int64_t part)
{
    return integers_chunks(vector->parts[part]);
}

static int64_t tile_extra(const struct vector *vector)
{
    int64_t chunks = part_chunks(vector, 0) + part_chunks(vector, 1);
    return chunks * INTEGERS_TILE_STRIDE / 2 + SIMD_CHUNK;
}

static struct rounded rounded_of(const struct vector *vector, float *tile)
{
    float *floats = tile + vector->tile_floats;
    return (struct rounded){.q = (int16_t *)(tile + vector->key_chunks * SIMD_TILE_STRIDE),
                            .scales = floats - SIMD_CHUNK,
                            .misfit = (int32_t *)(void *)(floats - SIMD_ROWS)};
}

static void round_row(const struct vector *vector, const struct job *job, int64_t row)
{
    float *tile = job->q + row / SIMD_ROWS * vector->tile_floats;
    int64_t i = row % SIMD_ROWS;
    struct rounded to = rounded_of(vector, tile);
    int16_t *q = to.q + i * INTEGERS_CHUNK;
    const float *from = tile + i * SIMD_CHUNK;
    to.misfit[i] = false;
    for (int64_t part = 0; part < 2; part++) {
        bool fits;
        to.scales[part * SIMD_ROWS + i] =
            vector->integers->quantise(from, vector->parts[part], q, &fits);
        to.misfit[i] |= !fits;
        from += simd_chunks(vector->parts[part]) * SIMD_TILE_STRIDE;
        q += part_chunks(vector, part) * INTEGERS_TILE_STRIDE;
    }
}

static void queries(const struct vector *vector, const struct job *job, int32_t head)
{
    absorbed_queries(vector, job, head);
    for (int64_t token = 0; token < job->tokens; token++)
        round_row(vector, job, job_row(job, head, token));
    if (head == job->head + job->heads - 1)
        for (int64_t row = job->rows; row < (int64_t)job->tiles * SIMD_ROWS; row++)
            round_row(vector, job, row);
}

static bool misfits(const struct rounded *tile)
{
    bool any = false;
    for (int i = 0; i < SIMD_ROWS; i++)
        any = any || tile->misfit[i];
    return any;
}

/* In the worker's latent panel: a block, integers of weights, and a tile's sums. */
struct area {
    struct integers_block block;
    int16_t *weights;
    float *sums;
};

static int64_t place_area(const struct vector *vector, float *memory, struct area *area)
{
    int64_t keys = (part_chunks(vector, 0) + part_chunks(vector, 1)) * INTEGERS_KEY_STRIDE / 2;
    int64_t values = vector->value_chunks * INTEGERS_VALUE_STRIDE / 2;
    int64_t used = keys + values;
    area->block.keys = (int16_t *)(void *)memory;
    area->block.values = (int16_t *)(void *)(memory + keys);
    for (int part = 0; part < 2; part++, used += SIMD_BLOCK)
        area->block.scales[part] = memory + used;
    area->weights = (int16_t *)(void *)(memory + used);
    area->sums = memory + used + SIMD_WEIGHTS / 2;
    return used + SIMD_WEIGHTS / 2 + SIMD_ROWS * vector->value_floats;
}

static int64_t latent_floats(const struct vector *vector)
{
    struct area area;
    static float nowhere;
    return place_area(vector, &nowhere, &area);
}

static struct area area_of(const struct vector *vector, struct worker *worker, int32_t count)
{
    struct area area = {.block = {.count = count,
                                  .chunks = {part_chunks(vector, 0), part_chunks(vector, 1)},
                                  .value_chunks = vector->value_chunks}};
    place_area(vector, worker->latent, &area);
    return area;
}

static void keys(const struct vector *vector, struct worker *worker, const struct job *job,
                 int32_t count, const void *const *pieces)
{
    struct area area = area_of(vector, worker, count);
    vector->integers->pack(vector->shape.row.part, pieces, &area.block);
    for (int32_t t = 0; t < job->tiles; t++) {
        struct rounded tile = rounded_of(vector, job->q + t * vector->tile_floats);
        if (misfits(&tile)) {
            pack_key(vector, count, pieces, worker->panel);
            return;
        }
    }
}

static void copy_row(const struct simd_tile *from, const struct simd_tile *to, int row,
                     int64_t width)
{
    memcpy(to->sums + row * width, from->sums + row * width, (size_t)width * sizeof *to->sums);
    to->max[row] = from->max[row];
    to->sum[row] = from->sum[row];
}

/* A tile of which some rows are to be attended in fp32: both ways, as a row's bits must not depend
 * on what it shares a tile with. */
static void attend_both_ways(const struct vector *vector, const struct area *area,
                             const struct simd_block *block, const struct rounded *rounded,
                             const struct integers_tile *tile, float *weights)
{
    float max[SIMD_ROWS], sum[SIMD_ROWS];
    struct simd_tile other = tile->tile;
    other.sums = area->sums;
    other.max = max;
    other.sum = sum;
    for (int i = 0; i < SIMD_ROWS && !block->first; i++)
        copy_row(&tile->tile, &other, i, vector->value_floats);
    vector->loops->attend(block, &other, 1, weights);
    vector->integers->attend(&area->block, tile, 1, weights, area->weights);
    for (int i = 0; i < SIMD_ROWS; i++)
        if (rounded->misfit[i])
            copy_row(&other, &tile->tile, i, vector->value_floats);
}

static void attend(const struct vector *vector, struct worker *worker,
                   const struct simd_block *block, const struct simd_tile *tiles, int32_t count)
{
    struct area area = area_of(vector, worker, block->count);
    struct integers_tile rounded[MOST_TILES_AT_ONCE];
    int32_t as_integers = 0;
    area.block.scale = block->scale;
    area.block.first = block->first;
    for (int32_t t = 0; t < count; t++) {
        struct rounded own = rounded_of(vector, (float *)tiles[t].q);
        struct integers_tile tile = {.tile = tiles[t], .q = own.q, .scales = own.scales};
        if (misfits(&own))
            attend_both_ways(vector, &area, block, &own, &tile, worker->weights);
        else
            rounded[as_integers++] = tile;
    }
    vector->integers->attend(&area.block, rounded, as_integers, worker->weights, area.weights);
}

const struct vector_form vector_integers = {
    .shape = absorbed_shape,
    .parts = absorbed_parts,
    .values_are_keys = true,
    .weights = true,
    .rows = 128,
    .span = 384,
    .queries = queries,
    .keys = keys,
    .attend = attend,
    .tile_extra = tile_extra,
    .latent_floats = latent_floats,
    .outputs = absorbed_outputs,
};
