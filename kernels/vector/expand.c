/* SPDX-License-Identifier: MIT */
#include "kernels/vector/expand.h"
#include "kernels/row_cache.h"
#include "kernels/shape.h"

#include <errno.h>
#include <omp.h>
#include <string.h>

enum { TILES_AT_ONCE = 64 };

static int64_t tiles_of(int64_t rows)
{
    return (rows + SIMD_ROWS - 1) / SIMD_ROWS;
}

static int64_t tile_floats(const struct mla_problem *p)
{
    return simd_chunks(p->kv_lora_rank) * SIMD_TILE_STRIDE;
}

/* Of a head: those of Wuk, then those of Wuv. */
static int64_t head_tiles(const struct mla_problem *p)
{
    return tiles_of(p->qk_nope_head_dim) + tiles_of(p->v_head_dim);
}

size_t expand_prepared_bytes(const struct mla_problem *p)
{
    return p->kind == MLA_LATENT
               ? (size_t)(p->heads * head_tiles(p) * tile_floats(p)) * sizeof(float)
               : 0;
}

/* Rows of a matrix into tiles, filled up with 0. */
static void tile_rows(int64_t rows, int64_t columns, const float *matrix, float *tiles)
{
    int64_t floats = simd_chunks(columns) * SIMD_TILE_STRIDE;
    memset(tiles, 0, (size_t)(tiles_of(rows) * floats) * sizeof *tiles);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t x = 0; x < columns; x++)
            tiles[r / SIMD_ROWS * floats + x / SIMD_CHUNK * SIMD_TILE_STRIDE +
                  r % SIMD_ROWS * SIMD_CHUNK + x % SIMD_CHUNK] = matrix[r * columns + x];
}

int expand_prepare(const struct mla_problem *p, void *prepared, int32_t threads)
{
    if (p->kind != MLA_LATENT)
        return 0;
#pragma omp parallel for num_threads(threads)
    for (int32_t head = 0; head < p->heads; head++) {
        float *tiles = (float *)prepared + head * head_tiles(p) * tile_floats(p);
        tile_rows(p->qk_nope_head_dim, p->kv_lora_rank, wuk(p, head), tiles);
        tile_rows(p->v_head_dim, p->kv_lora_rank, wuv(p, head),
                  tiles + tiles_of(p->qk_nope_head_dim) * tile_floats(p));
    }
    return 0;
}

/* A head's tiles of Wuk or Wuv. */
static const float *weights_of(const struct mla_problem *p, const void *prepared, int64_t head,
                               bool values)
{
    int64_t tile = head * head_tiles(p) + (values ? tiles_of(p->qk_nope_head_dim) : 0);
    return (const float *)prepared + tile * tile_floats(p);
}

void expand_to_panel(const struct simd_loops *loops, const struct mla_problem *p,
                     const void *prepared, int64_t head, bool values, const float *latent,
                     int32_t count, float *panel)
{
    int64_t tiles = tiles_of(values ? p->v_head_dim : p->qk_nope_head_dim);
    const float *weights = weights_of(p, prepared, head, values);
    for (int64_t first = 0; first < tiles; first += TILES_AT_ONCE) {
        float *out[TILES_AT_ONCE];
        int64_t some = tiles - first < TILES_AT_ONCE ? tiles - first : TILES_AT_ONCE;
        for (int64_t t = 0; t < some; t++) {
            int64_t column = (first + t) * SIMD_ROWS;
            out[t] = panel + column / SIMD_CHUNK * SIMD_PANEL_STRIDE + column % SIMD_CHUNK;
        }
        loops->dots(some, weights + first * tile_floats(p), simd_chunks(p->kv_lora_rank), 1.0f,
                    latent, count, out, SIMD_CHUNK);
    }
}

/* A thread's memory while it stores: panels of latents, of keys or values, and one row. */
struct desk {
    float *latent, *expanded, *row;
};

static int64_t place_desk(const struct mla_problem *p, float *memory, struct desk *desk)
{
    int64_t most = p->qk_nope_head_dim > p->v_head_dim ? p->qk_nope_head_dim : p->v_head_dim;
    int64_t latent = simd_chunks(p->kv_lora_rank) * SIMD_PANEL_STRIDE;
    int64_t expanded = simd_chunks(most) * SIMD_PANEL_STRIDE;
    *desk = (struct desk){memory, memory + latent, memory + latent + expanded};
    return latent + expanded + simd_chunks(most) * SIMD_CHUNK;
}

int64_t expand_store_bytes(const struct mla_problem *p)
{
    struct desk desk;
    return p->kind == MLA_LATENT
               ? p->max_threads * place_desk(p, NULL, &desk) * (int64_t)sizeof(float)
               : 0;
}

/* The panel's rows into a part of a head's keys or values. */
static void write_panel(const struct mla_problem *p, void *cache, const struct mla_seq *seq,
                        int64_t position, int32_t count, int64_t head, int part, struct desk *desk)
{
    struct row_layout layout = expanded_layout(p);
    for (int64_t j = 0; j < count; j++) {
        for (int64_t x = 0; x < layout.part[part].columns; x += SIMD_CHUNK)
            memcpy(desk->row + x,
                   desk->expanded + x / SIMD_CHUNK * SIMD_PANEL_STRIDE + j * SIMD_CHUNK,
                   SIMD_CHUNK * sizeof(float));
        row_cache_write_part(&layout, cache, mla_slot(p, seq, position + j), head, part, desk->row);
    }
}

static void store_block(const struct simd_loops *loops, const struct mla_problem *p,
                        const struct mla_memory *memory, const struct mla_seq *seq,
                        int64_t position, int32_t count, const float *rows, int32_t head,
                        struct desk *desk)
{
    enum { NOPE, ROPE, VALUE };
    struct row_layout layout = expanded_layout(p);
    expand_to_panel(loops, p, memory->prepared, head, false, desk->latent, count, desk->expanded);
    write_panel(p, memory->cache, seq, position, count, head, NOPE, desk);
    for (int32_t j = 0; j < count; j++)
        row_cache_write_part(&layout, memory->cache, mla_slot(p, seq, position + j), head, ROPE,
                             rows + j * latent_width(p) + p->kv_lora_rank);
    expand_to_panel(loops, p, memory->prepared, head, true, desk->latent, count, desk->expanded);
    write_panel(p, memory->cache, seq, position, count, head, VALUE, desk);
}

static void pack_block(const struct simd_loops *loops, const struct mla_problem *p,
                       const float *rows, int32_t count, struct desk *desk)
{
    const void *pieces[SIMD_BLOCK];
    for (int32_t j = 0; j < count; j++)
        pieces[j] = rows + j * latent_width(p);
    struct row_part part = {.code = CODE_FP32, .columns = p->kv_lora_rank};
    loops->pack(&part, pieces, count, desk->latent, 0);
}

int expand_store_vector(const struct simd_loops *loops, const struct mla_problem *p,
                        const struct mla_memory *memory, const struct mla_seq *seq,
                        int64_t position, int64_t count, const float *rows, int32_t threads)
{
    if (threads < 1 || threads > p->max_threads)
        return -EINVAL;
    if (p->kind == MLA_KV)
        return row_cache_store(p, memory, seq, position, count, rows, threads);
#pragma omp parallel num_threads(threads)
    {
        struct desk desk;
        int64_t floats = place_desk(p, NULL, &desk);
        place_desk(p, (float *)memory->workspace + omp_get_thread_num() * floats, &desk);
        for (int64_t first = 0; first < count; first += SIMD_BLOCK) {
            int32_t some = (int32_t)(count - first < SIMD_BLOCK ? count - first : SIMD_BLOCK);
            pack_block(loops, p, rows + first * latent_width(p), some, &desk);
#pragma omp for schedule(dynamic) nowait
            for (int32_t head = 0; head < p->heads; head++)
                store_block(loops, p, memory, seq, position + first, some,
                            rows + first * latent_width(p), head, &desk);
        }
    }
    return 0;
}
