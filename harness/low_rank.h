/* SPDX-License-Identifier: MIT
 *
 * The best low-rank latent of given rows: singular value decomposition through LAPACK. Matrices are
 * row-major and dense. For rows A = U S V^T, the rows of V^T are the directions; a latent of rank r
 * keeps of a row its first r coordinates, c = a V_r, and gives back c V_r^T. No latent of that rank
 * has a smaller squared error over A (Eckart and Young 1936). */
#ifndef MLABENCH_LOW_RANK_H
#define MLABENCH_LOW_RANK_H

#include "harness/error.h"

#include <stdint.h>

struct low_rank {
    int64_t columns, rank; /* rank: that of all directions, the lesser of rows and columns */
    double *singular;      /* [rank], descending; malloc'ed, as are the directions */
    double *directions;    /* [rank][columns], orthonormal */
};

/* Fits to a [rows][columns], of which nothing is subtracted first. Returns 0 or MLA_MACHINE, where
 * there is no memory or LAPACK does not converge; fit can be destroyed in either case. */
int low_rank_fit(int64_t rows, int64_t columns, const double *a, struct low_rank *fit,
                 struct mla_error *error);
void low_rank_destroy(struct low_rank *fit);

/* Error over the rows that it was fitted to, Frobenius, relative, by Eckart and Young:
 * sqrt(sum_{i >= rank} s_i^2 / sum s_i^2). */
double low_rank_error(const struct low_rank *fit, int64_t rank);

/* Adds to `sum` [rows][columns] what directions first .. last - 1 keep of a [rows][columns]. From
 * a zeroed sum on, each call goes on where the last one ended. Returns 0 or MLA_MACHINE. */
int low_rank_add(const struct low_rank *fit, int64_t first, int64_t last, int64_t rows,
                 const double *a, double *sum, struct mla_error *error);

/* The triangular factor R of X = Q R, in place of the first `columns` rows of x [rows][columns],
 * rows >= columns: X W and R W have the same singular values and directions, whatever W. Returns 0
 * or MLA_MACHINE. */
int low_rank_triangle(int64_t rows, int64_t columns, double *x, struct mla_error *error);

/* sqrt(sum (got - exact)^2 / sum exact^2) over `count` elements. */
double relative_error(int64_t count, const double *exact, const double *got);

#endif
