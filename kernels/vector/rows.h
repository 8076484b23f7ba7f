/* SPDX-License-Identifier: MIT
 *
 * Moving rows between the call's arrays, tiles and panels. */
#ifndef MLABENCH_VECTOR_ROWS_H
#define MLABENCH_VECTOR_ROWS_H

#include "kernels/row_cache.h"
#include "kernels/vector/job.h"

#include <string.h>

/* The row of a job that is the head's at its token number `token`. */
static inline int64_t job_row(const struct job *job, int32_t head, int64_t token)
{
    return token * job->heads + head - job->head;
}

/* Where that row's first chunk lies in job->q. */
static inline float *row_in_tile(const struct vector *vector, const struct job *job, int32_t head,
                                 int64_t token)
{
    int64_t row = job_row(job, head, token);
    return job->q + row / SIMD_ROWS * vector->tile_floats + row % SIMD_ROWS * SIMD_CHUNK;
}

/* The head's vector at a token of the job, in an array [tokens][heads][width] of the call. */
static inline int64_t place_of_head(const struct vector *vector, const struct job *job,
                                    int32_t head, int64_t token, int64_t width)
{
    int64_t row = job->seq->token + job->token + token;
    return (row * vector->shape.heads + head) * width;
}

/* Columns into the chunks of a tile's row, filled up with 0. */
static inline void chunks_write(const float *from, int64_t columns, float *to)
{
    for (int64_t x = 0; x < columns; x += SIMD_CHUNK, to += SIMD_TILE_STRIDE) {
        int64_t count = columns - x < SIMD_CHUNK ? columns - x : SIMD_CHUNK;
        if (count < SIMD_CHUNK)
            memset(to, 0, SIMD_CHUNK * sizeof *to);
        memcpy(to, from + x, (size_t)count * sizeof *to);
    }
}

/* With the job's last head: rows that fill up its last tile are 0. */
static inline void clear_spare_rows(const struct vector *vector, const struct job *job,
                                    int32_t head)
{
    if (head != job->head + job->heads - 1)
        return;
    for (int64_t row = job->rows; row < (int64_t)job->tiles * SIMD_ROWS; row++)
        for (int64_t c = 0; c < vector->key_chunks; c++)
            memset(job->q + row / SIMD_ROWS * vector->tile_floats + c * SIMD_TILE_STRIDE +
                       row % SIMD_ROWS * SIMD_CHUNK,
                   0, SIMD_CHUNK * sizeof(float));
}

/* The keys of cached rows, which are their first two parts, into a panel. */
static inline void pack_key(const struct vector *vector, int32_t count, const void *const *pieces,
                            float *panel)
{
    const struct row_part *part = vector->shape.row.part;
    vector->loops->pack(&part[0], pieces, count, panel, 0);
    vector->loops->pack(&part[1], pieces, count, panel, simd_chunks(vector->parts[0]));
}

#endif
