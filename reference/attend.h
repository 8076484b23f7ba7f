/* SPDX-License-Identifier: MIT
 *
 * What MHA and MLA share: scores, softmax and weighted sums over rows that may be far too many to
 * be converted to double at once. Internal to the reference.
 *
 * Work is split over blocks of heads that read the same columns of the rows; each column is
 * converted once per block. Every head's arithmetic is the same whatever block it is in. */
#ifndef MLABENCH_REFERENCE_ATTEND_H
#define MLABENCH_REFERENCE_ATTEND_H

#include "reference/reference.h"

/* Rows are converted in strips, [n][REF_STRIP] doubles: REF_STRIP keys, transposed, or REF_STRIP
 * columns of REF_STRIP_KEYS keys. */
enum { REF_STRIP = 8, REF_STRIP_KEYS = 128, REF_BLOCK_HEADS = 16 };

/* A range of columns of rows that are `row_width` wide. */
struct ref_columns {
    int64_t row_width, first, count;
};

/* Doubles that a strip needs, for keys of this many columns and for values. */
static inline int64_t ref_strip_size(int64_t key_columns)
{
    return REF_STRIP * (key_columns > REF_STRIP_KEYS ? key_columns : REF_STRIP_KEYS);
}

/* Sums taken together over the same terms: of x, of |x| and of x^2; or the factors that go into
 * them. Every array has the same shape. */
struct ref_sums {
    double *value, *magnitude, *square;
};

static inline struct ref_sums ref_sums_at(struct ref_sums x, int64_t i)
{
    return (struct ref_sums){x.value + i, x.magnitude + i, x.square + i};
}

/* Three arrays of `count` from *memory, which moves on. */
static inline struct ref_sums ref_sums_take(double **memory, int64_t count)
{
    double *taken = *memory;
    *memory += 3 * count;
    return (struct ref_sums){taken, taken + count, taken + 2 * count};
}

/* How many heads to a block, `group` being those that share columns: few enough to leave every
 * thread a block and to bound the memory for scores. */
static inline int32_t ref_block_heads(int32_t heads, int32_t group, int threads)
{
    int32_t block = (heads + threads - 1) / threads;
    block = block < group ? block : group;
    return block < REF_BLOCK_HEADS ? block : REF_BLOCK_HEADS;
}

/* y[8] += sum_i x_i m_i, sum_i x_i |m_i| and sum_i x_i m_i^2 for the three parts of y, each from
 * its own part of x, m_i being the n rows of a strip. */
void ref_strip_product(int64_t n, struct ref_sums x, const double (*strip)[REF_STRIP],
                       struct ref_sums y);

/* Keys first .. first + REF_STRIP - 1, transposed; zero beyond the last. */
void ref_load_keys(const struct ref_rows *rows, struct ref_columns columns, int64_t first,
                   double (*strip)[REF_STRIP]);

/* s_j = scale q . k_j, a_j = scale |q| . |k_j| and b_j^2 = scale^2 q^2 . k_j^2, k_j being the
 * columns. q [heads][columns.count], s [heads][rows->count]. */
void ref_scores(const struct ref_rows *rows, struct ref_columns columns, int32_t heads,
                double scale, struct ref_sums q, struct ref_sums s, double (*strip)[REF_STRIP]);

/* For one head: s_j becomes p_j, a_j becomes p_j (1 + a_j + sum_i p_i a_i) and b_j^2 becomes
 * p_j^2 (1 + |s_j| + b_j + B)^2. `sink` is -inf where there is none. Writes element `head` of lse
 * and, unless NULL, of its scales. */
void ref_softmax(int64_t count, double sink, struct ref_sums s, const struct ref_output *out,
                 int32_t head);

/* sum_j p_j v_j and the like, v_j being the columns. p [heads][rows->count], sum
 * [heads][columns.count]. */
void ref_weighted_sums(const struct ref_rows *rows, struct ref_columns columns, int32_t heads,
                       struct ref_sums p, struct ref_sums sum, double (*strip)[REF_STRIP]);

#endif
