/* SPDX-License-Identifier: MIT
 *
 * Waves: the jobs between two barriers. Enough of them to share out evenly, and no more than their
 * memory holds. */
#ifndef MLABENCH_VECTOR_WAVE_H
#define MLABENCH_VECTOR_WAVE_H

#include "kernels/vector/job.h"

#pragma GCC visibility push(hidden)

enum { WAVE_JOBS = 256 };

struct wave {
    struct job jobs[WAVE_JOBS];
    int32_t count;
    int32_t first_head, heads; /* that have rows in it */
    int64_t weight;
    bool last;
};

/* Takes the next jobs. Their q and sums lie one after the other in the arrays given, of
 * vector->wave_tiles tiles. */
void wave_fill(const struct vector *vector, struct job_cursor *cursor, float *q, float *sums,
               struct wave *wave);

/* Where thread t's part of the wave's weight begins. */
static inline int64_t wave_share(const struct wave *wave, int32_t threads, int32_t t)
{
    return (int64_t)((__int128)wave->weight * t / threads);
}

/* Calls a verb of the form for a head's rows in all jobs. */
void wave_queries(const struct vector *vector, const struct wave *wave, int32_t head);
void wave_outputs(const struct vector *vector, const struct wave *wave, int32_t head);

#pragma GCC visibility pop

#endif
