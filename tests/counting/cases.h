/* SPDX-License-Identifier: MIT
 *
 * The fixed small cases that instructions are counted in: every phase, both kinds of rows, fp32 and
 * bf16, each large enough for the kernels' main loops to dominate, and small enough for an
 * emulator. A change here changes every count that results/instructions/ keeps. */
#ifndef MLABENCH_COUNTING_CASES_H
#define MLABENCH_COUNTING_CASES_H

#include "tests/shapes.h"

struct counting_case {
    const char *name;
    struct shape shape;
    struct extras extras;
};

extern const struct counting_case counting_cases[];
extern const int counting_case_count;

/* MHA and MLA of one width, heads as DeepSeek-V2-Lite has them, for `mlabench claims`: nothing is
 * kept of them. */
extern const struct counting_case counting_study_cases[];
extern const int counting_study_case_count;

#endif
