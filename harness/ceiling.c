/* SPDX-License-Identifier: MIT */
#include "harness/ceiling.h"

#include "harness/cpu.h"
#include "harness/statistics.h"

#include <string.h>

struct ceiling ceiling_of(const double *samples, int count)
{
    return (struct ceiling){
        .median = stat_median(samples, count),
        .min = stat_quantile(samples, count, 0),
        .max = stat_quantile(samples, count, 1),
        .samples = count,
    };
}

const struct simd_ceiling *const ceiling_loops[CEILING_ISAS] = {
#define SIMD_ISA(name) &simd_ceiling_##name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
};

int ceiling_find_isa(const char *isa)
{
    int i = 0;
    while (i < CEILING_ISAS && strcmp(ceiling_loops[i]->isa, isa) != 0)
        i++;
    return i;
}

int ceiling_best_isa(void)
{
    int best = ceiling_find_isa(cpu_best_isa());
    return best < CEILING_ISAS ? best : 0;
}
