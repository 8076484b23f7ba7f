/* SPDX-License-Identifier: MIT
 *
 * A whole layer under a criterion: the output of one pass over the first tokens, against the
 * reference's. */
#ifndef MLABENCH_CRITERIA_LAYER_H
#define MLABENCH_CRITERIA_LAYER_H

#include "harness/criteria.h"
#include "harness/criteria_finding.h"
#include "harness/error.h"
#include "harness/memory.h"
#include "harness/model.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct layer_exam {
    const struct criterion *criterion;
    struct model model;
    int64_t tokens;
    uint64_t seed;   /* of weights and hidden states; each child draws them itself */
    struct buffer y; /* expected, in bf16's numbers: float [tokens][output_size], shared */
};

/* Finds the model below the configs folder and allocates. The criterion is borrowed. Returns 0,
 * MLA_BAD_INPUT or MLA_MACHINE. */
int layer_exam_create(const struct criterion *criterion, const struct layer_case *c,
                      const char *configs, uint64_t seed, struct layer_exam *exam,
                      struct mla_error *error);
void layer_exam_destroy(struct layer_exam *exam);

/* Computes what is expected; a child process may do it. Returns 0 or MLA_MACHINE. */
int layer_exam_prepare(struct layer_exam *exam, int threads, struct mla_error *error);

/* Runs the layer around the kernel and compares. A kernel that does not support the model leaves
 * the finding as it is but for the reason. Returns 0 or MLA_MACHINE. */
int layer_exam_judge(const struct layer_exam *exam, const struct mla_kernel *kernel, int threads,
                     struct finding *finding, struct mla_error *error);

#endif
