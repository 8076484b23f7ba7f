/* SPDX-License-Identifier: MIT
 *
 * For forms whose queries and outputs are plain heads. */
#ifndef MLABENCH_VECTOR_FORMS_H
#define MLABENCH_VECTOR_FORMS_H

#include "kernels/vector/job.h"

#pragma GCC visibility push(hidden)

void copy_queries(const struct vector *vector, const struct job *job, int32_t head);
void copy_outputs(const struct vector *vector, const struct job *job, int32_t head);

#pragma GCC visibility pop

#endif
