/* SPDX-License-Identifier: MIT */
#include "kernels/simd/integers.h"
#include "kernels/simd/pairs.h"
#include "kernels/simd/strips.h"
#include "kernels/simd/tuning.h"
#include "kernels/simd/weigh.h"

#include <math.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum {
    STEP = 2 * VEC_WIDTH,                /* integers in a register */
    VECS = INTEGERS_COLUMNS / VEC_WIDTH, /* in a chunk of values */
    IN_MEMORY = 1, /* keys or values of a tile, for whose registers products and rows are */
};

/* --- queries --- */

static float largest_of(const float *row, int64_t columns, float *sum)
{
    float largest[SIMD_CHUNK] = {0}, sums[SIMD_CHUNK] = {0};
    for (int64_t x = 0; x < columns; x += SIMD_CHUNK, row += SIMD_TILE_STRIDE)
        for (int64_t i = 0; i < SIMD_CHUNK; i++) {
            float magnitude = fabsf(row[i]);
            largest[i] = magnitude > largest[i] ? magnitude : largest[i];
            sums[i] += magnitude; /* which NaN and infinity show in */
        }
    float most = 0;
    *sum = 0;
    for (int i = 0; i < SIMD_CHUNK; i++) {
        most = largest[i] > most ? largest[i] : most;
        *sum += sums[i];
    }
    return most;
}

/* The row's chunk `x` and the next, as integers. */
static void round_chunks(const float *row, int64_t columns, int64_t x, float factor, int16_t *to)
{
    const float to_integer = 0x1.8p23f; /* beside such a number floats are integers */
    for (int64_t half = 0; half < INTEGERS_CHUNK; half += SIMD_CHUNK, to += SIMD_CHUNK) {
        const float *from = row + (x + half) / SIMD_CHUNK * SIMD_TILE_STRIDE;
        if (x + half < columns)
            for (int64_t i = 0; i < SIMD_CHUNK; i++)
                to[i] = (int16_t)(int32_t)((from[i] * factor + to_integer) - to_integer);
        else
            memset(to, 0, SIMD_CHUNK * sizeof *to);
    }
}

static float quantise(const float *row, int64_t columns, int16_t *to, bool *fits)
{
    float sum, largest = largest_of(row, columns, &sum);
    bool number = sum < INFINITY;
    /* Smaller ones would take a factor that is none. */
    bool small = largest < 0x1p-110f;
    float share =
        INTEGERS_CREST / (float)columns < 0.375f ? INTEGERS_CREST / (float)columns : 0.375f;
    *fits = !number || (largest <= share * sum && (!small || sum == 0));
    float factor = number && !small ? INTEGERS_MOST / largest : 0;
    for (int64_t x = 0; x < columns; x += INTEGERS_CHUNK, to += INTEGERS_TILE_STRIDE)
        if (factor > 0)
            round_chunks(row, columns, x, factor, to);
        else
            memset(to, 0, INTEGERS_CHUNK * sizeof *to);
    return number ? largest * (1.0f / INTEGERS_MOST) : NAN;
}

/* --- cached rows --- */

static void pack_keys(const struct row_part *part, const char *row, int16_t *to)
{
    const int8_t *codes = (const int8_t *)row + part->offset;
    for (int64_t x = 0; x < part->columns; x += INTEGERS_CHUNK, to += INTEGERS_KEY_STRIDE) {
        int8_t rest[INTEGERS_CHUNK] = {0};
        const int8_t *from = codes + x;
        if (x + INTEGERS_CHUNK > part->columns)
            from = memcpy(rest, from, (size_t)(part->columns - x));
        for (int64_t i = 0; i < INTEGERS_CHUNK; i += 16)
            pairs_widen(from + i, to + i);
    }
}

/* Two keys' codes, side by side. */
static void pack_values(int64_t columns, const int8_t *one, const int8_t *other, int16_t *to)
{
    int64_t x = 0;
    for (; x + INTEGERS_COLUMNS <= columns; x += INTEGERS_COLUMNS, to += INTEGERS_VALUE_STRIDE)
        pairs_join(one + x, other + x, to);
    if (x < columns) {
        int8_t rest[2][INTEGERS_COLUMNS] = {{0}};
        memcpy(rest[0], one + x, (size_t)(columns - x));
        memcpy(rest[1], other + x, (size_t)(columns - x));
        pairs_join(rest[0], rest[1], to);
    }
}

/* Rows on scattered pages are none that the CPU would fetch by itself. */
static void prefetch_row(const struct row_part parts[2], const void *const *rows, int32_t j,
                         int32_t count)
{
    enum { AHEAD = 6, LINE = 64 };
    if (j + AHEAD >= count)
        return;
    const char *row = rows[j + AHEAD];
    for (int64_t at = 0; at < parts[0].columns + parts[1].columns; at += LINE)
        __builtin_prefetch(row + at, 0, 3);
}

static void pack(const struct row_part parts[2], const void *const *rows,
                 struct integers_block *block)
{
    static const int8_t none[INTEGERS_PART_MOST] = {0};
    for (int32_t j = 0; j < block->count; j++) {
        int16_t *to = block->keys + (int64_t)j * INTEGERS_CHUNK;
        prefetch_row(parts, rows, j, block->count);
        for (int i = 0; i < 2; i++, to += block->chunks[0] * INTEGERS_KEY_STRIDE) {
            block->scales[i][j] = 0;
            if (parts[i].columns == 0)
                continue;
            pack_keys(&parts[i], rows[j], to);
            memcpy(&block->scales[i][j], (const char *)rows[j] + parts[i].scales, sizeof(float));
        }
    }
    for (int32_t j = 0; j < block->count; j += 2) {
        const int8_t *one = (const int8_t *)rows[j] + parts[0].offset;
        const int8_t *other =
            j + 1 < block->count ? (const int8_t *)rows[j + 1] + parts[0].offset : none;
        pack_values(parts[0].columns, one, other, block->values + (int64_t)j * INTEGERS_COLUMNS);
    }
}

/* --- scores --- */

/* sums[i][n] = dot(row i, key n) over some chunks. */
ALWAYS_INLINE void sum_products(int keys, int64_t chunks, const int16_t *tile, const int16_t *key,
                                pairs (*sums)[INTEGER_KEYS])
{
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int n = 0; n < keys; n++)
            sums[i][n] = pairs_zero();
    for (int64_t c = 0; c < chunks; c++, tile += INTEGERS_TILE_STRIDE, key += INTEGERS_KEY_STRIDE)
        for (int64_t v = 0; v < INTEGERS_CHUNK; v += STEP) {
            pairs columns[INTEGER_KEYS];
            for (int n = 0; n < keys - IN_MEMORY; n++)
                columns[n] = pairs_load(key + n * INTEGERS_CHUNK + v);
            for (int i = 0; i < SIMD_ROWS; i++) {
                pairs row = pairs_load(tile + i * INTEGERS_CHUNK + v);
                for (int n = 0; n < keys - IN_MEMORY; n++)
                    pairs_accumulate(&sums[i][n], row, columns[n]);
                for (int n = keys - IN_MEMORY; n < keys; n++)
                    pairs_accumulate_at(&sums[i][n], row, key + n * INTEGERS_CHUNK + v);
            }
        }
}

ALWAYS_INLINE void score_tile(int keys, const struct integers_block *block,
                              const struct integers_tile *tile, int32_t j, float *out)
{
    float4 scores[INTEGER_KEYS];
    const int16_t *q = tile->q, *key = block->keys + (int64_t)j * INTEGERS_CHUNK;
    for (int part = 0; part < 2; part++) {
        pairs sums[SIMD_ROWS][INTEGER_KEYS];
        int64_t chunks = block->chunks[part];
        float4 rows = block->scale * float4_load(tile->scales + part * SIMD_ROWS);
        sum_products(keys, chunks, q, key, sums);
        for (int n = 0; n < keys; n++) {
            int4 all = pairs_sum4(sums[0][n], sums[1][n], sums[2][n], sums[3][n]);
            float4 own = rows * block->scales[part][j + n] * __builtin_convertvector(all, float4);
            scores[n] = part == 0 ? own : scores[n] + own;
        }
        q += chunks * INTEGERS_TILE_STRIDE;
        key += chunks * INTEGERS_KEY_STRIDE;
    }
    for (int n = 0; n < keys; n++)
        float4_store(out + n * SIMD_ROWS, scores[n]);
}

static void score(const struct integers_block *block, const struct integers_tile *tiles,
                  int32_t count, float *weights)
{
    for (int32_t from = 0; from < block->count; from += GROUP)
        for (int32_t t = 0; t < count; t++) {
            float *own = weights + (int64_t)t * SIMD_BLOCK * SIMD_ROWS;
            int32_t most = most_keys(&tiles[t].tile);
            int32_t to = from + GROUP < most ? from + GROUP : most, j = from;
            for (; j + INTEGER_KEYS <= to; j += INTEGER_KEYS)
                score_tile(INTEGER_KEYS, block, &tiles[t], j, own + j * SIMD_ROWS);
            for (; j < to; j++)
                score_tile(1, block, &tiles[t], j, own + j * SIMD_ROWS);
        }
}

/* --- weights --- */

/* Weight times scale; 0 for keys that the row does not attend, whose scales may be anything. */
static inline float4 product(const float *weights, float scale)
{
    float4 weight = float4_load(weights);
    return float4_select(weight > 0, weight * scale, (float4){0});
}

/* Weights times scales, as integers in pairs of keys [pairs][SIMD_ROWS][2], and what they have to
 * be multiplied by. A weight of NaN counts as 0: the row's sum of weights, by which all of it will
 * be divided, is NaN then. */
static void round_weights(const struct integers_tile *tile, const float *scales,
                          const float *weights, int16_t *integers, float *factor)
{
    int32_t most = most_keys(&tile->tile);
    float4 largest = float4_all(0x1p-110f);
    for (int32_t j = 0; j < most; j++) {
        float4 p = product(weights + j * SIMD_ROWS, scales[j]);
        largest = float4_select(p > largest, p, largest);
    }
    float4 to = INTEGERS_MOST / largest;
    for (int32_t j = 0; j < most; j += 2) {
        float4 one = product(weights + j * SIMD_ROWS, scales[j]), other = {0};
        if (j + 1 < most)
            other = product(weights + (j + 1) * SIMD_ROWS, scales[j + 1]);
        int4 low = __builtin_convertvector(one * to + 0.5f, int4);
        int4 high = __builtin_convertvector(other * to + 0.5f, int4);
        int4 both = low | high << 16;
        memcpy(integers + j * SIMD_ROWS, &both, sizeof both);
    }
    float4_store(factor, largest * (1.0f / INTEGERS_MOST));
}

/* --- weighted sums --- */

ALWAYS_INLINE void values_tile(int width, int32_t count, const int16_t *weights,
                               const int16_t *const *columns, const float *factor,
                               const float *rescale, float *sums, int64_t sums_stride)
{
    pairs acc[SIMD_ROWS][INTEGER_WIDTH];
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++)
            acc[i][v] = pairs_zero();
    for (int64_t j = 0; j < count; j++) {
        pairs value[INTEGER_WIDTH];
        for (int v = 0; v < width - IN_MEMORY; v++)
            value[v] = pairs_load(columns[v] + j * 2 * INTEGERS_COLUMNS);
        for (int i = 0; i < SIMD_ROWS; i++) {
            pairs weight = pairs_broadcast(weights + (j * SIMD_ROWS + i) * 2);
            for (int v = 0; v < width - IN_MEMORY; v++)
                pairs_accumulate(&acc[i][v], weight, value[v]);
            for (int v = width - IN_MEMORY; v < width; v++)
                pairs_accumulate_at(&acc[i][v], weight, columns[v] + j * 2 * INTEGERS_COLUMNS);
        }
    }
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++) {
            float *at = sums + i * sums_stride + (int64_t)v * VEC_WIDTH;
            vec sum = vec_mul(pairs_floats(acc[i][v]), vec_broadcast(factor[i]));
            vec_store(at, rescale ? vec_fma(vec_load(at), vec_broadcast(rescale[i]), sum) : sum);
        }
}

struct own_weights {
    float rescale[SIMD_ROWS], factor[SIMD_ROWS];
};

ALWAYS_INLINE void values_strip(int width, const struct integers_block *block,
                                const struct integers_tile *tiles, int32_t count,
                                const int16_t *integers, const struct own_weights *own, int64_t at,
                                const int16_t *const *columns)
{
    int64_t stride = block->value_chunks * INTEGERS_COLUMNS;
    for (int32_t t = 0; t < count; t++) {
        int32_t most = most_keys(&tiles[t].tile);
        if (most > 0)
            values_tile(width, (most + 1) / 2, integers + (int64_t)t * SIMD_BLOCK * SIMD_ROWS,
                        columns, own[t].factor, block->first ? NULL : own[t].rescale,
                        tiles[t].tile.sums + at, stride);
    }
}

static void weigh_values(const struct integers_block *block, const struct integers_tile *tiles,
                         int32_t count, const int16_t *integers, const struct own_weights *own)
{
    int64_t vecs = block->value_chunks * VECS;
    for (int64_t done = 0, width; done < vecs; done += width) {
        const int16_t *columns[INTEGER_WIDTH];
        width = strip_width(vecs - done, INTEGER_WIDTH);
        for (int64_t v = 0; v < width; v++)
            columns[v] = block->values + (done + v) / VECS * INTEGERS_VALUE_STRIDE +
                         (done + v) % VECS * STEP;
        switch (width) {
#define WIDTH(n)                                                                       \
    case n:                                                                            \
        values_strip(n, block, tiles, count, integers, own, done *VEC_WIDTH, columns); \
        break;
            WIDTHS(INTEGER_WIDTH)
#undef WIDTH
        default:
            __builtin_unreachable();
        }
    }
}

static void attend(const struct integers_block *block, const struct integers_tile *tiles,
                   int32_t count, float *weights, int16_t *integers)
{
    struct own_weights own[SIMD_TILES_AT_ONCE];
    for (int32_t from = 0; from < count; from += SIMD_TILES_AT_ONCE) {
        const struct integers_tile *some = tiles + from;
        int32_t n = count - from < SIMD_TILES_AT_ONCE ? count - from : SIMD_TILES_AT_ONCE;
        score(block, some, n, weights);
        for (int32_t t = 0; t < n; t++) {
            int64_t at = (int64_t)t * SIMD_BLOCK * SIMD_ROWS;
            if (most_keys(&some[t].tile) == 0)
                continue;
            weigh_scores(&some[t].tile, block->first, weights + at, own[t].rescale);
            round_weights(&some[t], block->scales[0], weights + at, integers + at, own[t].factor);
        }
        weigh_values(block, some, n, integers, own);
    }
}

const struct integers_loops SIMD_NAME(integers_loops) = {
    .isa = SIMD_ISA_STRING,
    .quantise = quantise,
    .pack = pack,
    .attend = attend,
};
