/* SPDX-License-Identifier: MIT */
#include "kernels/simd/loops.h"
#include "kernels/simd/strips.h"
#include "kernels/simd/tuning.h"
#include "kernels/simd/weigh.h"

#include <math.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { VECS = SIMD_CHUNK / VEC_WIDTH }; /* of a chunk */

/* Names the loop that it begins in the assembly that scripts/mca.py reads. */
#ifdef SIMD_MCA
#define MARK(tile, source, width) \
    __asm__ volatile("# mca " tile " %c0 %c1" : : "i"(source), "i"(width))
#else
#define MARK(tile, source, width) (void)0
#endif

/* VEC_WIDTH codes as values, without their scale. */
ALWAYS_INLINE vec load_codes(enum code code, const void *at)
{
    switch (code) {
    case CODE_FP32:
        return vec_load(at);
    case CODE_BF16:
        return vec_load_bf16(at);
    case CODE_FP16:
        return vec_load_fp16(at);
    case CODE_E4M3:
        return vec_load_e4m3(at);
    default:
        return vec_load_int8(at);
    }
}

/* A chunk of codes times their scale. */
ALWAYS_INLINE void pack_chunk(enum code code, const char *codes, vec scale, float *out)
{
    for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH) {
        vec values = load_codes(code, codes + v * code_bytes(code));
        vec_store(out + v, code_has_scale(code) ? vec_mul(values, scale) : values);
    }
}

/* The scale of a column, and of those after it that share it. */
ALWAYS_INLINE vec scale_at(const struct row_part *part, const char *group, int64_t x)
{
    float scale;
    memcpy(&scale, group + part->scales + x / part->block * (int64_t)sizeof scale, sizeof scale);
    return vec_broadcast(scale);
}

/* Codes that fill up no chunk; the columns after them become 0, also where the scale is NaN. */
ALWAYS_INLINE void pack_rest(enum code code, const char *codes, int64_t columns, vec scale,
                             float *out)
{
    int64_t size = code_bytes(code);
    _Alignas(float) char rest[SIMD_CHUNK * sizeof(float)] = {0};
    memcpy(rest, codes, (size_t)(columns * size));
    pack_chunk(code, rest, scale, out);
    for (int64_t i = columns; i < SIMD_CHUNK; i++)
        out[i] = 0;
}

ALWAYS_INLINE void pack_row(enum code code, const struct row_part *part, const char *group,
                            float *out)
{
    int64_t columns = part->columns, x = 0;
    const char *codes = group + part->offset;
    vec scale = vec_broadcast(0);
    for (; x < columns; x += SIMD_CHUNK, out += SIMD_PANEL_STRIDE) {
        if (code_has_scale(code) && x % part->block == 0)
            scale = scale_at(part, group, x);
        if (x + SIMD_CHUNK > columns)
            break;
        pack_chunk(code, codes + x * code_bytes(code), scale, out);
    }
    if (x < columns)
        pack_rest(code, codes + x * code_bytes(code), columns - x, scale, out);
}

static void pack(const struct row_part *part, const void *const *groups, int32_t count,
                 float *panel, int64_t chunk)
{
    float *out = panel + chunk * SIMD_PANEL_STRIDE;
    switch (part->code) {
#define PACK(code)                                                 \
    case code:                                                     \
        for (int64_t j = 0; j < count; j++)                        \
            pack_row(code, part, groups[j], out + j * SIMD_CHUNK); \
        break;
        PACK(CODE_FP32)
        PACK(CODE_BF16)
        PACK(CODE_FP16)
        PACK(CODE_E4M3)
        PACK(CODE_INT8)
#undef PACK
    }
}

/* Where keys and values come from: a panel, or rows of a cache as they lie. */
enum source { PANEL, ROWS_FP32, ROWS_BF16, ROWS_FP16 };

/* The vector of columns `at` and on. */
ALWAYS_INLINE vec load_columns(enum source source, const void *row, int64_t at)
{
    switch (source) {
    case ROWS_BF16:
        return vec_load_bf16((const uint16_t *)row + at);
    case ROWS_FP16:
        return vec_load_fp16((const uint16_t *)row + at);
    default:
        return vec_load((const float *)row + at);
    }
}

/* Row j; its chunks are chunk_step(source) values apart. */
ALWAYS_INLINE const void *row_of(enum source source, const struct simd_block *block, int32_t j)
{
    return source == PANEL ? block->panel + j * SIMD_CHUNK : block->rows[j];
}

ALWAYS_INLINE int64_t chunk_step(enum source source)
{
    return source == PANEL ? SIMD_PANEL_STRIDE : SIMD_CHUNK;
}

/* What to prefetch during a tile: the line at `next`, then one `step` further on. */
struct ahead {
    const char *next;
    int64_t step;
};

/* out[n][i] = alpha dot(row i, key n) for 4 rows and `keys` keys. */
ALWAYS_INLINE void dots_tile(enum source source, int keys, int64_t chunks, float alpha,
                             const float *tile, const void *const *key, struct ahead ahead,
                             float *out, int64_t out_stride)
{
    vec sums[SIMD_ROWS][SCORES_KEYS];
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int n = 0; n < keys; n++)
            sums[i][n] = vec_broadcast(0);
    int64_t at = 0;
    for (int64_t c = 0; c < chunks; c++, tile += SIMD_TILE_STRIDE, at += chunk_step(source)) {
        MARK("scores", source, keys);
        __builtin_prefetch(ahead.next, 0, 3);
        ahead.next += ahead.step;
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH) {
            vec columns[SCORES_KEYS];
            for (int n = 0; n < keys; n++)
                columns[n] = load_columns(source, key[n], at + v);
            for (int i = 0; i < SIMD_ROWS; i++) {
                vec row = vec_load(tile + i * SIMD_CHUNK + v);
                for (int n = 0; n < keys; n++)
                    vec_accumulate(&sums[i][n], row, columns[n]);
            }
        }
    }
    for (int n = 0; n < keys; n++)
        float4_store(out + n * out_stride,
                     alpha * vec_sum4(sums[0][n], sums[1][n], sums[2][n], sums[3][n]));
}

/* The next piece of what is to be read soon; where there is none, what is near anyway. */
static inline struct ahead look_ahead(struct simd_ahead *all, const float *tile)
{
    if (all->row == all->count)
        return (struct ahead){(const char *)tile, 0};
    struct ahead ahead = {(const char *)all->rows[all->row] + all->at, all->step};
    all->at += all->bytes;
    if (++all->part == all->parts) {
        all->part = 0;
        all->at = 0;
        all->row++;
    }
    return ahead;
}

/* The same for keys [from, to) of a block. */
ALWAYS_INLINE void dots_keys(enum source source, const struct simd_block *block,
                             struct simd_ahead *soon, const float *tile, int32_t from, int32_t to,
                             float *out, int64_t out_stride)
{
    int64_t chunks = block->key_chunks;
    int32_t j = from;
    for (; j + SCORES_KEYS <= to; j += SCORES_KEYS) {
        const void *key[SCORES_KEYS];
        for (int n = 0; n < SCORES_KEYS; n++)
            key[n] = row_of(source, block, j + n);
        dots_tile(source, SCORES_KEYS, chunks, block->scale, tile, key, look_ahead(soon, tile),
                  out + j * out_stride, out_stride);
    }
    for (; j < to; j++) {
        const void *key = row_of(source, block, j);
        dots_tile(source, 1, chunks, block->scale, tile, &key, look_ahead(soon, tile),
                  out + j * out_stride, out_stride);
    }
}

static void dots(int64_t tiles, const float *tile, int64_t chunks, float alpha, const float *panel,
                 int32_t count, float *const *out, int64_t out_stride)
{
    struct simd_block block = {.panel = panel, .key_chunks = chunks, .scale = alpha};
    struct simd_ahead nothing = {.count = 0};
    for (int32_t from = 0; from < count; from += GROUP) {
        int32_t to = from + GROUP < count ? from + GROUP : count;
        for (int64_t t = 0; t < tiles; t++)
            dots_keys(PANEL, &block, &nothing, tile + t * chunks * SIMD_TILE_STRIDE, from, to,
                      out[t], out_stride);
    }
}

/* weights[t][j][i] = the scaled scores of tile t. */
ALWAYS_INLINE void score(enum source source, const struct simd_block *block,
                         const struct simd_tile *tiles, int32_t count, struct simd_ahead *soon,
                         float *weights)
{
    for (int32_t from = 0; from < block->count; from += GROUP)
        for (int32_t t = 0; t < count; t++) {
            int32_t most = most_keys(&tiles[t]), to = from + GROUP < most ? from + GROUP : most;
            dots_keys(source, block, soon, tiles[t].q, from, to,
                      weights + t * SIMD_BLOCK * SIMD_ROWS, SIMD_ROWS);
        }
}

/* Some vectors of columns of the values. */
struct strip {
    const struct simd_block *block;
    const float *columns[VALUES_WIDTH]; /* of a panel's row 0 */
    int64_t at;                         /* in sums, and in rows */
};

/* Where the strip begins in row j; NULL for a panel. gcc would otherwise keep an offset per vector,
 * and load most of them from the stack for each key. */
ALWAYS_INLINE const void *strip_row(enum source source, const struct strip *strip, int64_t j)
{
    if (source == PANEL)
        return NULL;
    int64_t size = source == ROWS_FP32 ? sizeof(float) : sizeof(uint16_t);
    const char *row = (const char *)strip->block->rows[j] + strip->at * size;
    __asm__("" : "+r"(row));
    return row;
}

/* Vector v of row j of the strip, `row` being strip_row of it. */
ALWAYS_INLINE vec load_value(enum source source, const struct strip *strip, const void *row,
                             int64_t j, int v)
{
    if (source == PANEL)
        return vec_load(strip->columns[v] + j * SIMD_CHUNK);
    return load_columns(source, row, (int64_t)v * VEC_WIDTH);
}

/* The sums of one more key. */
ALWAYS_INLINE void add_value(enum source source, int width, const float *weights,
                             const struct strip *strip, int64_t j, vec (*acc)[VALUES_WIDTH])
{
    vec value[VALUES_WIDTH];
    const void *row = strip_row(source, strip, j);
    for (int v = 0; v < width; v++)
        value[v] = load_value(source, strip, row, j, v);
    for (int i = 0; i < SIMD_ROWS; i++) {
        vec weight = vec_broadcast(weights[j * SIMD_ROWS + i]);
        for (int v = 0; v < width; v++)
            vec_accumulate(&acc[i][v], weight, value[v]);
    }
}

/* Likewise of the stream. */
static inline struct ahead stream_ahead(struct simd_stream *stream, const float *tile)
{
    if (!stream || stream->region == stream->count)
        return (struct ahead){(const char *)tile, 0};
    struct simd_region *region = &stream->regions[stream->region];
    struct ahead ahead = {region->next, stream->step};
    region->next += stream->bytes;
    if (region->next >= region->end)
        stream->region++;
    return ahead;
}

/* sums[i] = rescale[i] sums[i] + sum_j weights[j][i] panel[j] for 4 rows and `width` vectors of
 * columns; from 0 where rescale is NULL. */
ALWAYS_INLINE void values_tile(enum source source, int width, int32_t count, const float *weights,
                               const struct strip *strip, const float *rescale, float *sums,
                               int64_t sums_stride)
{
    vec acc[SIMD_ROWS][VALUES_WIDTH];
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++)
            acc[i][v] = rescale ? vec_mul(vec_load(sums + i * sums_stride + v * VEC_WIDTH),
                                          vec_broadcast(rescale[i]))
                                : vec_broadcast(0);
    struct ahead ahead = stream_ahead(strip->block->stream, weights);
    for (int64_t j = 0; j < count; j++) {
        MARK("values", source, width);
        __builtin_prefetch(ahead.next, 0, 3);
        ahead.next += ahead.step;
        add_value(source, width, weights, strip, j, acc);
    }
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++)
            vec_store(sums + i * sums_stride + v * VEC_WIDTH, acc[i][v]);
}

/* Keys that only some rows of a tile attend, after those common to all: row i those up to
 * counts[i]. */
ALWAYS_INLINE void values_rest(enum source source, int width, int32_t from,
                               const struct simd_tile *tile, const float *weights,
                               const struct strip *strip, int64_t sums_stride)
{
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width && tile->counts[i] > from; v++) {
            float *at = tile->sums + i * sums_stride + strip->at + v * VEC_WIDTH;
            vec acc = vec_load(at);
            for (int32_t j = from; j < tile->counts[i]; j++)
                vec_accumulate(&acc, vec_broadcast(weights[j * SIMD_ROWS + i]),
                               load_value(source, strip, strip_row(source, strip, j), j, v));
            vec_store(at, acc);
        }
}

ALWAYS_INLINE void values_strip(enum source source, int width, const struct simd_tile *tiles,
                                int32_t count, const float *weights, float (*rescale)[SIMD_ROWS],
                                const struct strip *strip)
{
    const struct simd_block *block = strip->block;
    int64_t stride = block->value_chunks * SIMD_CHUNK;
    for (int32_t t = 0; t < count; t++) {
        const float *own = weights + t * SIMD_BLOCK * SIMD_ROWS;
        int32_t common = common_keys(&tiles[t]);
        if (common == 0 && most_keys(&tiles[t]) == 0)
            continue;
        values_tile(source, width, common, own, strip, block->first ? NULL : rescale[t],
                    tiles[t].sums + strip->at, stride);
        if (most_keys(&tiles[t]) > common)
            values_rest(source, width, common, &tiles[t], own, strip, stride);
    }
}

ALWAYS_INLINE void weigh_values(enum source source, const struct simd_block *block,
                                const struct simd_tile *tiles, int32_t count, const float *weights,
                                float (*rescale)[SIMD_ROWS])
{
    int64_t vecs = block->value_chunks * VECS;
    for (int64_t done = 0, width; done < vecs; done += width) {
        struct strip strip = {.block = block, .at = done * VEC_WIDTH};
        width = strip_width(vecs - done, VALUES_WIDTH);
        for (int64_t v = 0; v < width && source == PANEL; v++)
            strip.columns[v] = block->panel +
                               (block->value_chunk + (done + v) / VECS) * SIMD_PANEL_STRIDE +
                               (done + v) % VECS * VEC_WIDTH;
        switch (width) {
#define WIDTH(n)                                                         \
    case n:                                                              \
        values_strip(source, n, tiles, count, weights, rescale, &strip); \
        break;
            WIDTHS(VALUES_WIDTH)
#undef WIDTH
        default:
            __builtin_unreachable();
        }
    }
}

ALWAYS_INLINE void attend_from(enum source source, const struct simd_block *block,
                               const struct simd_tile *tiles, int32_t count, float *weights)
{
    float rescale[SIMD_TILES_AT_ONCE][SIMD_ROWS] = {{0}};
    for (int32_t from = 0; from < count; from += SIMD_TILES_AT_ONCE) {
        const struct simd_tile *some = tiles + from;
        int32_t n = count - from < SIMD_TILES_AT_ONCE ? count - from : SIMD_TILES_AT_ONCE;
        score(source, block, some, n, block->ahead, weights);
        for (int32_t t = 0; t < n; t++)
            if (most_keys(&some[t]) > 0)
                weigh_scores(&some[t], block->first, weights + t * SIMD_BLOCK * SIMD_ROWS,
                             rescale[t]);
        weigh_values(source, block, some, n, weights, rescale);
    }
}

static void attend(const struct simd_block *block, const struct simd_tile *tiles, int32_t count,
                   float *weights)
{
    if (!block->rows)
        attend_from(PANEL, block, tiles, count, weights);
    else if (block->format == MLA_BF16)
        attend_from(ROWS_BF16, block, tiles, count, weights);
    else if (block->format == MLA_FP16)
        attend_from(ROWS_FP16, block, tiles, count, weights);
    else
        attend_from(ROWS_FP32, block, tiles, count, weights);
}

static float exp2_of(float x)
{
    float lanes[VEC_WIDTH] = {x};
    vec_store(lanes, vec_exp2(vec_load(lanes)));
    return lanes[0];
}

static void merge(const struct simd_tile *a, const struct simd_tile *b, int32_t row,
                  int64_t value_chunks)
{
    float max = b->max[row] > a->max[row] ? b->max[row] : a->max[row];
    float base = max == -INFINITY ? 0.0f : max;
    float of_a = exp2_of(a->max[row] - base), of_b = exp2_of(b->max[row] - base);
    vec factor_a = vec_broadcast(of_a), factor_b = vec_broadcast(of_b);
    int64_t width = value_chunks * SIMD_CHUNK;
    float *sums = a->sums + row * width;
    const float *added = b->sums + row * width;
    for (int64_t x = 0; x < width; x += VEC_WIDTH)
        vec_store(sums + x,
                  vec_fma(vec_load(added + x), factor_b, vec_mul(vec_load(sums + x), factor_a)));
    a->sum[row] = a->sum[row] * of_a + b->sum[row] * of_b;
    a->max[row] = max;
}

/* y[n] += sum of x[m] w[m][n] over 4 consecutive m, as one thing after the other. */
static void combine_4(int64_t n, const float *x, const float *w, float *y)
{
    vec factor[4];
    for (int m = 0; m < 4; m++)
        factor[m] = vec_broadcast(x[m]);
    for (int64_t c = 0; c + SIMD_CHUNK <= n; c += SIMD_CHUNK, y += SIMD_TILE_STRIDE)
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH) {
            vec acc = vec_load(y + v);
            for (int m = 0; m < 4; m++)
                acc = vec_fma(factor[m], vec_load(w + m * n + c + v), acc);
            vec_store(y + v, acc);
        }
}

static void combine_1(int64_t n, float x, const float *w, float *y)
{
    vec factor = vec_broadcast(x);
    for (int64_t c = 0; c + SIMD_CHUNK <= n; c += SIMD_CHUNK, y += SIMD_TILE_STRIDE)
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH)
            vec_store(y + v, vec_fma(factor, vec_load(w + c + v), vec_load(y + v)));
}

/* The columns beyond the last whole chunk. */
static void combine_rest(int64_t m, int64_t n, const float *x, const float *w, float *y)
{
    int64_t whole = n / SIMD_CHUNK * SIMD_CHUNK;
    float *rest = y + n / SIMD_CHUNK * SIMD_TILE_STRIDE;
    for (int64_t c = whole; c < n; c++) {
        float sum = 0;
        for (int64_t i = 0; i < m; i++)
            sum += x[i] * w[i * n + c];
        rest[c - whole] = sum;
    }
}

/* One vector: w is read from memory once, in order, so y is what is kept near. */
static void combine_alone(int64_t m, int64_t n, const float *x, const float *w, float *y)
{
    for (int64_t c = 0; c < simd_chunks(n); c++)
        memset(y + c * SIMD_TILE_STRIDE, 0, SIMD_CHUNK * sizeof *y);
    int64_t i = 0;
    for (; i + 4 <= m; i += 4)
        combine_4(n, x + i, w + i * n, y);
    for (; i < m; i++)
        combine_1(n, x[i], w + i * n, y);
    combine_rest(m, n, x, w, y);
}

/* Four vectors, a strip of columns of w at a time. */
ALWAYS_INLINE void combine_strip(int width, int64_t m, int64_t n, const float *const *x,
                                 const float *w, float *const *y, int64_t first)
{
    vec acc[SIMD_ROWS][VALUES_WIDTH];
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++)
            acc[i][v] = vec_broadcast(0);
    for (int64_t k = 0; k < m; k++) {
        vec weight[VALUES_WIDTH];
        for (int v = 0; v < width; v++)
            weight[v] = vec_load(w + k * n + first + v * VEC_WIDTH);
        for (int i = 0; i < SIMD_ROWS; i++) {
            vec factor = vec_broadcast(x[i][k]);
            for (int v = 0; v < width; v++)
                vec_accumulate(&acc[i][v], factor, weight[v]);
        }
    }
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++) {
            int64_t at = first + v * VEC_WIDTH;
            vec_store(y[i] + at / SIMD_CHUNK * SIMD_TILE_STRIDE + at % SIMD_CHUNK, acc[i][v]);
        }
}

static void combine_together(int64_t m, int64_t n, const float *const *x, const float *w,
                             float *const *y)
{
    int64_t whole = n / SIMD_CHUNK * SIMD_CHUNK, c = 0;
    for (; c + VALUES_WIDTH * VEC_WIDTH <= whole; c += VALUES_WIDTH * VEC_WIDTH)
        combine_strip(VALUES_WIDTH, m, n, x, w, y, c);
    for (; c < whole; c += VEC_WIDTH)
        combine_strip(1, m, n, x, w, y, c);
    for (int i = 0; i < SIMD_ROWS && whole < n; i++) {
        memset(y[i] + whole / SIMD_CHUNK * SIMD_TILE_STRIDE, 0, SIMD_CHUNK * sizeof **y);
        combine_rest(m, n, x[i], w, y[i]);
    }
}

static void combine(int32_t vectors, int64_t m, int64_t n, const float *const *x, const float *w,
                    float *const *y)
{
    if (vectors == SIMD_ROWS)
        combine_together(m, n, x, w, y);
    else
        for (int32_t i = 0; i < vectors; i++)
            combine_alone(m, n, x[i], w, y[i]);
}

/* out[i][k] = dot(w row k, x_i) for `rows` rows of w and `vectors` vectors. */
ALWAYS_INLINE void apply_tile(int vectors, int rows, int64_t n, const float *w,
                              const float *const *x, float *const *y, int64_t at)
{
    enum { MOST = 4 };
    vec sums[MOST][MOST];
    for (int i = 0; i < vectors; i++)
        for (int k = 0; k < rows; k++)
            sums[i][k] = vec_broadcast(0);
    for (int64_t c = 0; c < n; c += SIMD_CHUNK) {
        float rest[MOST][SIMD_CHUNK];
        bool whole = c + SIMD_CHUNK <= n;
        for (int k = 0; k < rows && !whole; k++) {
            memset(rest[k], 0, sizeof rest[k]);
            memcpy(rest[k], w + k * n + c, (size_t)(n - c) * sizeof *w);
        }
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH)
            for (int k = 0; k < rows; k++) {
                vec weight = vec_load(whole ? w + k * n + c + v : rest[k] + v);
                for (int i = 0; i < vectors; i++)
                    vec_accumulate(&sums[i][k], vec_load(x[i] + c + v), weight);
            }
    }
    for (int i = 0; i < vectors; i++) {
        vec none = vec_broadcast(0);
        float4 out = vec_sum4(sums[i][0], rows > 1 ? sums[i][1] : none,
                              rows > 2 ? sums[i][2] : none, rows > 3 ? sums[i][3] : none);
        for (int k = 0; k < rows; k++)
            y[i][at + k] = out[k];
    }
}

static void apply(int32_t vectors, int64_t m, int64_t n, const float *w, const float *const *x,
                  float *const *y)
{
    int64_t k = 0;
    if (vectors == SIMD_ROWS) {
        for (; k + 2 <= m; k += 2)
            apply_tile(SIMD_ROWS, 2, n, w + k * n, x, y, k);
        for (; k < m; k++)
            apply_tile(SIMD_ROWS, 1, n, w + k * n, x, y, k);
        return;
    }
    for (; k + 4 <= m; k += 4)
        for (int32_t i = 0; i < vectors; i++)
            apply_tile(1, 4, n, w + k * n, x + i, y + i, k);
    for (; k < m; k++)
        for (int32_t i = 0; i < vectors; i++)
            apply_tile(1, 1, n, w + k * n, x + i, y + i, k);
}

static void exp2_all(int64_t count, const float *x, float *y)
{
    for (int64_t i = 0; i < count; i += VEC_WIDTH)
        vec_store(y + i, vec_exp2(vec_load(x + i)));
}

const struct simd_loops SIMD_NAME(simd_loops) = {
    .isa = SIMD_ISA_STRING,
    .rates = RATES,
    .scores_keys = SCORES_KEYS,
    .values_columns = VALUES_WIDTH * VEC_WIDTH,
    .pack = pack,
    .dots = dots,
    .attend = attend,
    .merge = merge,
    .combine = combine,
    .apply = apply,
    .exp2 = exp2_all,
};
