/* SPDX-License-Identifier: MIT
 *
 * The softmax of a tile over one block of keys. */
#ifndef MLABENCH_SIMD_WEIGH_H
#define MLABENCH_SIMD_WEIGH_H

#include "kernels/simd/loops.h"
#include "kernels/simd/vec_exp2.h"

#include <math.h>

static inline int32_t most_keys(const struct simd_tile *tile)
{
    int32_t most = 0;
    for (int i = 0; i < SIMD_ROWS; i++)
        most = tile->counts[i] > most ? tile->counts[i] : most;
    return most;
}

static inline int32_t common_keys(const struct simd_tile *tile)
{
    int32_t common = tile->counts[0];
    for (int i = 1; i < SIMD_ROWS; i++)
        common = tile->counts[i] < common ? tile->counts[i] : common;
    return common;
}

/* From scores to weights 2^(score - max), whose sum joins the tile's; rescale gets what was added
 * up before has to be multiplied by. A score of -inf has weight 0; NaN and +inf give NaN for good.
 */
__attribute__((noinline)) static void weigh_scores(const struct simd_tile *tile, bool first,
                                                   float *weights, float *rescale)
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
    vec_store(lanes, vec_exp2(vec_load(lanes)));
    float4 factor = float4_load(lanes);

    float4_store(lanes, base);
    vec bases = vec_load4(lanes), sums = vec_broadcast(0);
    for (int32_t j = 0; j < padded; j += KEYS) {
        vec weight = vec_exp2(vec_sub(vec_load(weights + j * SIMD_ROWS), bases));
        vec_store(weights + j * SIMD_ROWS, weight);
        sums = vec_add(sums, weight);
    }
    float4_store(tile->max, max);
    float4_store(tile->sum, sum * factor + vec_fold_add(sums));
    float4_store(rescale, factor);
}

#endif
