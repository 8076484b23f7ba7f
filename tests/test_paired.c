/* SPDX-License-Identifier: MIT */
#include "harness/paired.h"
#include "harness/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>

static bool close_to(double value, double expected)
{
    return fabs(value - expected) <= 1e-12 * (1 + fabs(expected));
}

/* Expected: Conover's table A3 of the binomial distribution. */
Test(paired, intervals_are_order_statistics)
{
    const double x[] = {7, 1, 10, 4, 2, 9, 3, 8, 5, 6};
    struct paired r = paired_signs(x, 10, 0.95);
    cr_assert(r.n == 10 && r.median == 5.5 && r.low == 2 && r.high == 9, "%g %g %g", r.median,
              r.low, r.high);
    cr_assert(close_to(r.sure, 1 - 2 * 11.0 / 1024), "%.17g", r.sure);
    r = paired_signs(x, 10, 0.8);
    cr_assert(r.low == 3 && r.high == 8 && close_to(r.sure, 1 - 2 * 56.0 / 1024), "%g to %g at %g",
              r.low, r.high, r.sure);
    r = paired_signs(x, 6, 0.95);
    cr_assert(r.low == 1 && r.high == 10 && close_to(r.sure, 1 - 2.0 / 64), "%g to %g at %g", r.low,
              r.high, r.sure);
}

Test(paired, too_few_rounds_prove_nothing)
{
    const double x[] = {1, 1.1, 0.9, 1, 1.2};
    struct paired r = paired_signs(x, 5, 0.95);
    cr_assert(r.low == -INFINITY && r.high == INFINITY && r.sure == 1 && r.median == 1);
    cr_assert(close_to(r.p, 2.0 / 32), "%g", r.p);
    cr_assert(paired_rounds_needed(0.95) == 6 && paired_rounds_needed(0.9) == 5 &&
              paired_rounds_needed(0.9999) == 15);
}

Test(paired, p_counts_signs)
{
    const double nine_of_ten[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, -5};
    const double even[] = {1, -1, 2, -2};
    const double ties[] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
    cr_assert(close_to(paired_signs(nine_of_ten, 10, 0.9).p, 2 * 11.0 / 1024));
    cr_assert(paired_signs(even, 4, 0.9).p == 1);
    cr_assert(close_to(paired_signs(ties, 10, 0.9).p, 2.0 / 64), "ties do not count");
    cr_assert(paired_signs(ties, 4, 0.9).p == 1, "nothing but ties");
}

Test(paired, nothing_comes_of_nothing)
{
    const double x[] = {1, NAN, 2};
    struct paired none = paired_signs(x, 0, 0.9), bad = paired_signs(x, 3, 0.9);
    cr_assert(none.n == 0 && isnan(none.median) && isnan(none.low) && isnan(none.p));
    cr_assert(bad.n == 3 && isnan(bad.median) && isnan(bad.high) && isnan(bad.sure));
}

/* 2^-5000 is no double. */
Test(paired, many_rounds)
{
    static double x[5000];
    for (int i = 0; i < 5000; i++)
        x[i] = i - 2499.5;
    struct paired r = paired_signs(x, 5000, 0.95);
    /* Normal approximation: 1.96 times sqrt(5000) / 2 on either side. */
    cr_assert(r.median == 0 && fabs(r.high - 69.3) < 2 && r.low == -r.high, "%g to %g", r.low,
              r.high);
    cr_assert(r.sure >= 0.95 && r.sure < 0.953, "%g", r.sure);
    cr_assert(r.p == 1, "%g", r.p);
}

static double draw(uint64_t i, double median)
{
    float normal;
    random_normal(5, RANDOM_TARGETS, i, 1, 1, &normal);
    return median + exp(2 * normal) - 1; /* skewed, its median where it is */
}

/* Of 4,000 samples of a skewed distribution the interval misses the median in 1 - sure. */
Test(paired, intervals_cover_as_they_say)
{
    enum { SAMPLES = 4000, N = 12 };
    int missed = 0, alarms = 0;
    double sure = 0;
    for (int s = 0; s < SAMPLES; s++) {
        double x[N];
        for (int i = 0; i < N; i++)
            x[i] = draw((uint64_t)s * N + (uint64_t)i, 0.03);
        struct paired r = paired_signs(x, N, 0.95);
        missed += r.low > 0.03 || r.high < 0.03;
        for (int i = 0; i < N; i++)
            x[i] -= 0.03;
        alarms += paired_signs(x, N, 0.95).p <= 0.05;
        sure = r.sure;
    }
    double expected = SAMPLES * (1 - sure), spread = 4 * sqrt(expected);
    cr_assert(fabs(missed - expected) < spread, "%d missed, %g expected", missed, expected);
    cr_assert(fabs(alarms - expected) < spread, "%d alarms, %g expected", alarms, expected);
}

/* Processes that differ from each other: the rounds say they are sure, the processes do not. */
Test(paired, bootstrap_sees_processes)
{
    enum { PROCESSES = 5, ROUNDS = 20, N = PROCESSES * ROUNDS };
    static const double of_process[PROCESSES] = {-0.02, 0.03, 0.01, 0.02, 0.025};
    double x[N], low, high, low_again, high_again;
    int32_t process[N];
    for (int i = 0; i < N; i++) {
        process[i] = i % PROCESSES;
        x[i] = of_process[process[i]] + 0.001 * (draw((uint64_t)i, 0) > 0);
    }
    struct paired r = paired_signs(x, N, 0.95);
    paired_bootstrap(x, process, N, PROCESSES, 0.95, 1000, 1, &low, &high);
    cr_assert(r.low > 0, "%g", r.low);
    cr_assert(low < 0 && high > r.median && high <= 0.031, "%g to %g", low, high);
    paired_bootstrap(x, process, N, PROCESSES, 0.95, 1000, 1, &low_again, &high_again);
    cr_assert(low == low_again && high == high_again, "the same seed");

    for (int i = 0; i < N; i++)
        x[i] = 0.5;
    paired_bootstrap(x, process, N, PROCESSES, 0.95, 100, 1, &low, &high);
    cr_assert(low == 0.5 && high == 0.5, "%g to %g", low, high);
    x[3] = NAN;
    paired_bootstrap(x, process, N, PROCESSES, 0.95, 100, 1, &low, &high);
    cr_assert(isnan(low) && isnan(high));
}

/* Expected: R's p.adjust(p, "holm"). */
Test(paired, holm_corrects)
{
    double p[] = {0.01, 0.04, NAN, 0.03, 0.005};
    const double expected[] = {0.03, 0.06, NAN, 0.06, 0.02};
    holm(p, 5);
    for (int i = 0; i < 5; i++)
        cr_assert(isnan(expected[i]) ? isnan(p[i]) : close_to(p[i], expected[i]), "%d: %g", i,
                  p[i]);
    double equal[] = {0.02, 0.02, 0.6};
    holm(equal, 3);
    cr_assert(close_to(equal[0], 0.06) && close_to(equal[1], 0.06) && close_to(equal[2], 0.6),
              "%g %g %g", equal[0], equal[1], equal[2]);
    double large[] = {0.9, 0.8};
    holm(large, 2);
    cr_assert(large[0] == 1 && large[1] == 1);
    holm(NULL, 0);
}
