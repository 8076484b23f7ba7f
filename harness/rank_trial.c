/* SPDX-License-Identifier: MIT */
#include "harness/rank_trial.h"

#include "harness/low_rank.h"
#include "harness/problem.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct trial {
    const struct rank_trial *of;
    struct ref_layer_dims dims;
    int64_t hidden, k_width, columns; /* columns: of all heads' K and V together */
    double *w;                        /* [columns][hidden] Wk, then Wv */
    double *x;                        /* [tokens][hidden] */
    double *kv;                       /* [held_out][columns] */
    double *sum;                      /* the same, through the latent */
    double *q;                        /* [queries][heads qk], after RoPE */
    double *rows;                     /* [held_out][heads][k | v], after RoPE */
    double *o, *o_exact;              /* [queries][heads v] */
    double *lse;                      /* [queries][heads] */
    double *frequencies;
    struct low_rank joint, keys, values;
    struct mla_error *error;
};

static double *take(struct trial *t, int64_t count, int *code)
{
    double *memory = calloc((size_t)count, sizeof *memory);
    if (!memory)
        *code = mla_fail(t->error, MLA_MACHINE, "no memory for the study of ranks");
    return memory;
}

static int create(struct trial *t)
{
    const struct rank_trial *of = t->of;
    model_ref_layer_dims(of->model, &t->dims);
    const struct ref_dims *a = &t->dims.attention;
    int64_t heads = a->heads, qk = a->qk_nope_head_dim + a->qk_rope_head_dim;
    int64_t tokens = of->fitted > of->held_out ? of->fitted : of->held_out;
    int code = 0;
    t->hidden = t->dims.hidden_size;
    t->k_width = heads * qk;
    t->columns = heads * (qk + a->v_head_dim);
    t->w = take(t, t->columns * t->hidden, &code);
    t->x = take(t, tokens * t->hidden, &code);
    t->kv = take(t, of->held_out * t->columns, &code);
    t->sum = take(t, of->held_out * t->columns, &code);
    t->q = take(t, of->queries * t->k_width, &code);
    t->rows = take(t, of->held_out * t->columns, &code);
    t->o = take(t, of->queries * heads * a->v_head_dim, &code);
    t->o_exact = take(t, of->queries * heads * a->v_head_dim, &code);
    t->lse = take(t, of->queries * heads, &code);
    t->frequencies = take(t, a->qk_rope_head_dim / 2 + 1, &code);
    if (code)
        return code;
    ref_rope_frequencies(&t->dims.rope, t->frequencies);
    for (int64_t i = 0; i < t->columns * t->hidden; i++)
        t->w[i] = i < t->k_width * t->hidden ? of->weights->k_proj[i]
                                             : of->weights->v_proj[i - t->k_width * t->hidden];
    return 0;
}

static void destroy(struct trial *t)
{
    double *const all[] = {t->w,    t->x, t->kv,      t->sum, t->q,
                           t->rows, t->o, t->o_exact, t->lse, t->frequencies};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
    low_rank_destroy(&t->joint);
    low_rank_destroy(&t->keys);
    low_rank_destroy(&t->values);
}

/* y = x W^T for columns first .. first + count - 1. x [rows][hidden], y [rows][count]. */
static void project(const struct trial *t, int64_t rows, const double *x, int64_t first,
                    int64_t count, double *y)
{
    int hidden = (int)t->hidden, n = (int)count;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, n, hidden, 1, x, hidden,
                t->w + first * t->hidden, hidden, 0, y, n);
}

/* What is fitted to are rows R W^T, which have the directions of all X W^T. */
static int fit_columns(struct trial *t, int64_t first, int64_t count, struct low_rank *fit)
{
    int code = 0;
    double *rows = take(t, t->hidden * count, &code);
    if (!code) {
        project(t, t->hidden, t->x, first, count, rows);
        code = low_rank_fit(t->hidden, count, rows, fit, t->error);
    }
    free(rows);
    return code;
}

static int fit(struct trial *t)
{
    const struct rank_trial *of = t->of;
    int code = spectrum_states(of->spectrum, of->model, of->seed, 0, of->fitted, t->x, t->error);
    if (!code)
        code = low_rank_triangle(of->fitted, t->hidden, t->x, t->error);
    if (!code)
        code = fit_columns(t, 0, t->columns, &t->joint);
    if (!code && of->separate)
        code = fit_columns(t, 0, t->k_width, &t->keys);
    if (!code && of->separate)
        code = fit_columns(t, t->k_width, t->columns - t->k_width, &t->values);
    return code;
}

/* The rows that attention takes, of kv [held_out][columns]. */
static void arrange(const struct trial *t, const double *kv)
{
    const struct ref_dims *a = &t->dims.attention;
    int64_t rope = a->qk_rope_head_dim, qk = a->qk_nope_head_dim + rope, v = a->v_head_dim;
#pragma omp parallel for num_threads(t->of->threads) schedule(static)
    for (int64_t token = 0; token < t->of->held_out; token++)
        for (int64_t h = 0; h < a->heads; h++) {
            double *row = t->rows + token * t->columns + h * (qk + v);
            memcpy(row, kv + token * t->columns + h * qk, (size_t)qk * sizeof *row);
            memcpy(row + qk, kv + token * t->columns + t->k_width + h * v, (size_t)v * sizeof *row);
            ref_rope_rotate(&t->dims.rope, t->frequencies, (double)token, row + qk - rope, NULL);
        }
}

/* o [queries][heads v] over keys and values kv. */
static int attend(const struct trial *t, const double *kv, double *o)
{
    const struct rank_trial *of = t->of;
    const struct ref_dims *a = &t->dims.attention;
    int failed = 0;
    arrange(t, kv);
#pragma omp parallel for num_threads(of->threads) schedule(static) reduction(+ : failed)
    for (int64_t i = 0; i < of->queries; i++) {
        const struct ref_rows rows = {.f64 = t->rows, .count = of->held_out - of->queries + i + 1};
        const struct ref_output out = {.o = o + i * a->heads * a->v_head_dim,
                                       .lse = t->lse + i * a->heads};
        failed += ref_attend_kv(a, t->q + i * t->k_width, &rows, NULL, &out, 1) != 0;
    }
    return failed ? mla_fail(t->error, MLA_MACHINE, "no memory for the reference") : 0;
}

/* Other tokens: their keys and values, the last ones' queries and the exact output. */
static int hold_out(struct trial *t)
{
    const struct rank_trial *of = t->of;
    const struct ref_dims *a = &t->dims.attention;
    int64_t rope = a->qk_rope_head_dim, qk = a->qk_nope_head_dim + rope;
    int64_t first = of->held_out - of->queries;
    int code = spectrum_states(of->spectrum, of->model, of->seed, of->fitted, of->held_out, t->x,
                               t->error);
    if (code)
        return code;
    project(t, of->held_out, t->x, 0, t->columns, t->kv);
    ref_linear(of->queries, t->hidden, t->k_width, of->weights->q_proj, t->x + first * t->hidden,
               t->q, NULL, of->threads);
    for (int64_t i = 0; i < of->queries; i++)
        for (int64_t h = 0; h < a->heads; h++)
            ref_rope_rotate(&t->dims.rope, t->frequencies, (double)(first + i),
                            t->q + i * t->k_width + (h + 1) * qk - rope, NULL);
    return attend(t, t->kv, t->o_exact);
}

static int measure_joint(struct trial *t, struct rank_errors *errors)
{
    const struct rank_trial *of = t->of;
    int64_t o_width = (int64_t)t->dims.attention.heads * t->dims.attention.v_head_dim, done = 0;
    int code = 0;
    for (int i = 0; i < of->count && !code; i++) {
        code = low_rank_add(&t->joint, done, of->ranks[i], of->held_out, t->kv, t->sum, t->error);
        done = of->ranks[i];
        if (!code)
            code = attend(t, t->sum, t->o);
        errors[i].separate = NAN;
        errors[i].fitted = low_rank_error(&t->joint, done);
        errors[i].held_out = relative_error(of->held_out * t->columns, t->kv, t->sum);
        errors[i].output = relative_error(of->queries * o_width, t->o_exact, t->o);
    }
    return code;
}

/* Columns first .. first + count - 1 of kv, and in `sum` what half the rank of their own directions
 * keeps of them, as far as `part` has been called. */
struct part {
    const struct low_rank *fit;
    double *kv, *sum; /* [held_out][count] */
};

static int take_part(struct trial *t, const struct low_rank *fit, int64_t first, struct part *part)
{
    int code = 0;
    int64_t count = fit->columns;
    part->fit = fit;
    part->kv = take(t, t->of->held_out * count, &code);
    part->sum = take(t, t->of->held_out * count, &code);
    for (int64_t i = 0; i < t->of->held_out && !code; i++)
        memcpy(part->kv + i * count, t->kv + i * t->columns + first,
               (size_t)count * sizeof *part->kv);
    return code;
}

static double squares(int64_t count, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

static int measure_separate(struct trial *t, struct rank_errors *errors)
{
    const struct rank_trial *of = t->of;
    struct part parts[2] = {{0}};
    int code = take_part(t, &t->keys, 0, &parts[0]);
    if (!code)
        code = take_part(t, &t->values, t->k_width, &parts[1]);
    double all = cblas_ddot((int)(of->held_out * t->columns), t->kv, 1, t->kv, 1);
    for (int i = 0; i < of->count && !code; i++) {
        double left = 0;
        for (int p = 0; p < 2 && !code; p++) {
            code = low_rank_add(parts[p].fit, i ? of->ranks[i - 1] / 2 : 0, of->ranks[i] / 2,
                                of->held_out, parts[p].kv, parts[p].sum, t->error);
            left += squares(of->held_out * parts[p].fit->columns, parts[p].kv, parts[p].sum);
        }
        errors[i].separate = sqrt(left / all);
    }
    for (int p = 0; p < 2; p++) {
        free(parts[p].kv);
        free(parts[p].sum);
    }
    return code;
}

int rank_trial(const struct rank_trial *trial, struct rank_errors *errors, struct mla_error *error)
{
    struct trial t = {.of = trial, .error = error};
    int code = create(&t);
    if (!code)
        code = fit(&t);
    if (!code)
        code = hold_out(&t);
    if (!code)
        code = measure_joint(&t, errors);
    if (!code && trial->separate)
        code = measure_separate(&t, errors);
    destroy(&t);
    return code;
}
