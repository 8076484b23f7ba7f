/* SPDX-License-Identifier: MIT
 *
 * Attending keys: a thread's share of a wave. */
#ifndef MLABENCH_VECTOR_CORE_H
#define MLABENCH_VECTOR_CORE_H

#include "kernels/vector/chores.h"
#include "kernels/vector/worker.h"

#pragma GCC visibility push(hidden)

/* The thread's share, and the results of jobs that are its alone; with some chores in between. */
void core_attend(const struct vector *vector, struct worker *worker, const struct wave *wave,
                 struct chores *chores);

/* When all threads have done so: the results of jobs that several share or that have no keys. To be
 * called by all threads of the team. */
void core_join(const struct vector *vector, const struct worker *workers, const struct wave *wave);

#pragma GCC visibility pop

#endif
