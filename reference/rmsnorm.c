/* SPDX-License-Identifier: MIT
 *
 * Root mean square layer normalisation. */
#include "reference/reference.h"

#include <math.h>

void ref_rmsnorm(int64_t n, double eps, double gain, const float *w, const double *x, double *y,
                 double *scale)
{
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += x[i] * x[i];
    double factor = gain / sqrt(squares / (double)n + eps);
    for (int64_t i = 0; i < n; i++) {
        y[i] = x[i] * w[i] * factor;
        if (scale)
            scale[i] = fabs(y[i]);
    }
}
