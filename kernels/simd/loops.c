/* SPDX-License-Identifier: MIT */
#include "kernels/simd/loops.h"
#include "kernels/simd/tuning.h"
#include "kernels/simd/vec_exp.h"

#include <math.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { VECS = SIMD_CHUNK / VEC_WIDTH }; /* of a chunk */

static void pack_fp32(const float *row, int64_t columns, float *out)
{
    int64_t x = 0;
    for (; x + SIMD_CHUNK <= columns; x += SIMD_CHUNK, out += SIMD_PANEL_STRIDE)
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH)
            vec_store(out + v, vec_load(row + x + v));
    if (x < columns)
        for (int64_t i = 0; i < SIMD_CHUNK; i++)
            out[i] = x + i < columns ? row[x + i] : 0;
}

static void pack_bf16(const uint16_t *row, int64_t columns, float *out)
{
    int64_t x = 0;
    for (; x + SIMD_CHUNK <= columns; x += SIMD_CHUNK, out += SIMD_PANEL_STRIDE)
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH)
            vec_store(out + v, vec_load_bf16(row + x + v));
    if (x < columns) {
        uint16_t rest[SIMD_CHUNK] = {0};
        memcpy(rest, row + x, (size_t)(columns - x) * sizeof *row);
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH)
            vec_store(out + v, vec_load_bf16(rest + v));
    }
}

static void pack(enum mla_format format, const void *const *rows, int32_t count, int64_t columns,
                 float *panel, int64_t chunk)
{
    float *out = panel + chunk * SIMD_PANEL_STRIDE;
    for (int32_t j = 0; j < count; j++)
        if (format == MLA_BF16)
            pack_bf16(rows[j], columns, out + j * SIMD_CHUNK);
        else
            pack_fp32(rows[j], columns, out + j * SIMD_CHUNK);
}

/* out[n][i] = alpha dot(row i, key n) for 4 rows and `keys` keys. */
ALWAYS_INLINE void dots_tile(int keys, int64_t chunks, float alpha, const float *tile,
                             const float *panel, float *out, int64_t out_stride)
{
    vec sums[SIMD_ROWS][SCORES_KEYS];
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int n = 0; n < keys; n++)
            sums[i][n] = vec_broadcast(0);
    for (int64_t c = 0; c < chunks; c++, tile += SIMD_TILE_STRIDE, panel += SIMD_PANEL_STRIDE)
        for (int v = 0; v < SIMD_CHUNK; v += VEC_WIDTH) {
            vec key[SCORES_KEYS];
            for (int n = 0; n < keys; n++)
                key[n] = vec_load(panel + n * SIMD_CHUNK + v);
            for (int i = 0; i < SIMD_ROWS; i++) {
                vec row = vec_load(tile + i * SIMD_CHUNK + v);
                for (int n = 0; n < keys; n++)
                    vec_accumulate(&sums[i][n], row, key[n]);
            }
        }
    for (int n = 0; n < keys; n++)
        float4_store(out + n * out_stride,
                     alpha * vec_sum4(sums[0][n], sums[1][n], sums[2][n], sums[3][n]));
}

/* The same for keys [from, to). */
ALWAYS_INLINE void dots_keys(int64_t chunks, float alpha, const float *tile, const float *panel,
                             int32_t from, int32_t to, float *out, int64_t out_stride)
{
    int32_t j = from;
    for (; j + SCORES_KEYS <= to; j += SCORES_KEYS)
        dots_tile(SCORES_KEYS, chunks, alpha, tile, panel + j * SIMD_CHUNK, out + j * out_stride,
                  out_stride);
    for (; j < to; j++)
        dots_tile(1, chunks, alpha, tile, panel + j * SIMD_CHUNK, out + j * out_stride, out_stride);
}

static void dots(int64_t tiles, const float *tile, int64_t chunks, float alpha, const float *panel,
                 int32_t count, float *const *out, int64_t out_stride)
{
    for (int32_t from = 0; from < count; from += GROUP) {
        int32_t to = from + GROUP < count ? from + GROUP : count;
        for (int64_t t = 0; t < tiles; t++)
            dots_keys(chunks, alpha, tile + t * chunks * SIMD_TILE_STRIDE, panel, from, to, out[t],
                      out_stride);
    }
}

static int32_t most_keys(const struct simd_tile *tile)
{
    int32_t most = 0;
    for (int i = 0; i < SIMD_ROWS; i++)
        most = tile->counts[i] > most ? tile->counts[i] : most;
    return most;
}

static int32_t common_keys(const struct simd_tile *tile)
{
    int32_t common = tile->counts[0];
    for (int i = 1; i < SIMD_ROWS; i++)
        common = tile->counts[i] < common ? tile->counts[i] : common;
    return common;
}

/* Where the next prefetch goes. */
struct walk {
    const struct simd_ahead *ahead;
    int32_t piece;
    int64_t at;
};

static inline void prefetch_some(struct walk *walk, int64_t lines)
{
    const struct simd_ahead *ahead = walk->ahead;
    for (; lines > 0 && walk->piece < ahead->count; lines--) {
        __builtin_prefetch((const char *)ahead->pieces[walk->piece] + walk->at, 0, 2);
        walk->at += 64;
        if (walk->at >= ahead->bytes) {
            walk->at = 0;
            walk->piece++;
        }
    }
}

/* weights[t][j][i] = the scaled scores of tile t. */
static void score(const struct simd_block *block, const struct simd_tile *tiles, int32_t count,
                  struct walk *walk, int64_t lines, float *weights)
{
    for (int32_t from = 0; from < block->count; from += GROUP)
        for (int32_t t = 0; t < count; t++) {
            int32_t most = most_keys(&tiles[t]), to = from + GROUP < most ? from + GROUP : most;
            prefetch_some(walk, lines);
            dots_keys(block->key_chunks, block->scale, tiles[t].q, block->panel, from, to,
                      weights + t * SIMD_BLOCK * SIMD_ROWS, SIMD_ROWS);
        }
}

/* From scores to weights exp(score - max), whose sum joins the tile's; rescale gets what was added
 * up before has to be multiplied by. A score of -inf has weight 0; NaN and +inf give NaN for good.
 */
static void weigh_scores(const struct simd_tile *tile, bool first, float *weights, float *rescale)
{
    enum { KEYS = VEC_WIDTH / SIMD_ROWS };
    int32_t most = most_keys(tile), padded = (most + KEYS - 1) / KEYS * KEYS;
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int32_t j = tile->counts[i]; j < padded; j++)
            weights[j * SIMD_ROWS + i] = -INFINITY;

    vec largest = vec_broadcast(-INFINITY);
    for (int32_t j = 0; j < padded; j += KEYS)
        largest = vec_max(vec_load(weights + j * SIMD_ROWS), largest);
    float4 before = float4_all(-INFINITY), sum = {0}, block = vec_fold_max(largest);
    if (!first) {
        before = float4_load(tile->max);
        sum = float4_load(tile->sum);
    }
    float4 max = float4_select(block > before, block, before);
    float4 base = float4_select(max == -INFINITY, (float4){0}, max);
    float lanes[VEC_WIDTH] = {0};
    float4_store(lanes, before - base);
    vec_store(lanes, vec_exp(vec_load(lanes)));
    float4 factor = float4_load(lanes);

    float4_store(lanes, base);
    vec bases = vec_load4(lanes), sums = vec_broadcast(0);
    for (int32_t j = 0; j < padded; j += KEYS) {
        vec weight = vec_exp(vec_sub(vec_load(weights + j * SIMD_ROWS), bases));
        vec_store(weights + j * SIMD_ROWS, weight);
        sums = vec_add(sums, weight);
    }
    float4_store(tile->max, max);
    float4_store(tile->sum, sum * factor + vec_fold_add(sums));
    float4_store(rescale, factor);
}

/* Some vectors of columns of a panel. */
struct strip {
    const float *columns[VALUES_WIDTH]; /* of the panel's row 0 */
    int64_t at;                         /* in sums */
};

/* sums[i] = rescale[i] sums[i] + sum_j weights[j][i] panel[j] for 4 rows and `width` vectors of
 * columns; from 0 where rescale is NULL. */
ALWAYS_INLINE void values_tile(int width, int32_t count, const float *weights,
                               const struct strip *strip, const float *rescale, float *sums,
                               int64_t sums_stride)
{
    vec acc[SIMD_ROWS][VALUES_WIDTH];
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++)
            acc[i][v] = rescale ? vec_mul(vec_load(sums + i * sums_stride + v * VEC_WIDTH),
                                          vec_broadcast(rescale[i]))
                                : vec_broadcast(0);
    for (int64_t j = 0; j < count; j++) {
        vec value[VALUES_WIDTH];
        for (int v = 0; v < width; v++)
            value[v] = vec_load(strip->columns[v] + j * SIMD_CHUNK);
        for (int i = 0; i < SIMD_ROWS; i++) {
            vec weight = vec_broadcast(weights[j * SIMD_ROWS + i]);
            for (int v = 0; v < width; v++)
                vec_accumulate(&acc[i][v], weight, value[v]);
        }
    }
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width; v++)
            vec_store(sums + i * sums_stride + v * VEC_WIDTH, acc[i][v]);
}

/* Keys that only some rows of a tile attend, after those common to all: row i those up to
 * counts[i]. */
static void values_rest(int width, int32_t from, const struct simd_tile *tile, const float *weights,
                        const struct strip *strip, int64_t sums_stride)
{
    for (int i = 0; i < SIMD_ROWS; i++)
        for (int v = 0; v < width && tile->counts[i] > from; v++) {
            float *at = tile->sums + i * sums_stride + strip->at + v * VEC_WIDTH;
            vec acc = vec_load(at);
            for (int32_t j = from; j < tile->counts[i]; j++)
                vec_accumulate(&acc, vec_broadcast(weights[j * SIMD_ROWS + i]),
                               vec_load(strip->columns[v] + j * SIMD_CHUNK));
            vec_store(at, acc);
        }
}

ALWAYS_INLINE void values_strip(int width, const struct simd_block *block,
                                const struct simd_tile *tiles, int32_t count, const float *weights,
                                float (*rescale)[SIMD_ROWS], const struct strip *strip)
{
    int64_t stride = block->value_chunks * SIMD_CHUNK;
    for (int32_t t = 0; t < count; t++) {
        const float *own = weights + t * SIMD_BLOCK * SIMD_ROWS;
        int32_t common = common_keys(&tiles[t]);
        if (common == 0 && most_keys(&tiles[t]) == 0)
            continue;
        values_tile(width, common, own, strip, block->first ? NULL : rescale[t],
                    tiles[t].sums + strip->at, stride);
        if (most_keys(&tiles[t]) > common)
            values_rest(width, common, &tiles[t], own, strip, stride);
    }
}

/* Strips as wide as registers allow; towards the end evenly, as a narrow one has too few
 * accumulators to keep the multipliers busy. */
static int strip_width(int64_t left)
{
    if (left <= VALUES_WIDTH)
        return (int)left;
    return left >= 2 * VALUES_WIDTH ? VALUES_WIDTH : (int)((left + 1) / 2);
}

static void weigh_values(const struct simd_block *block, const struct simd_tile *tiles,
                         int32_t count, const float *weights, float (*rescale)[SIMD_ROWS])
{
    int64_t vecs = block->value_chunks * VECS;
    for (int64_t done = 0, width; done < vecs; done += width) {
        struct strip strip = {.at = done * VEC_WIDTH};
        width = strip_width(vecs - done);
        for (int64_t v = 0; v < width; v++)
            strip.columns[v] = block->panel +
                               (block->value_chunk + (done + v) / VECS) * SIMD_PANEL_STRIDE +
                               (done + v) % VECS * VEC_WIDTH;
        switch (width) {
#define WIDTH(n)                                                        \
    case n:                                                             \
        values_strip(n, block, tiles, count, weights, rescale, &strip); \
        break;
            WIDTH(1)
            WIDTH(2)
#if VALUES_WIDTH > 2
            WIDTH(3)
#endif
#if VALUES_WIDTH > 3
            WIDTH(4)
            WIDTH(5)
            WIDTH(6)
#endif
#undef WIDTH
        default:
            __builtin_unreachable();
        }
    }
}

static void attend(const struct simd_block *block, const struct simd_tile *tiles, int32_t count,
                   float *weights)
{
    float rescale[SIMD_TILES_AT_ONCE][SIMD_ROWS];
    struct walk walk = {.ahead = &block->ahead};
    int64_t passes = (int64_t)((block->count + GROUP - 1) / GROUP) * count;
    int64_t lines = (block->ahead.count * ((block->ahead.bytes + 63) / 64) + passes - 1) / passes;
    for (int32_t from = 0; from < count; from += SIMD_TILES_AT_ONCE) {
        const struct simd_tile *some = tiles + from;
        int32_t n = count - from < SIMD_TILES_AT_ONCE ? count - from : SIMD_TILES_AT_ONCE;
        score(block, some, n, &walk, lines, weights);
        for (int32_t t = 0; t < n; t++)
            if (most_keys(&some[t]) > 0)
                weigh_scores(&some[t], block->first, weights + t * SIMD_BLOCK * SIMD_ROWS,
                             rescale[t]);
        weigh_values(block, some, n, weights, rescale);
    }
}

static float exp_of(float x)
{
    float lanes[VEC_WIDTH] = {x};
    vec_store(lanes, vec_exp(vec_load(lanes)));
    return lanes[0];
}

static void merge(const struct simd_tile *a, const struct simd_tile *b, int32_t row,
                  int64_t value_chunks)
{
    float max = b->max[row] > a->max[row] ? b->max[row] : a->max[row];
    float base = max == -INFINITY ? 0.0f : max;
    float of_a = exp_of(a->max[row] - base), of_b = exp_of(b->max[row] - base);
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

const struct simd_loops SIMD_NAME(simd_loops) = {
    .isa = SIMD_ISA_STRING,
    .pack = pack,
    .dots = dots,
    .attend = attend,
    .merge = merge,
    .combine = combine,
    .apply = apply,
};
