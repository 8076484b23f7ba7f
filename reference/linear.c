/* SPDX-License-Identifier: MIT
 *
 * y = W x. */
#include "reference/reference.h"

#include <math.h>

enum { LANES = 8 }; /* partial sums, so that the loop vectorises in a fixed order of addition */

static double dot(int64_t n, const float *w, const double *x, double *abs_dot)
{
    double sum[LANES] = {0}, abs_sum[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            double term = w[i + lane] * x[i + lane];
            sum[lane] += term;
            abs_sum[lane] += fabs(term);
        }
    }
    for (int lane = 0; i < n; i++, lane++) {
        sum[lane] += w[i] * x[i];
        abs_sum[lane] += fabs(w[i] * x[i]);
    }
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int lane = 0; lane < half; lane++) {
            sum[lane] += sum[lane + half];
            abs_sum[lane] += abs_sum[lane + half];
        }
    }
    *abs_dot = abs_sum[0];
    return sum[0];
}

void ref_linear(int64_t rows, int64_t in, int64_t out, const float *w, const double *x, double *y,
                double *scale, int threads)
{
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int64_t o = 0; o < out; o++) {
        for (int64_t row = 0; row < rows; row++) {
            double abs_dot;
            y[row * out + o] = dot(in, w + o * in, x + row * in, &abs_dot);
            if (scale)
                scale[row * out + o] = abs_dot;
        }
    }
}
