/* SPDX-License-Identifier: MIT
 *
 * Some rows of floats: evenly spaced, or wherever a list says. */
#ifndef MLABENCH_ROWS_H
#define MLABENCH_ROWS_H

#include <stdint.h>

/* No call handles more rows at once; what is longer comes in blocks. */
#define BLOCK_MAX 256

struct rows {
    const float *first;       /* evenly spaced, or NULL: */
    const float *const *list; /* where each begins */
    int64_t stride;           /* floats from one to the next, without a list */
    int64_t column;           /* added to where a row begins */
};

static inline const float *row_at(const struct rows *rows, int64_t j)
{
    return (rows->list ? rows->list[j] : rows->first + j * rows->stride) + rows->column;
}

static inline struct rows rows_strided(const float *first, int64_t stride)
{
    return (struct rows){.first = first, .stride = stride};
}

/* The same rows, from another column on. */
static inline struct rows rows_from(struct rows rows, int64_t column)
{
    rows.column += column;
    return rows;
}

#endif
