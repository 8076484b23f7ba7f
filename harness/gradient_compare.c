/* SPDX-License-Identifier: MIT */
#include "harness/gradient.h"

#include "harness/problem.h"
#include "harness/verify.h"
#include "reference/backward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One comparison. Rows are in slot order here, as the kernel's gradient of them is. */
struct comparison {
    struct gradient *gradient;
    const struct mla_problem *problem;
    struct ref_dims dims;
    int64_t width, q_width, o_width;  /* of a row, and of a token's q and o */
    float *rows;                      /* [slots][width] */
    int64_t *index;                   /* [max_keys] slots that a query attends */
    bool *attended;                   /* [slots] */
    double *q, *grad_o, *sinks;       /* one token's, and the sinks or NULL */
    struct ref_attend_gradient exact; /* grad_q of one token, the others of all */
    struct gradient_ratios ratios;
    struct mla_error *error;
    int code;
};

static int64_t weights(const struct comparison *c)
{
    return (int64_t)(c->gradient->grad_wkv_b.size / sizeof(float));
}

/* Sets the arrays side by side in zeroed memory. Returns 0 or MLA_MACHINE. */
static int allocate(struct comparison *c, double **memory)
{
    int64_t slots = c->problem->slots, row_elements = slots * c->width;
    const struct {
        double **array;
        int64_t count;
    } parts[] = {
        {&c->q, c->q_width},
        {&c->grad_o, c->o_width},
        {&c->sinks, c->problem->heads},
        {&c->exact.grad_q, c->q_width},
        {&c->exact.square_q, c->q_width},
        {&c->exact.grad_rows, row_elements},
        {&c->exact.square_rows, row_elements},
        {&c->exact.grad_wkv_b, weights(c)},
        {&c->exact.square_wkv_b, weights(c)},
    };
    enum { PARTS = sizeof parts / sizeof parts[0] };
    int64_t total = 0;
    for (int i = 0; i < PARTS; i++)
        total += parts[i].count;
    double *next = *memory = calloc((size_t)total, sizeof *next);
    c->rows = calloc((size_t)row_elements, sizeof *c->rows);
    c->index = calloc((size_t)c->problem->max_keys + 1, sizeof *c->index);
    c->attended = calloc((size_t)slots, sizeof *c->attended);
    if (!next || !c->rows || !c->index || !c->attended)
        return mla_fail(c->error, MLA_MACHINE, "no memory to check gradients");
    for (int i = 0; i < PARTS; i++) {
        *parts[i].array = next;
        next += parts[i].count;
    }
    return 0;
}

/* The rows that the queries attended: those given or, where the format is lossy, those kept. */
static int find_rows(struct comparison *c)
{
    struct trial *trial = &c->gradient->trial;
    size_t bytes = sizeof(float) * (size_t)c->width;
    for (int32_t i = 0; i < trial->inputs->workload.batch; i++) {
        int64_t end = trial->inputs->workload.seqs[i].kv_end;
        for (int64_t j = 0; j < end; j++) {
            const float *row = inputs_row(trial->inputs, i, j);
            if (c->problem->format != MLA_FP32 && trial_load(trial, i, j, 1, &row, c->error))
                return MLA_FAILED;
            int64_t slot = mla_slot(c->problem, &trial->seqs[i], trial->way.shift + j);
            memcpy(c->rows + slot * c->width, row, bytes);
        }
    }
    return 0;
}

/* An element of a gradient, `already` having been there before; `where` and `at` say which. */
static void check(struct comparison *c, double got, double exact, double already, double square,
                  double n, double *worst, const char *what, const char *where, const int64_t at[2])
{
    double unit = c->gradient->trial.kernel->unit_roundoff * sqrt(n) *
                      (fabs(exact) + fabs(already) + sqrt(square)) +
                  0x1p-126 * n;
    double ratio = fabs(got - exact - already) / unit;
    ratio = isfinite(ratio) ? ratio : INFINITY;
    *worst = ratio > *worst ? ratio : *worst;
    if (ratio <= GRADIENT_LIMIT || c->code)
        return;
    c->code = mla_fail(c->error, MLA_FAILED,
                       "the gradient of %s is %.9g instead of %.9g, %.3g times the error allowed "
                       "(%s %ld, element %ld)",
                       what, got, exact + already, ratio / GRADIENT_LIMIT, where, (long)at[0],
                       (long)at[1]);
}

/* n of a gradient of q, with that many keys. */
static double terms(const struct comparison *c, int64_t keys)
{
    return verify_terms(c->problem, keys) + c->problem->v_head_dim;
}

static int compare_query(struct comparison *c, const struct mla_seq *seq, int64_t t)
{
    const struct gradient *g = c->gradient;
    int64_t token = seq->token + t;
    const float *q = (const float *)g->trial.q.data + token * c->q_width;
    const float *grad_o = (const float *)g->grad_o.data + token * c->o_width;
    const float *got = (const float *)g->grad_q.data + token * c->q_width;
    struct ref_rows rows = {
        .f32 = c->rows, .index = c->index, .count = mla_keys(c->problem, seq, t)};
    for (int64_t j = 0; j < rows.count; j++) {
        c->index[j] = mla_slot(c->problem, seq, seq->kv_begin + j);
        c->attended[c->index[j]] = true;
    }
    for (int64_t i = 0; i < c->q_width; i++)
        c->q[i] = q[i];
    for (int64_t i = 0; i < c->o_width; i++)
        c->grad_o[i] = grad_o[i];
    if (ref_attend_backward(&c->dims, c->problem->wkv_b, c->q, &rows, c->sinks, c->grad_o,
                            &c->exact, 1))
        return mla_fail(c->error, MLA_MACHINE, "no memory for the reference's gradients");
    for (int64_t i = 0; i < c->q_width; i++)
        check(c, got[i], c->exact.grad_q[i], 0, c->exact.square_q[i], terms(c, rows.count),
              &c->ratios.q, "q", "token", (int64_t[]){token, i});
    return 0;
}

static void compare_rows(struct comparison *c)
{
    const struct mla_problem *p = c->problem;
    const struct workload *w = &c->gradient->trial.inputs->workload;
    const float *got = c->gradient->grad_rows.data;
    int64_t heads = p->kind == MLA_LATENT ? p->heads : p->heads / p->heads_kv;
    double n = terms(c, w->max_keys) + (double)(w->tokens * heads);
    for (int64_t i = 0; i < p->slots * c->width; i++) {
        int64_t slot = i / c->width;
        uint32_t bits;
        memcpy(&bits, got + i, sizeof bits);
        if (c->attended[slot])
            check(c, got[i], c->exact.grad_rows[i], GRADIENT_ALREADY, c->exact.square_rows[i], n,
                  &c->ratios.rows, "the rows", "slot", (int64_t[]){slot, i % c->width});
        else if (bits != POISON_NAN && !c->code)
            c->code = mla_fail(c->error, MLA_FAILED,
                               "the gradient of slot %ld, which no query attends, was written",
                               (long)slot);
    }
}

static void compare_weights(struct comparison *c)
{
    const struct workload *w = &c->gradient->trial.inputs->workload;
    const float *got = c->gradient->grad_wkv_b.data;
    double n = terms(c, w->max_keys) + (double)(w->tokens + w->rows);
    int64_t rank = c->problem->kv_lora_rank;
    for (int64_t i = 0; i < weights(c); i++)
        check(c, got[i], c->exact.grad_wkv_b[i], GRADIENT_ALREADY, c->exact.square_wkv_b[i], n,
              &c->ratios.wkv_b, "Wkv_b", "row", (int64_t[]){i / rank, i % rank});
}

static int compare(struct comparison *c)
{
    const struct trial *trial = &c->gradient->trial;
    int code = find_rows(c);
    const float *sinks = trial->sinks.data;
    for (int32_t h = 0; h < c->problem->heads && sinks; h++)
        c->sinks[h] = sinks[h];
    c->sinks = sinks ? c->sinks : NULL;
    for (int32_t i = 0; i < trial->inputs->workload.batch; i++)
        for (int64_t t = 0; t < trial->seqs[i].tokens && !code; t++)
            code = compare_query(c, &trial->seqs[i], t);
    if (code)
        return code;
    compare_rows(c);
    compare_weights(c);
    return c->code;
}

int gradient_compare(struct gradient *gradient, struct gradient_ratios *ratios,
                     struct mla_error *error)
{
    const struct mla_problem *p = &gradient->trial.placed.problem;
    struct comparison c = {
        .gradient = gradient,
        .problem = p,
        .width = gradient->trial.inputs->width,
        .q_width = (int64_t)p->heads * (p->qk_nope_head_dim + p->qk_rope_head_dim),
        .o_width = (int64_t)p->heads * p->v_head_dim,
        .error = error,
    };
    double *memory = NULL;
    problem_ref_dims(p, &c.dims);
    int code = allocate(&c, &memory);
    if (!code)
        code = compare(&c);
    if (ratios)
        *ratios = c.ratios;
    free(memory);
    free(c.rows);
    free(c.index);
    free(c.attended);
    return code;
}
