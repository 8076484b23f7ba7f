/* SPDX-License-Identifier: MIT
 *
 * The best low-rank latent of given rows, and the data that it is tried on. */
#include "harness/low_rank.h"
#include "harness/random.h"
#include "harness/spectrum.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS = 40, COLUMNS = 24, PLANTED = 3 };

static struct mla_error error;

static double *normal(uint32_t stream, int64_t count)
{
    float *some = malloc((size_t)count * sizeof *some);
    double *numbers = malloc((size_t)count * sizeof *numbers);
    cr_assert(some && numbers);
    random_normal(5, stream, 0, count, 1, some);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = some[i];
    free(some);
    return numbers;
}

/* The error that directions 0 .. rank - 1 leave over `rows`. */
static double error_over(const struct low_rank *fit, int64_t rank, int64_t rows, const double *a)
{
    double *sum = calloc((size_t)(rows * fit->columns), sizeof *sum);
    cr_assert(sum != NULL);
    cr_assert(low_rank_add(fit, 0, rank / 2, rows, a, sum, &error) == 0);
    cr_assert(low_rank_add(fit, rank / 2, rank, rows, a, sum, &error) == 0);
    double left = relative_error(rows * fit->columns, a, sum);
    free(sum);
    return left;
}

Test(low_rank, error_is_that_of_eckart_and_young)
{
    /* Wider than high, and higher than wide. */
    for (int turned = 0; turned < 2; turned++) {
        int64_t rows = turned ? COLUMNS : ROWS, columns = turned ? ROWS : COLUMNS;
        double *a = normal(1, rows * columns);
        struct low_rank fit;
        cr_assert(low_rank_fit(rows, columns, a, &fit, &error) == 0, "%s", error.message);
        cr_assert(fit.rank == COLUMNS);
        for (int64_t rank = 0; rank <= fit.rank; rank++) {
            double said = low_rank_error(&fit, rank), left = error_over(&fit, rank, rows, a);
            cr_assert(fabs(said - left) <= 1e-13, "rank %d: %g, %g", (int)rank, said, left);
            cr_assert(rank == 0 || said < low_rank_error(&fit, rank - 1), "rank %d", (int)rank);
        }
        cr_assert(low_rank_error(&fit, 0) == 1 && low_rank_error(&fit, fit.rank) == 0);
        low_rank_destroy(&fit);
        free(a);
    }
}

Test(low_rank, directions_are_orthonormal_and_no_others_are_better)
{
    double *a = normal(2, ROWS * COLUMNS), *b = normal(3, ROWS * COLUMNS);
    struct low_rank fit, other;
    cr_assert(low_rank_fit(ROWS, COLUMNS, a, &fit, &error) == 0);
    cr_assert(low_rank_fit(ROWS, COLUMNS, b, &other, &error) == 0);
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j <= i; j++) {
            double dot = 0;
            for (int c = 0; c < COLUMNS; c++)
                dot += fit.directions[i * COLUMNS + c] * fit.directions[j * COLUMNS + c];
            cr_assert(fabs(dot - (i == j)) <= 1e-13, "%d, %d: %g", i, j, dot);
        }
    for (int rank = 1; rank < COLUMNS; rank++)
        cr_assert(error_over(&fit, rank, ROWS, a) < error_over(&other, rank, ROWS, a), "%d", rank);
    low_rank_destroy(&fit);
    low_rank_destroy(&other);
    free(a);
    free(b);
}

/* Element i of cosine k of n, of length 1; two of them are orthogonal. */
static double cosine(int k, int i, int n)
{
    return sqrt(2.0 / n) * cos(M_PI * k * (i + 0.5) / n);
}

Test(low_rank, planted_directions_are_found)
{
    static const double strength[PLANTED] = {7, 2, 0.5};
    double a[ROWS * COLUMNS] = {0};
    for (int t = 0; t < ROWS; t++)
        for (int c = 0; c < COLUMNS; c++)
            for (int k = 0; k < PLANTED; k++)
                a[t * COLUMNS + c] +=
                    strength[k] * cosine(k + 4, t, ROWS) * cosine(2 * k + 1, c, COLUMNS);
    struct low_rank fit;
    cr_assert(low_rank_fit(ROWS, COLUMNS, a, &fit, &error) == 0);
    for (int k = 0; k < PLANTED; k++) {
        double dot = 0;
        for (int c = 0; c < COLUMNS; c++)
            dot += fit.directions[k * COLUMNS + c] * cosine(2 * k + 1, c, COLUMNS);
        cr_assert(fabs(fabs(dot) - 1) <= 1e-13, "%d: %g", k, dot);
        cr_assert(fabs(fit.singular[k] - strength[k]) <= 1e-13, "%d: %g", k, fit.singular[k]);
    }
    /* Of rank 3: three directions lose nothing, two lose what was planted third. */
    cr_assert(low_rank_error(&fit, PLANTED) <= 1e-15, "%g", low_rank_error(&fit, PLANTED));
    cr_assert(error_over(&fit, PLANTED, ROWS, a) <= 1e-14);
    cr_assert(fabs(low_rank_error(&fit, 2) - 0.5 / sqrt(49 + 4 + 0.25)) <= 1e-13);
    low_rank_destroy(&fit);
}

Test(low_rank, a_triangle_stands_for_all_rows)
{
    double *x = normal(4, ROWS * COLUMNS), *r = normal(4, ROWS * COLUMNS);
    cr_assert(low_rank_triangle(ROWS, COLUMNS, r, &error) == 0, "%s", error.message);
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            double of_x = 0, of_r = 0;
            for (int t = 0; t < ROWS; t++)
                of_x += x[t * COLUMNS + i] * x[t * COLUMNS + j];
            for (int t = 0; t < COLUMNS; t++)
                of_r += r[t * COLUMNS + i] * r[t * COLUMNS + j];
            cr_assert(fabs(of_x - of_r) <= 1e-12, "%d, %d: %g, %g", i, j, of_x, of_r);
            cr_assert(j >= i || r[i * COLUMNS + j] == 0, "%d, %d", i, j);
        }
    free(x);
    free(r);
}

Test(low_rank, states_have_the_covariance_that_is_asked_for)
{
    enum { N = 64 };
    double deviations[N], squares = 0, noise = 0;
    const struct spectrum power = {.exponent = 1.5};
    spectrum_deviations(&power, N, deviations);
    for (int i = 0; i < N; i++)
        squares += deviations[i] * deviations[i] / N;
    cr_assert(fabs(squares - 1) <= 1e-14);
    double ratio = deviations[15] * deviations[15] / (deviations[3] * deviations[3]);
    cr_assert(fabs(ratio - pow(4, -1.5)) <= 1e-14, "%g", ratio);
    const struct spectrum eighth = {.dimension = 0.125, .noise = 0.01};
    spectrum_deviations(&eighth, N, deviations);
    for (int i = N / 8; i < N; i++)
        noise += deviations[i] * deviations[i];
    double signal = N - noise;
    cr_assert(deviations[0] == deviations[7] && deviations[8] == deviations[63]);
    cr_assert(fabs(sqrt(noise / signal) - 0.01) <= 1e-12, "%g", sqrt(noise / signal));
}
