/* SPDX-License-Identifier: MIT
 *
 * Softmax, online: keys come in blocks, and what was added up before is rescaled whenever the
 * maximum grows (Milakov and Gimelshein 2018). */
#ifndef MLABENCH_SOFTMAX_H
#define MLABENCH_SOFTMAX_H

#include "kernels/float4.h"

#include <math.h>
#include <stdbool.h>

/* exp(x) for x <= 0 or NaN, within 0.99 ulp over all of them.
 * x = n ln 2 + r, |r| <= ln 2 / 2; exp(r) by a polynomial of degree 6, minimax in relative error
 * (3.1e-9); 2^n in two factors, because results below 2^-126 are kept. */
static inline float4 exp_negative(float4 x)
{
    /* Adding and taking away 1.5 2^23 rounds to an integer and leaves it in the low bits. */
    const float4 round = float4_all(0x1.8p23f);
    const float4 lowest = float4_all(-104.0f); /* its exponential rounds to 0 */
    x = float4_select(x < lowest, lowest, x);  /* NaN stays */
    float4 shifted = x * 0x1.715476p+0f + round;
    float4 n = shifted - round;
    /* ln 2 in two parts; the first has few enough bits for n times it to be exact. */
    float4 r = (x - n * 0x1.62ep-1f) - n * 0x1.0bfbe8p-15f;
    float4 p = float4_all(0x1.6a2352p-10f);
    p = p * r + 0x1.123a6cp-7f;
    p = p * r + 0x1.5558f4p-5f;
    p = p * r + 0x1.555490p-3f;
    p = p * r + 0x1.fffffcp-2f;
    p = (p * r) * r + r + 1.0f;
    int4 exponent = (int4)shifted - (int4)round;
    int4 half = exponent >> 1;
    return p * (float4)((half + 127) << 23) * (float4)((exponent - half + 127) << 23);
}

/* The largest score so far and the sum of exp(score - largest). */
struct softmax {
    float max, sum;
    bool empty; /* neither a key nor a sink */
};

/* A sink is a first score without a value; `sink` may be NULL. */
static inline struct softmax softmax_begin(const float *sink)
{
    return (struct softmax){
        .max = sink ? *sink : -INFINITY, .sum = sink ? 1.0f : 0.0f, .empty = !sink};
}

static inline float largest(float max, int64_t n, const float *scores)
{
    float4 m = float4_all(max);
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
        float4 s = float4_load(scores + j);
        m = float4_select(s > m, s, m);
    }
    for (int l = 0; l < 4; l++)
        max = m[l] > max ? m[l] : max;
    for (; j < n; j++)
        max = scores[j] > max ? scores[j] : max;
    return max;
}

/* Replaces the scores by exp(score - base) and returns their sum. */
static inline float exponentiate(float base, int64_t n, float *scores)
{
    float4 sums = {0};
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
        float4 e = exp_negative(float4_load(scores + j) - base);
        float4_store(scores + j, e);
        sums += e;
    }
    for (; j < n; j++) {
        scores[j] = exp_negative(float4_all(scores[j] - base))[0];
        sums[0] += scores[j];
    }
    return float4_sum(sums);
}

/* Replaces n > 0 scores by their weights exp(score - max), and returns what the weights of earlier
 * blocks have to be multiplied by. A score of -inf has weight 0; NaN and +inf give NaN for good. */
static inline float softmax_block(struct softmax *state, int64_t n, float *scores)
{
    float max = largest(state->max, n, scores);
    float base = max == -INFINITY ? 0.0f : max;
    float rescale = exp_negative(float4_all(state->max - base))[0];
    state->sum = state->sum * rescale + exponentiate(base, n, scores);
    state->max = max;
    state->empty = false;
    return rescale;
}

/* What the weighted sum is to be divided by; 1 where there was nothing to sum up. */
static inline float softmax_divisor(const struct softmax *state)
{
    return state->empty ? 1.0f : state->sum;
}

/* ln sum exp(score): -inf without a score. */
static inline float softmax_lse(const struct softmax *state)
{
    return state->empty ? -INFINITY : state->max + logf(state->sum);
}

#endif
