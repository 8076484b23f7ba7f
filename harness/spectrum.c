/* SPDX-License-Identifier: MIT */
#include "harness/spectrum.h"

#include "harness/weights.h"

#include <math.h>
#include <stdlib.h>

void spectrum_deviations(const struct spectrum *spectrum, int64_t n, double *deviations)
{
    double sum = 0, d = spectrum->dimension;
    for (int64_t i = 0; i < n; i++) {
        bool signal = d == 0 || (double)i < d * (double)n;
        deviations[i] = signal ? pow((double)(i + 1), -0.5 * spectrum->exponent)
                               : spectrum->noise * sqrt(d / (1 - d));
        sum += deviations[i] * deviations[i];
    }
    for (int64_t i = 0; i < n; i++)
        deviations[i] *= sqrt((double)n / sum);
}

int spectrum_states(const struct spectrum *spectrum, const struct model *model, uint64_t seed,
                    int64_t first, int64_t tokens, double *x, struct mla_error *error)
{
    int64_t n = model->hidden_size;
    float *white = malloc((size_t)n * sizeof *white);
    double *deviations = malloc((size_t)n * sizeof *deviations);
    int code = white && deviations ? 0 : mla_fail(error, MLA_MACHINE, "no memory for states");
    if (!code)
        spectrum_deviations(spectrum, n, deviations);
    for (int64_t t = 0; t < tokens && !code; t++) {
        hidden_states(model, seed, first + t, 1, white);
        for (int64_t i = 0; i < n; i++)
            x[t * n + i] = deviations[i] * white[i];
    }
    free(white);
    free(deviations);
    return code;
}
