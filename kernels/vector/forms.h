/* SPDX-License-Identifier: MIT
 *
 * What forms have in common. */
#ifndef MLABENCH_VECTOR_FORMS_H
#define MLABENCH_VECTOR_FORMS_H

#include "kernels/vector/job.h"

#pragma GCC visibility push(hidden)

/* Queries and outputs that are plain heads. */
void copy_queries(const struct vector *vector, const struct job *job, int32_t head);
void copy_outputs(const struct vector *vector, const struct job *job, int32_t head);

/* Those of the absorbed order, q' = [Wuk^T q_nope | q_rope] and o = Wuv sum_j p_j c_j, and the
 * parts of q'. */
void absorbed_queries(const struct vector *vector, const struct job *job, int32_t head);
void absorbed_outputs(const struct vector *vector, const struct job *job, int32_t head);
void absorbed_parts(const struct mla_problem *problem, int32_t parts[2]);

#pragma GCC visibility pop

#endif
