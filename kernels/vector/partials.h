/* SPDX-License-Identifier: MIT
 *
 * What the rows of a job's tiles have added up over spans of keys: one thread's stacks of partials,
 * merged as soon as two are siblings in the binary tree over all spans. */
#ifndef MLABENCH_VECTOR_PARTIALS_H
#define MLABENCH_VECTOR_PARTIALS_H

#include "kernels/vector/job.h"

#pragma GCC visibility push(hidden)

enum { PARTIALS_MOST = 80 }; /* of a tile: twice the levels of a tree over 2^31 spans, and more */

/* Covers the spans index << level up to (index + 1) << level, as far as there are. */
struct partial {
    float *sums, *max, *sum;
    int64_t index;
    int32_t level;
};

struct partials {
    float *sums, *max, *sum; /* [vector->partials][job_tiles] of each */
    struct partial *stacks;  /* [job_tiles][vector->partials] */
    int32_t *counts;         /* [job_tiles] */
};

/* How many partials of one tile a thread may have to keep, for a sequence of that many keys. */
int64_t partials_needed(int64_t keys, int64_t span);

/* Bytes of memory for them, a multiple of 64; and what is placed in there. */
int64_t partials_bytes(const struct vector *vector);
void partials_place(const struct vector *vector, char *memory, struct partials *partials);

void partials_clear(struct partials *partials, const struct job *job);

/* Where the next partial of a tile goes. */
struct partial partials_next(const struct vector *vector, const struct partials *partials,
                             int32_t tile);

/* Puts the partial of the span after those in the stack on top of it. */
void partials_push(const struct vector *vector, const struct job *job, int32_t tile,
                   const struct partial *partial, struct partial *stack, int32_t *count);

/* Merges what is left, from the top. The stack is not empty. */
void partials_finish(const struct vector *vector, const struct job *job, int32_t tile,
                     struct partial *stack, int32_t *count);

#pragma GCC visibility pop

#endif
