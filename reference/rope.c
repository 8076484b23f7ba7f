/* SPDX-License-Identifier: MIT
 *
 * Rotary position embedding (Su et al. 2021) with YaRN's frequencies (Peng et al. 2023), and the
 * softmax scale that goes with them. */
#include "reference/reference.h"

#include <math.h>

/* The pair, as a real number, that turns r times within the original context:
 * d ln(L0 / (2 pi r)) / (2 ln theta). */
static double pair_with_turns(const struct ref_rope *rope, double r)
{
    return rope->dim * log(rope->original_max_position_embeddings / (2 * M_PI * r)) /
           (2 * log(rope->theta));
}

void ref_rope_frequencies(const struct ref_rope *rope, double *frequencies)
{
    bool yarn = rope->factor != 0;
    double low = 0, high = 1;
    if (yarn) {
        low = fmax(floor(pair_with_turns(rope, rope->beta_fast)), 0);
        high = fmin(ceil(pair_with_turns(rope, rope->beta_slow)), rope->dim - 1);
        if (low == high)
            high += 0.001;
    }
    for (int32_t i = 0; i < rope->dim / 2; i++) {
        double frequency = pow(rope->theta, -2.0 * i / rope->dim);
        double ramp = fmin(fmax((i - low) / (high - low), 0), 1);
        frequencies[i] = yarn ? frequency * (1 - ramp + ramp / rope->factor) : frequency;
    }
}

/* m(mscale) = 0.1 mscale ln(factor) + 1. */
static double magnitude(const struct ref_rope *rope, double mscale)
{
    return rope->factor == 0 ? 1 : 0.1 * mscale * log(rope->factor) + 1;
}

double ref_rope_magnitude(const struct ref_rope *rope)
{
    return magnitude(rope, rope->mscale) / magnitude(rope, rope->mscale_all_dim);
}

double ref_softmax_scale(int32_t head_dim, const struct ref_rope *rope)
{
    double m = magnitude(rope, rope->mscale_all_dim);
    return m * m / sqrt(head_dim);
}

void ref_rope_rotate(const struct ref_rope *rope, const double *frequencies, double position,
                     double *x, double *scale)
{
    double m = ref_rope_magnitude(rope);
    int32_t pairs = rope->dim / 2;
    for (int32_t i = 0; i < pairs; i++) {
        int32_t a = rope->interleaved ? 2 * i : i;
        int32_t b = rope->interleaved ? 2 * i + 1 : i + pairs;
        double c = m * cos(position * frequencies[i]), s = m * sin(position * frequencies[i]);
        double x_a = x[a], x_b = x[b];
        x[a] = x_a * c - x_b * s;
        x[b] = x_a * s + x_b * c;
        if (scale) {
            scale[a] = fabs(x_a * c) + fabs(x_b * s);
            scale[b] = fabs(x_a * s) + fabs(x_b * c);
        }
    }
}
