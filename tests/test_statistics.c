/* SPDX-License-Identifier: MIT */
#include "harness/statistics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const double unsorted[] = {7, 1, 3, 10, 2};

Test(statistics, median_of_odd_and_even_counts)
{
    cr_assert(stat_median(unsorted, 5) == 3, "%g", stat_median(unsorted, 5));
    cr_assert(stat_median(unsorted, 4) == 5, "%g", stat_median(unsorted, 4));
    cr_assert(stat_median(unsorted, 1) == 7, "%g", stat_median(unsorted, 1));
}

/* Expected: numpy.quantile of the same samples. */
Test(statistics, quantiles_interpolate_between_order_statistics)
{
    static const struct {
        double q, expected;
    } table[] = {{0, 1}, {0.1, 1.4}, {0.25, 2}, {0.5, 3}, {0.75, 7}, {0.9, 8.8}, {1, 10}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double value = stat_quantile(unsorted, 5, table[i].q);
        cr_assert(fabs(value - table[i].expected) <= 1e-14, "q = %g: %.17g", table[i].q, value);
    }
}

Test(statistics, mad_ignores_an_outlier)
{
    static const double x[] = {2, 4, 4, 5, 1e9};
    cr_assert(stat_mad(x, 5) == 1, "%g", stat_mad(x, 5));
    cr_assert(stat_mad(x, 1) == 0, "%g", stat_mad(x, 1));
}

Test(statistics, samples_stay_as_they_were)
{
    double x[] = {3, 1, 2};
    stat_median(x, 3);
    stat_mad(x, 3);
    cr_assert(x[0] == 3 && x[1] == 1 && x[2] == 2, "%g %g %g", x[0], x[1], x[2]);
}

Test(statistics, what_cannot_be_told_is_nan)
{
    double with_nan[] = {1, NAN, 2};
    cr_assert(isnan(stat_median(unsorted, 0)), "no sample");
    cr_assert(isnan(stat_median(with_nan, 3)), "a sample is NAN");
    cr_assert(isnan(stat_mad(with_nan, 3)), "a sample is NAN");
    cr_assert(isnan(stat_quantile(unsorted, 5, 1.5)), "q > 1");
    cr_assert(isnan(stat_quantile(unsorted, 5, NAN)), "q is NAN");
}

Test(statistics, infinite_samples_do_not_become_nan)
{
    double x[] = {INFINITY, 1, INFINITY};
    cr_assert(isinf(stat_median(x, 3)), "%g", stat_median(x, 3));
    cr_assert(stat_quantile(x, 3, 0) == 1, "%g", stat_quantile(x, 3, 0));
}
