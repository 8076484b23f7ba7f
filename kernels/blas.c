/* SPDX-License-Identifier: MIT
 *
 * The products through CBLAS. Each thread of the kernel's team calls it for its own share, so it is
 * to use no threads of its own: its barriers would wait for cores that are taken. */
#include "kernels/arithmetic.h"

#include <cblas.h>
#include <string.h>

/* OpenBLAS's own; with another library they are absent, and its threads are the user's to set. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));

static int begin(void)
{
    if (!openblas_set_num_threads || !openblas_get_num_threads)
        return 1;
    int threads = openblas_get_num_threads();
    if (threads != 1)
        openblas_set_num_threads(1);
    return threads;
}

static void end(int threads)
{
    if (threads != 1)
        openblas_set_num_threads(threads);
}

static void dots(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                 const struct rows *b, float *c, int64_t ldc)
{
    if (m == 0 || n == 0)
        return;
    if (k == 0)
        for (int64_t i = 0; i < m; i++)
            memset(c + i * ldc, 0, (size_t)n * sizeof *c);
    else if (m == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)n, (int)k, alpha, row_at(b, 0),
                    (int)b->stride, a, 1, 0.0f, c, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, alpha, a,
                    (int)lda, row_at(b, 0), (int)b->stride, 0.0f, c, (int)ldc);
}

static void weigh(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                  const struct rows *b, float *c, int64_t ldc)
{
    if (m == 0 || n == 0 || k == 0)
        return;
    if (m == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, (int)k, (int)n, 1.0f, row_at(b, 0), (int)b->stride,
                    a, 1, 1.0f, c, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a,
                    (int)lda, row_at(b, 0), (int)b->stride, 1.0f, c, (int)ldc);
}

/* One product over what all rows use; the rest, a triangle of a causal block, row by row. */
static void weigh_ragged(int64_t m, int64_t n, const int32_t *k, const float *a, int64_t lda,
                         const struct rows *b, float *c, int64_t ldc)
{
    int32_t common = m > 0 ? k[0] : 0;
    for (int64_t i = 1; i < m; i++)
        common = k[i] < common ? k[i] : common;
    weigh(m, n, common, a, lda, b, c, ldc);
    struct rows rest = rows_from(*b, common * b->stride);
    for (int64_t i = 0; i < m; i++)
        loops_arithmetic.weigh(1, n, k[i] - common, a + i * lda + common, lda, &rest, c + i * ldc,
                               ldc);
}

const struct arithmetic blas_arithmetic = {
    .block = BLOCK_MAX,
    .strided = true,
    .dots = dots,
    .weigh = weigh,
    .weigh_ragged = weigh_ragged,
    .begin = begin,
    .end = end,
};
