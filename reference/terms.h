/* SPDX-License-Identifier: MIT
 *
 * Numbers together with what their error scales are made of. Internal to the reference. */
#ifndef MLABENCH_REFERENCE_TERMS_H
#define MLABENCH_REFERENCE_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers and, unless NULL, the squares that error scales are made of: of factors and sums the sum
 * of their squared terms, of p and grad_s their own squared scale. */
struct terms {
    double *value, *square;
};

static inline struct terms terms_at(struct terms x, int64_t i)
{
    return (struct terms){x.value + i, x.square ? x.square + i : NULL};
}

/* `count` zeros from *memory, which moves on, and as many squares. */
static inline struct terms terms_take(double **memory, int64_t count, bool squares)
{
    struct terms taken = {*memory, squares ? *memory + count : NULL};
    *memory += squares ? 2 * count : count;
    return taken;
}

/* y = x */
static inline void terms_copy(int64_t n, const double *x, struct terms y)
{
    for (int64_t i = 0; i < n; i++) {
        y.value[i] = x[i];
        if (y.square)
            y.square[i] = x[i] * x[i];
    }
}

/* x . y, and into *square, if wanted, x^2 . y^2. */
static inline double terms_product(int64_t n, struct terms x, const double *y, double *square)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x.value[i] * y[i];
    for (int64_t i = 0; i < n && x.square; i++)
        squares += x.square[i] * y[i] * y[i];
    *square = squares;
    return sum;
}

/* y += a x, a^2 and x^2 having their own squares. */
static inline void terms_add(int64_t n, struct terms a, const double *x, struct terms y)
{
    for (int64_t i = 0; i < n; i++)
        y.value[i] += *a.value * x[i];
    for (int64_t i = 0; i < n && y.square && a.square; i++)
        y.square[i] += *a.square * x[i] * x[i];
}

#endif
