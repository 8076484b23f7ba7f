/* SPDX-License-Identifier: MIT
 *
 * The inner loops of attention over latents in int8, with integer dot products for scores and for
 * weighted sums: what stands beside a code, a query's element or a weight, is rounded to 16 bits.
 *
 * A row's score with key j is
 *
 *   scale (qc sc_j sum_x q_x c_jx + qr sr_j sum_x q_x r_jx)
 *
 * with codes c_j, r_j of the latent and of its RoPE part, scales sc_j, sr_j, and integers q_x with
 * |q_x| <= INTEGERS_MOST and a scale per row and part, qc and qr. Its weighted sum over a block is
 *
 *   f sum_j w_j c_jx,  w_j f = softmax weight times sc_j,  |w_j| <= INTEGERS_MOST
 *
 * Every rounding is by at most half a unit, 1 / (2 INTEGERS_MOST) < 2^-15.99 of the largest element
 * of the query's part, or of the largest product of weight and scale in the block. Sums of integers
 * are exact: 127 INTEGERS_MOST times a part's columns, or a block's keys, has to be below 2^31.
 *
 * So the kernels' unit round-off is u = 2^-16. As roundings of zero mean that are independent of
 * each other, those of a query's part err a score by u max|q| |c_j| / sqrt(3) (root mean square,
 * the norm of c_j being Euclidean), at most u |q| |c_j| / sqrt(3); n additions of terms in random
 * order in arithmetic of that u, which is what the verifier's unit allows for, by about u sqrt(n /
 * 3) times the partial sums' root mean square, which is |q| |c_j| / sqrt(n) or more. The weights of
 * a block of b keys err a sum by u max(w_j sc_j) sqrt(sum c_jx^2 / 3), sqrt(b) times what its
 * largest term alone would err by, where the unit has sqrt(n), n being 512 and more with real
 * models' ranks and b SIMD_BLOCK.
 *
 *   a tile    SIMD_ROWS rows of queries: [chunks][SIMD_ROWS][INTEGERS_CHUNK] int16_t, the latent's
 *             chunks first, then RoPE's
 *   keys      a block's codes as int16_t, [chunks][SIMD_BLOCK + 1][INTEGERS_CHUNK]
 *   values    the latent's once more, keys in pairs:
 *             [chunks of 16 columns][SIMD_BLOCK / 2 + 1][16][2]
 *
 * What fills up a last chunk or pair is 0. */
#ifndef MLABENCH_SIMD_INTEGERS_H
#define MLABENCH_SIMD_INTEGERS_H

#include "kernels/simd/loops.h"

#pragma GCC visibility push(hidden)

enum {
    INTEGERS_MOST = 32767,
    INTEGERS_CHUNK = 32,
    INTEGERS_PAIRS = SIMD_BLOCK / 2,
    INTEGERS_COLUMNS = 16,    /* of a chunk of values */
    INTEGERS_PART_MOST = 516, /* columns of a part */
};
#define INTEGERS_KEY_STRIDE   (INT64_C(1) * (SIMD_BLOCK + 1) * INTEGERS_CHUNK)
#define INTEGERS_VALUE_STRIDE (INT64_C(2) * (INTEGERS_PAIRS + 1) * INTEGERS_COLUMNS)
#define INTEGERS_TILE_STRIDE  (INT64_C(1) * SIMD_ROWS * INTEGERS_CHUNK)

static inline int64_t integers_chunks(int64_t columns)
{
    return (columns + INTEGERS_CHUNK - 1) / INTEGERS_CHUNK;
}

struct integers_block {
    int16_t *keys, *values;
    float *scales[2]; /* [SIMD_BLOCK] of the latent, of RoPE's part */
    int32_t count;
    int64_t chunks[2]; /* of keys: the latent's, RoPE's */
    int64_t value_chunks;
    float scale; /* of the scores, as base-2 logarithms */
    bool first;  /* as in simd_block */
};

struct integers_tile {
    struct simd_tile tile; /* q apart */
    const int16_t *q;
    const float *scales; /* [2][SIMD_ROWS] */
};

struct integers_loops {
    const char *isa;

    /* `columns` floats of a row, chunks of SIMD_CHUNK a SIMD_TILE_STRIDE apart, to integers, and
     * their scale. NaN if one is NaN or infinite. Sets *fits to whether rounding
     * them to parts of the largest does little harm: it is at most INTEGERS_CREST times their mean
     * magnitude, and at most 3/8 of their sum. */
    float (*quantise)(const float *row, int64_t columns, int16_t *to, bool *fits);

    /* Cached rows into a block. */
    void (*pack)(const struct row_part parts[2], const void *const *rows,
                 struct integers_block *block);

    /* As simd_loops' attend; `weights` is scratch of SIMD_WEIGHTS floats, `integers` of as many
     * int16_t. */
    void (*attend)(const struct integers_block *block, const struct integers_tile *tiles,
                   int32_t count, float *weights, int16_t *integers);
};

#define INTEGERS_CREST 16.0f

#define SIMD_ISA(name) extern const struct integers_loops integers_loops_##name;
#include "kernels/simd/isas.def"
#undef SIMD_ISA
#ifdef __x86_64__
extern const struct integers_loops integers_loops_avx512vnni;
#endif

#pragma GCC visibility pop

#endif
