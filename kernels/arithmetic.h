/* SPDX-License-Identifier: MIT
 *
 * The matrix products that attention consists of, in two versions: our own loops and CBLAS. */
#ifndef MLABENCH_ARITHMETIC_H
#define MLABENCH_ARITHMETIC_H

#include "kernels/rows.h"

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Matrices are row-major; lda and ldc are the floats from one row to the next. Sizes may be 0. */
struct arithmetic {
    int32_t block; /* keys handled at once, at most BLOCK_MAX */
    bool strided;  /* b must be evenly spaced */

    /* c[m][n] = alpha a[m][k] b[n][k]^T */
    void (*dots)(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                 const struct rows *b, float *c, int64_t ldc);

    /* c[m][n] += a[m][k] b[k][n] */
    void (*weigh)(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                  const struct rows *b, float *c, int64_t ldc);

    /* The same, using only the first k[i] of row i of a, k[i] <= BLOCK_MAX. What lies beyond is not
     * read, in a or in b. */
    void (*weigh_ragged)(int64_t m, int64_t n, const int32_t *k, const float *a, int64_t lda,
                         const struct rows *b, float *c, int64_t ldc);

    /* Around the team that calls the above: begin's result goes to end. */
    int (*begin)(void);
    void (*end)(int);
};

/* Each row of c gets the same bits, whatever the other rows of a are. */
extern const struct arithmetic loops_arithmetic;

/* One single-threaded CBLAS call for each product, where possible. */
extern const struct arithmetic blas_arithmetic;

#pragma GCC visibility pop

#endif
