/* SPDX-License-Identifier: MIT
 *
 * A ceiling that was measured, and the loops that measure it. */
#ifndef MLABENCH_CEILING_H
#define MLABENCH_CEILING_H

#include "kernels/simd/ceiling.h"

/* Over `samples` samples; 0 samples: could not be measured, and the rest means nothing. */
struct ceiling {
    double median, min, max;
    int samples;
};

struct ceiling ceiling_of(const double *samples, int count);

enum {
#define SIMD_ISA(name) CEILING_ISA_##name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
    CEILING_ISAS
};
extern const struct simd_ceiling *const ceiling_loops[CEILING_ISAS]; /* slowest first */

/* The index of an instruction set, or CEILING_ISAS. */
int ceiling_find_isa(const char *isa);
/* That of the best one that runs here. */
int ceiling_best_isa(void);

#endif
