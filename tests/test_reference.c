/* SPDX-License-Identifier: MIT
 *
 * The reference's pieces: linear maps, RMSNorm, RoPE with YaRN, softmax scales. */
#include "harness/random.h"
#include "reference/reference.h"
#include "tests/mpfr_attention.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define MPFR_TOLERANCE 1e-14

static void fill(uint32_t stream, int64_t count, double sd, double *x)
{
    for (int64_t i = 0; i < count; i++) {
        float number;
        random_normal(11, stream, (uint64_t)i, 1, sd, &number);
        x[i] = number;
    }
}

Test(reference, linear_equals_mpfr_and_ignores_threads)
{
    enum { ROWS = 3, IN = 131, OUT = 7 };
    static const int64_t widths[] = {1, 7, 8, 9, IN};
    static float w[OUT * IN];
    double x[ROWS * IN], y[ROWS * OUT], scale[ROWS * OUT], again[ROWS * OUT];
    random_normal(11, 101, 0, OUT * IN, 1, w);
    fill(102, ROWS * IN, 1, x);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        int64_t in = widths[i];
        struct exact *input = exact_numbers(ROWS * in, x);
        struct exact *exact = exact_linear(ROWS, in, OUT, w, input);
        ref_linear(ROWS, in, OUT, w, x, y, scale, 1);
        double error = exact_error(exact, y), scale_error = exact_magnitude_error(exact, scale);
        cr_assert(error <= MPFR_TOLERANCE, "y off by %g of its scale, width %ld", error, (long)in);
        cr_assert(scale_error <= MPFR_TOLERANCE, "scale off by %g", scale_error);
        ref_linear(ROWS, in, OUT, w, x, again, NULL, 3);
        cr_assert(memcmp(y, again, sizeof y) == 0, "three threads give other bits");
        exact_free(input);
        exact_free(exact);
    }
}

Test(reference, rmsnorm_equals_mpfr)
{
    enum { MAX = 67 };
    static const struct {
        int64_t n;
        double sd, eps, gain;
    } cases[] = {
        {1, 1, 1e-6, 1}, {2, 1e-4, 1e-6, 1}, {MAX, 3, 1e-6, 2.5}, {64, 0, 1e-5, 1}, {17, 1e6, 0, 1},
    };
    float w[MAX];
    random_normal(11, 103, 0, MAX, 1, w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double x[MAX], y[MAX], scale[MAX];
        int64_t n = cases[i].n;
        fill(104, n, cases[i].sd, x);
        struct exact *exact = exact_numbers(n, x);
        exact_rmsnorm(exact, 0, n, cases[i].eps, cases[i].gain, w);
        ref_rmsnorm(n, cases[i].eps, cases[i].gain, w, x, y, scale);
        double error = exact_error(exact, y), scale_error = exact_magnitude_error(exact, scale);
        cr_assert(error <= MPFR_TOLERANCE, "case %zu: off by %g", i, error);
        cr_assert(scale_error <= MPFR_TOLERANCE, "case %zu: scale off by %g", i, scale_error);
        ref_rmsnorm(n, cases[i].eps, cases[i].gain, w, x, x, NULL);
        cr_assert(memcmp(x, y, (size_t)n * sizeof *x) == 0, "case %zu: in place differs", i);
        exact_free(exact);
    }
}

static const struct ref_rope plain = {.dim = 64, .theta = 1e4, .interleaved = true};
static const struct ref_rope v2_lite = {64, 1e4, true, 40, 4096, 32, 1, 0.707, 0.707};
static const struct ref_rope v3 = {64, 1e4, true, 40, 4096, 32, 1, 1, 1};
static const struct ref_rope kimi_k2 = {64, 5e4, true, 32, 4096, 1, 1, 1, 1};
/* Both corrections lie between -1 and 0, hence low = high = 0. */
static const struct ref_rope low_equals_high = {8, 1e4, false, 4, 6, 1, 1, 1, 0};
/* The slow correction is 10.4, beyond the last dimension. */
static const struct ref_rope high_clamped = {8, 100, true, 4, 1e6, 1e4, 1, 1, 1};
static const struct ref_rope odd_pairs = {6, 500, false, 2.5, 300, 20, 2, 0.707, 1};

static const struct ref_rope *const ropes[] = {&plain,           &v2_lite,      &v3,       &kimi_k2,
                                               &low_equals_high, &high_clamped, &odd_pairs};
enum { ROPES = sizeof ropes / sizeof *ropes };

Test(reference, rope_frequencies_equal_mpfr)
{
    for (int r = 0; r < ROPES; r++) {
        double got[32];
        ref_rope_frequencies(ropes[r], got);
        mpfr_t frequency;
        mpfr_init2(frequency, 256);
        for (int32_t i = 0; i < ropes[r]->dim / 2; i++) {
            exact_frequency(ropes[r], i, frequency);
            double want = mpfr_get_d(frequency, MPFR_RNDN);
            cr_assert(fabs(got[i] - want) <= 1e-14 * want, "rope %d pair %d: %.17g for %.17g", r, i,
                      got[i], want);
        }
        mpfr_clear(frequency);
    }
}

/* By hand: V3's corrections are 10.47 and 22.51, so low = 10, high = 23; pair 16 is at 6/13 of the
 * ramp, 0.01 (7/13 + 6/13/40) = 0.0055. Kimi-K2's are both 19.17, so pair 19 is the last that keeps
 * its frequency. */
Test(reference, yarn_frequencies_by_hand)
{
    static const struct {
        const struct ref_rope *rope;
        int32_t pair;
        double want;
    } cases[] = {
        {&plain, 0, 1},
        {&plain, 16, 0.01},
        {&plain, 31, 1.3335214321633240e-4},
        {&v3, 0, 1},
        {&v3, 10, 0.056234132519034908},
        {&v3, 11, 0.042169650342858224 * (12 + 1 / 40.0) / 13},
        {&v3, 16, 0.0055},
        {&v3, 22, 0.0017782794100389228 * (1 + 12 / 40.0) / 13},
        {&v3, 23, 0.0013335214321633240 / 40},
        {&v3, 31, 1.3335214321633240e-4 / 40},
        {&kimi_k2, 0, 1},
        {&kimi_k2, 16, 0.0044721359549995794},
        {&kimi_k2, 19, 0.0016217599081159522},
        {&kimi_k2, 20, 0.0011564949675432419 / 32},
        {&kimi_k2, 24, 0.00029906975624424411 / 32},
        {&low_equals_high, 0, 1},
        {&low_equals_high, 1, 0.1 / 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got[32];
        ref_rope_frequencies(cases[i].rope, got);
        cr_assert(fabs(got[cases[i].pair] - cases[i].want) <= 1e-14 * cases[i].want,
                  "case %zu, pair %d: %.17g for %.17g", i, cases[i].pair, got[cases[i].pair],
                  cases[i].want);
    }
}

Test(reference, softmax_scales)
{
    static const struct {
        const struct ref_rope *rope;
        double want; /* as published, 8 decimals */
    } cases[] = {
        {&v2_lite, 0.11472139}, {&v3, 0.13523378}, {&kimi_k2, 0.13086080}, {&plain, 0.07216878}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = ref_softmax_scale(192, cases[i].rope);
        double exact = exact_softmax_scale(192, cases[i].rope);
        cr_assert(fabs(got - cases[i].want) <= 5e-9, "case %zu: %.10f", i, got);
        cr_assert(fabs(got - exact) <= 1e-15 * exact, "case %zu: %.17g for %.17g", i, got, exact);
        double magnitude = ref_rope_magnitude(cases[i].rope);
        cr_assert(magnitude == 1, "case %zu: cos and sin times %g", i, magnitude);
    }
    /* mscale without mscale_all_dim scales cos and sin, not the scores. */
    double magnitude = ref_rope_magnitude(&low_equals_high);
    cr_assert(fabs(magnitude - 1.1386294361119891) <= 1e-15, "%.17g", magnitude);
    double scale = ref_softmax_scale(16, &low_equals_high);
    cr_assert(scale == 0.25, "%.17g", scale);
}

Test(reference, rotation_equals_mpfr)
{
    static const int64_t positions[] = {0, 1, 5, 300};
    for (int r = 0; r < 2 * ROPES; r++) {
        struct ref_rope rope = *ropes[r / 2];
        rope.interleaved = r % 2;
        double frequencies[32], x[64], scale[64];
        ref_rope_frequencies(&rope, frequencies);
        for (size_t p = 0; p < sizeof positions / sizeof *positions; p++) {
            fill(105, rope.dim, 1, x);
            struct exact *exact = exact_numbers(rope.dim, x);
            exact_rotate(&rope, positions[p], exact, 0);
            ref_rope_rotate(&rope, frequencies, (double)positions[p], x, scale);
            double error = exact_error(exact, x);
            double scale_error = exact_magnitude_error(exact, scale);
            /* An angle of p radians is itself rounded by p round-offs. */
            double tolerance = fmax(MPFR_TOLERANCE, 1e-15 * (double)positions[p]);
            cr_assert(error <= tolerance, "rope %d at %ld: off by %g", r, (long)positions[p],
                      error);
            /* Relative to the scale itself, which may be small where x_a or x_b is. */
            cr_assert(scale_error <= 10 * tolerance, "rope %d at %ld: scale off by %g", r,
                      (long)positions[p], scale_error);
            exact_free(exact);
        }
    }
}

static double rotated_score(const struct ref_rope *rope, double q_position, double k_position)
{
    double frequencies[32], q[64], k[64], score = 0;
    fill(106, rope->dim, 1, q);
    fill(107, rope->dim, 1, k);
    ref_rope_frequencies(rope, frequencies);
    ref_rope_rotate(rope, frequencies, q_position, q, NULL);
    ref_rope_rotate(rope, frequencies, k_position, k, NULL);
    for (int32_t i = 0; i < rope->dim; i++)
        score += q[i] * k[i];
    return score;
}

Test(reference, rotated_scores_depend_on_distance_alone)
{
    static const double positions[] = {1, 17, 1000, 70000};
    static const double distances[] = {-3, 0, 1, 2, 129};
    for (int r = 0; r < 2 * ROPES; r++) {
        struct ref_rope rope = *ropes[r / 2];
        rope.interleaved = r % 2;
        double previous = INFINITY;
        for (size_t d = 0; d < sizeof distances / sizeof *distances; d++) {
            double first = rotated_score(&rope, 5 + distances[d], 5);
            cr_assert(fabs(first - previous) > 1e-3, "rope %d: score blind to distance %g", r,
                      distances[d]);
            previous = first;
            for (size_t p = 0; p < sizeof positions / sizeof *positions; p++) {
                double score = rotated_score(&rope, positions[p] + distances[d], positions[p]);
                cr_assert(fabs(score - first) <= 1e-9, "rope %d: distance %g at %g: %.17g, %.17g",
                          r, distances[d], positions[p], score, first);
            }
        }
    }
}
