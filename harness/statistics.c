/* SPDX-License-Identifier: MIT */
#include "harness/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stat_quantile(const double *x, int n, double q)
{
    for (int i = 0; i < n; i++)
        if (isnan(x[i]))
            return NAN;
    double *sorted = n > 0 && q >= 0 && q <= 1 ? malloc((size_t)n * sizeof *sorted) : NULL;
    if (!sorted)
        return NAN;
    memcpy(sorted, x, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    double position = (n - 1) * q;
    int below = (int)position;
    double fraction = position - below, value = sorted[below];
    if (fraction > 0) /* also keeps inf - inf out where nothing is interpolated */
        value += fraction * (sorted[below + 1] - value);
    free(sorted);
    return value;
}

double stat_median(const double *x, int n)
{
    return stat_quantile(x, n, 0.5);
}

double stat_mad(const double *x, int n)
{
    double median = stat_median(x, n);
    double *deviation = n > 0 ? malloc((size_t)n * sizeof *deviation) : NULL;
    if (!deviation)
        return NAN;
    for (int i = 0; i < n; i++)
        deviation[i] = fabs(x[i] - median);
    double mad = stat_median(deviation, n);
    free(deviation);
    return mad;
}
