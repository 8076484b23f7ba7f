/* SPDX-License-Identifier: MIT
 *
 * The inner loops of the vector kernels, one set of them per instruction set. They work on
 *
 *   a tile    SIMD_ROWS rows of queries side by side, its columns in chunks of SIMD_CHUNK:
 *             [chunks][SIMD_ROWS][SIMD_CHUNK]
 *   a panel   up to SIMD_BLOCK rows of keys, values or latents as fp32, in the same chunks:
 *             [chunks][SIMD_BLOCK + 1][SIMD_CHUNK]. A chunk of a row is a cache line, and those of
 *             neighbouring rows are neighbours; the row too many keeps chunks off each other's
 *             cache sets
 *
 * Columns that fill up a last chunk are 0. None of them needs more alignment than a float has; 64
 * bytes are faster. */
#ifndef MLABENCH_SIMD_LOOPS_H
#define MLABENCH_SIMD_LOOPS_H

#include "kernels/row_layout.h"

#pragma GCC visibility push(hidden)

#define SIMD_ROWS  4
#define SIMD_CHUNK 16
/* Keys. AVX2, fp32, 1 thread, core as % of the FMA peak; V3 at 4,096 (with weights streaming
 * through the same second-level cache) and 16,384, V2-Lite at 4,096 and 16,384:
 * 48: 83, 92, 89, 89; 96: 83, 93, 92, 89; 128: 80, 92, 89, 86; 160: 76, 91, 90, 82.
 * Prefill, V2-Lite: 48: 87, 96: 88, 160: 88. */
#define SIMD_BLOCK 96
#define SIMD_PANEL_STRIDE \
    (INT64_C(1) * (SIMD_BLOCK + 1) * SIMD_CHUNK) /* floats from chunk to chunk */
#define SIMD_TILE_STRIDE (INT64_C(1) * SIMD_ROWS * SIMD_CHUNK)

static inline int64_t simd_chunks(int64_t columns)
{
    return (columns + SIMD_CHUNK - 1) / SIMD_CHUNK;
}

/* Rows to be read soon, and therefore prefetched: during each tile of scores a piece of one, a
 * `step` of it with each chunk. */
struct simd_ahead {
    const void *const *rows;
    int32_t count, parts; /* rows, and pieces of each */
    int64_t bytes, step;  /* of a piece; step is at most a cache line */
    int32_t row, part;    /* where it stands */
    int64_t at;
};

/* Likewise, for what comes after the keys: so many bytes during each tile of weighted sums, a
 * `step` of them with each key. */
#define SIMD_REGIONS 8
struct simd_region {
    const char *next, *end;
};
struct simd_stream {
    struct simd_region regions[SIMD_REGIONS];
    int32_t region, count;
    int64_t bytes, step;
};

/* A block of keys and values, as all the rows that attend it see it. */
struct simd_block {
    const void *const *rows; /* of the cache, where they can be used as they lie: keys and values
                                both from the first column on and whole chunks wide, fp32, bf16
                                or fp16;
                                else NULL and: */
    const float *panel;
    enum mla_format format; /* of the rows */
    int32_t count;          /* keys, 1 to SIMD_BLOCK */
    int64_t key_chunks;
    int64_t value_chunk; /* of the panel: the values' first */
    int64_t value_chunks;
    float scale; /* of the scores: they are base-2 logarithms of the weights */
    bool first;  /* of what the rows add up: what is in sums, max and sum means nothing */
    struct simd_ahead *ahead;   /* goes on from one call to the next */
    struct simd_stream *stream; /* or NULL */
};

/* Rows and what they add up, each with weights relative to its own max. */
struct simd_tile {
    const float *q;            /* [key_chunks][SIMD_ROWS][SIMD_CHUNK] */
    float *sums;               /* [SIMD_ROWS][value_chunks * SIMD_CHUNK] */
    float *max, *sum;          /* [SIMD_ROWS] */
    int32_t counts[SIMD_ROWS]; /* keys of the block that a row attends: the first so many */
};

/* Shares of the FMA peak that the loops reach at their work, as measured (tuning.h). */
struct simd_rates {
    double absorbed, expanded; /* attending, with latents or heads for keys */
    double expanding;          /* dots with Wkv_b */
    double weights;            /* combine and apply, four vectors at a time */
};

struct simd_loops {
    const char *isa;
    struct simd_rates rates;
    int32_t scores_keys;    /* of a tile of scores */
    int32_t values_columns; /* of a tile of weighted sums */

    /* A part of `count` cached rows, of which the group begins at groups[j], into the panel, from
     * chunk `chunk` on. */
    void (*pack)(const struct row_part *part, const void *const *groups, int32_t count,
                 float *panel, int64_t chunk);

    /* out_t[j][i] = alpha sum_x tile_t[i][x] panel[j][x] for `count` rows j and SIMD_ROWS rows i of
     * each tile t; tile t's out begins at out[t], and its rows are out_stride apart. */
    void (*dots)(int64_t tiles, const float *tile, int64_t chunks, float alpha, const float *panel,
                 int32_t count, float *const *out, int64_t out_stride);

    /* The tiles' rows attend the block: an online softmax. `weights` is scratch of
     * SIMD_WEIGHTS floats. A row is computed as if it were alone. */
    void (*attend)(const struct simd_block *block, const struct simd_tile *tiles, int32_t count,
                   float *weights);

    /* Adds to row `row` of a what the same row of b added up. */
    void (*merge)(const struct simd_tile *a, const struct simd_tile *b, int32_t row,
                  int64_t value_chunks);

    /* Products of one matrix w, row-major, with 1 to SIMD_ROWS vectors, each computed as if it were
     * alone:
     *   combine  y_i[n] = sum_m x_i[m] w[m][n], in chunks SIMD_TILE_STRIDE apart, as in a tile
     *   apply    y_i[m] = sum_n w[m][n] x_i[n], x_i filled up with 0 to whole chunks */
    void (*combine)(int32_t vectors, int64_t m, int64_t n, const float *const *x, const float *w,
                    float *const *y);
    void (*apply)(int32_t vectors, int64_t m, int64_t n, const float *w, const float *const *x,
                  float *const *y);

    /* y_i = 2^x_i, as in the softmax: see vec_exp2.h. count is a multiple of SIMD_CHUNK. */
    void (*exp2)(int64_t count, const float *x, float *y);
};

#define SIMD_TILES_AT_ONCE 32
#define SIMD_WEIGHTS       (INT64_C(1) * SIMD_TILES_AT_ONCE * SIMD_BLOCK * SIMD_ROWS)

#define SIMD_ISA(name)     extern const struct simd_loops simd_loops_##name;
#include "kernels/simd/isas.def"
#undef SIMD_ISA

#pragma GCC visibility pop

#endif
