/* SPDX-License-Identifier: MIT
 *
 * Order statistics of repetitions. Samples need no order and are not modified. All are NAN if there
 * is no sample, if one of them is NAN, or if there is no memory. */
#ifndef MLABENCH_STATISTICS_H
#define MLABENCH_STATISTICS_H

double stat_median(const double *x, int n);

/* The q-quantile, 0 <= q <= 1, interpolated linearly between order statistics: at position
 * (n - 1) q counted from 0 (Hyndman and Fan 1996, type 7; the default of R and NumPy). */
double stat_quantile(const double *x, int n, double q);

/* Median absolute deviation from the median, as it is: 1.4826 times it estimates the standard
 * deviation of normal samples. */
double stat_mad(const double *x, int n);

#endif
