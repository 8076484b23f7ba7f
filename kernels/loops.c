/* SPDX-License-Identifier: MIT
 *
 * The products as loops over small tiles whose sums stay in registers. */
#include "kernels/arithmetic.h"
#include "kernels/dot.h"

/* Keys and query rows that one pass keeps in the first-level cache: 8 rows of 2.3 kB. */
#define PASS 8

/* A tile of m x n dot products, written to c. */
static inline __attribute__((always_inline)) void dots_tile(int m, int n, int64_t k, float alpha,
                                                            const float *a, int64_t lda,
                                                            const struct rows *b, int64_t j,
                                                            float *c, int64_t ldc)
{
    const float *rows[DOT_TILE];
    float out[DOT_TILE];
    for (int y = 0; y < n; y++)
        rows[y] = row_at(b, j + y);
    dot_tile(m, n, k, a, lda, rows, out);
    for (int i = 0; i < m; i++)
        for (int y = 0; y < n; y++)
            c[i * ldc + j + y] = alpha * out[i * n + y];
}

static void dots(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                 const struct rows *b, float *c, int64_t ldc)
{
    for (int64_t pass = 0; pass < n; pass += PASS) {
        int64_t end = pass + PASS < n ? pass + PASS : n;
        int64_t i = 0, j;
        for (; i + 4 <= m; i += 4) {
            for (j = pass; j + 2 <= end; j += 2)
                dots_tile(4, 2, k, alpha, a + i * lda, lda, b, j, c + i * ldc, ldc);
            for (; j < end; j++)
                dots_tile(4, 1, k, alpha, a + i * lda, lda, b, j, c + i * ldc, ldc);
        }
        for (; i < m; i++) {
            for (j = pass; j + PASS <= end; j += PASS)
                dots_tile(1, PASS, k, alpha, a + i * lda, lda, b, j, c + i * ldc, ldc);
            for (; j < end; j++)
                dots_tile(1, 1, k, alpha, a + i * lda, lda, b, j, c + i * ldc, ldc);
        }
    }
}

/* c_i += sum_j a_ij b_j for m rows and 4 n columns from x on. */
static inline __attribute__((always_inline)) void weigh_tile(int m, int n, int64_t k,
                                                             const float *a, int64_t lda,
                                                             const float *const *b, int64_t x,
                                                             float *c, int64_t ldc)
{
    float4 sums[DOT_TILE] = {{0}};
    for (int64_t j = 0; j < k; j++) {
        float4 elements[4];
        for (int64_t y = 0; y < n; y++)
            elements[y] = float4_load(b[j] + x + 4 * y);
        for (int i = 0; i < m; i++)
            for (int y = 0; y < n; y++)
                sums[i * n + y] += float4_all(a[i * lda + j]) * elements[y];
    }
    for (int64_t i = 0; i < m; i++)
        for (int64_t y = 0; y < n; y++) {
            float *at = c + i * ldc + x + 4 * y;
            float4_store(at, float4_load(at) + sums[i * n + y]);
        }
}

static inline void weigh_column(int64_t k, const float *a, const float *const *b, int64_t x,
                                float *c)
{
    float sum = 0;
    for (int64_t j = 0; j < k; j++)
        sum += a[j] * b[j][x];
    c[x] += sum;
}

/* At most BLOCK_MAX rows of b, of which row i of a uses k[i]. Rows are taken in pairs where they
 * use as many. */
static void weigh_block(int64_t m, int64_t n, const int32_t *k, const float *a, int64_t lda,
                        const float *const *b, float *c, int64_t ldc)
{
    int64_t x = 0;
    for (; x + 16 <= n; x += 16)
        for (int64_t i = 0, step; i < m; i += step) {
            step = i + 1 < m && k[i] == k[i + 1] ? 2 : 1;
            if (step == 2)
                weigh_tile(2, 4, k[i], a + i * lda, lda, b, x, c + i * ldc, ldc);
            else
                weigh_tile(1, 4, k[i], a + i * lda, lda, b, x, c + i * ldc, ldc);
        }
    for (int64_t i = 0; i < m; i++) {
        int64_t rest = x;
        for (; rest + 4 <= n; rest += 4)
            weigh_tile(1, 1, k[i], a + i * lda, lda, b, rest, c + i * ldc, ldc);
        for (; rest < n; rest++)
            weigh_column(k[i], a + i * lda, b, rest, c + i * ldc);
    }
}

static void list_rows(const struct rows *b, int64_t first, int64_t count, const float **list)
{
    for (int64_t j = 0; j < count; j++)
        list[j] = row_at(b, first + j);
}

static void weigh_ragged(int64_t m, int64_t n, const int32_t *k, const float *a, int64_t lda,
                         const struct rows *b, float *c, int64_t ldc)
{
    const float *list[BLOCK_MAX];
    int32_t most = 0;
    for (int64_t i = 0; i < m; i++)
        most = k[i] > most ? k[i] : most;
    list_rows(b, 0, most, list);
    weigh_block(m, n, k, a, lda, list, c, ldc);
}

static void weigh(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                  const struct rows *b, float *c, int64_t ldc)
{
    const float *list[BLOCK_MAX];
    int32_t counts[BLOCK_MAX];
    for (int64_t j = 0; j < k; j += BLOCK_MAX) {
        int64_t count = k - j < BLOCK_MAX ? k - j : BLOCK_MAX;
        list_rows(b, j, count, list);
        for (int64_t i = 0; i < m && i < BLOCK_MAX; i++)
            counts[i] = (int32_t)count;
        for (int64_t i = 0; i < m; i += BLOCK_MAX)
            weigh_block(m - i < BLOCK_MAX ? m - i : BLOCK_MAX, n, counts, a + i * lda + j, lda,
                        list, c + i * ldc, ldc);
    }
}

const struct arithmetic loops_arithmetic = {
    .block = 64,
    .dots = dots,
    .weigh = weigh,
    .weigh_ragged = weigh_ragged,
};
