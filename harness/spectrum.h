/* SPDX-License-Identifier: MIT
 *
 * Hidden states with a given covariance, for what depends on how much structure data has. The
 * covariance is diagonal: weights that are normal in every direction alike cannot tell it from one
 * turned in any way. */
#ifndef MLABENCH_SPECTRUM_H
#define MLABENCH_SPECTRUM_H

#include "harness/model.h"

#include <stdint.h>

struct spectrum {
    const char *name;   /* for tables */
    const char *figure; /* ends the names of figures */
    double exponent;    /* eigenvalue i of the covariance, from 1, is in proportion to
                           i^-exponent; 0: white */
    double dimension;   /* not 0: only this share of the directions carries a (white) signal ... */
    double noise;       /* ... and the others noise, whose norm is this share of the signal's */
};

/* Standard deviation of coordinate i of n, from 0; the mean of their squares is 1. */
void spectrum_deviations(const struct spectrum *spectrum, int64_t n, double *deviations);

/* As hidden_states (weights.h): the same numbers, each coordinate times its deviation.
 * x [tokens][hidden_size]. Returns 0 or MLA_MACHINE. */
int spectrum_states(const struct spectrum *spectrum, const struct model *model, uint64_t seed,
                    int64_t first, int64_t tokens, double *x, struct mla_error *error);

#endif
