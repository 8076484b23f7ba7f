/* SPDX-License-Identifier: MIT */
#include "harness/low_rank.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* LAPACK, which OpenBLAS holds; weak, as another BLAS may not, nor a static one without gfortran's
 * library. Matrices are column-major: a row-major one is its transpose. Last comes the length of
 * the text, as gfortran passes it. */
extern void __attribute__((weak))
dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s,
        double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork,
        int *iwork, int *info, size_t job_length);
extern void __attribute__((weak)) dgelqf_(const int *m, const int *n, double *a, const int *lda,
                                          double *tau, double *work, const int *lwork, int *info);

/* What LAPACK works with, beside the result. */
struct scratch {
    double *a;    /* a copy, destroyed: [rows][columns] */
    double *left; /* [rank][rows] */
    double *work;
    int *iwork; /* [8 rank] */
};

static int no_memory(struct mla_error *error)
{
    return mla_fail(error, MLA_MACHINE, "no memory for a singular value decomposition");
}

static int check_lapack(struct mla_error *error)
{
    if (dgesdd_ && dgelqf_)
        return 0;
    return mla_fail(error, MLA_MACHINE,
                    "this program's BLAS has no LAPACK (dgesdd, dgelqf): link OpenBLAS, which has");
}

static int decompose(int rows, int columns, struct scratch *s, struct low_rank *fit,
                     struct mla_error *error)
{
    int rank = (int)fit->rank, info = 0, ask = -1, code = check_lapack(error);
    double wanted = 0;
    if (code)
        return code;
    dgesdd_("S", &columns, &rows, s->a, &columns, fit->singular, fit->directions, &columns, s->left,
            &rank, &wanted, &ask, s->iwork, &info, 1);
    int size = (int)wanted;
    s->work = malloc((size_t)size * sizeof *s->work);
    if (!s->work)
        return no_memory(error);
    dgesdd_("S", &columns, &rows, s->a, &columns, fit->singular, fit->directions, &columns, s->left,
            &rank, s->work, &size, s->iwork, &info, 1);
    if (info)
        return mla_fail(error, MLA_MACHINE, "LAPACK's dgesdd on %d rows of %d columns returned %d",
                        rows, columns, info);
    return 0;
}

int low_rank_fit(int64_t rows, int64_t columns, const double *a, struct low_rank *fit,
                 struct mla_error *error)
{
    int64_t rank = rows < columns ? rows : columns;
    *fit = (struct low_rank){
        .columns = columns,
        .rank = rank,
        .singular = malloc((size_t)rank * sizeof(double)),
        .directions = malloc((size_t)(rank * columns) * sizeof(double)),
    };
    struct scratch s = {
        .a = malloc((size_t)(rows * columns) * sizeof(double)),
        .left = malloc((size_t)(rank * rows) * sizeof(double)),
        .iwork = malloc((size_t)(8 * rank) * sizeof(int)),
    };
    int code = 0;
    if (!fit->singular || !fit->directions || !s.a || !s.left || !s.iwork) {
        code = no_memory(error);
    } else {
        memcpy(s.a, a, (size_t)(rows * columns) * sizeof *a);
        code = decompose((int)rows, (int)columns, &s, fit, error);
    }
    free(s.a);
    free(s.left);
    free(s.work);
    free(s.iwork);
    return code;
}

void low_rank_destroy(struct low_rank *fit)
{
    free(fit->singular);
    free(fit->directions);
    *fit = (struct low_rank){0};
}

double low_rank_error(const struct low_rank *fit, int64_t rank)
{
    /* From the smallest on, so that none is lost. */
    double left_out = 0, all = 0;
    for (int64_t i = fit->rank - 1; i >= 0; i--) {
        all += fit->singular[i] * fit->singular[i];
        if (i == rank)
            left_out = all;
    }
    return all > 0 ? sqrt(left_out / all) : 0;
}

int low_rank_add(const struct low_rank *fit, int64_t first, int64_t last, int64_t rows,
                 const double *a, double *sum, struct mla_error *error)
{
    int r = (int)(last - first), n = (int)fit->columns, t = (int)rows;
    if (r == 0)
        return 0;
    const double *directions = fit->directions + first * fit->columns;
    double *latent = malloc((size_t)r * (size_t)rows * sizeof *latent);
    if (!latent)
        return mla_fail(error, MLA_MACHINE, "no memory for latents");
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, t, r, n, 1, a, n, directions, n, 0, latent,
                r);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, t, n, r, 1, latent, r, directions, n, 1,
                sum, n);
    free(latent);
    return 0;
}

int low_rank_triangle(int64_t rows, int64_t columns, double *x, struct mla_error *error)
{
    int m = (int)columns, n = (int)rows, info = 0, ask = -1, code = check_lapack(error);
    double wanted = 0;
    if (code)
        return code;
    double *tau = malloc((size_t)columns * sizeof *tau);
    if (!tau)
        return no_memory(error);
    /* X^T = L Q in LAPACK's order, hence X = Q^T R with R = L^T, which is L read row by row. */
    dgelqf_(&m, &n, x, &m, tau, &wanted, &ask, &info);
    int size = (int)wanted;
    double *work = malloc((size_t)size * sizeof *work);
    if (!work) {
        code = no_memory(error);
    } else {
        dgelqf_(&m, &n, x, &m, tau, work, &size, &info);
        if (info)
            code = mla_fail(error, MLA_MACHINE, "LAPACK's dgelqf returned %d", info);
    }
    /* Below the diagonal are the reflections that Q is made of. */
    for (int64_t i = 0; i < columns; i++)
        memset(x + i * columns, 0, (size_t)i * sizeof *x);
    free(tau);
    free(work);
    return code;
}

double relative_error(int64_t count, const double *exact, const double *got)
{
    double difference = 0, all = 0;
    for (int64_t i = 0; i < count; i++) {
        difference += (got[i] - exact[i]) * (got[i] - exact[i]);
        all += exact[i] * exact[i];
    }
    return sqrt(difference / all);
}
