/* SPDX-License-Identifier: MIT */
#include "harness/verify.h"

#include "harness/accounting.h"
#include "harness/clock.h"
#include "harness/timed_output.h"
#include "harness/trial.h"
#include "harness/verify_cache.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

double verify_terms(const struct mla_problem *p, int64_t keys)
{
    /* scaling, taking the maximum off, exp (a few ulp), division, rescaling */
    const int softmax = 8;
    return (double)keys + p->kv_lora_rank + p->qk_nope_head_dim + p->qk_rope_head_dim + softmax;
}

double verify_growth(const struct mla_problem *p, enum input_kind kind, double u, int64_t keys)
{
    double n = verify_terms(p, keys);
    return input_kind_arranged(kind) ? n / (1 - n * u) / VERIFY_LIMIT : sqrt(n);
}

void verdict_refuse(struct verdict *verdict, enum verify_fault fault, const char *format, ...)
{
    if (verdict->fault != FAULT_NONE)
        return; /* the first reason is the one to look at */
    verdict->fault = fault;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->reason, sizeof verdict->reason, format, arguments);
    va_end(arguments);
}

/* |got - exact| in units of the allowed error; infinite for what no error can excuse. */
static double error_ratio(double got, double exact, double unit)
{
    if (got == exact)
        return 0; /* also where both are -inf: the lse of a query with no key */
    double ratio = fabs(got - exact) / unit;
    return isfinite(got) && isfinite(exact) && !isnan(ratio) ? ratio : INFINITY;
}

/* A pass being compared. */
struct comparison {
    const struct trial *trial;
    const struct oracle *oracle;
    struct verdict *verdict;
    double error2, exact2; /* sums of squares */
};

/* What one output may be off by, in the unit's sense. */
static double unit_of(const struct comparison *c, int64_t keys, double scale)
{
    const struct mla_problem *p = &c->trial->placed.problem;
    double u = c->trial->kernel->unit_roundoff;
    return u * verify_growth(p, c->trial->inputs->kind, u, keys) * scale +
           0x1p-126 * verify_terms(p, keys);
}

static void compare_lse(struct comparison *c, const struct oracle_query *query, int32_t head,
                        double got, double exact, double scale)
{
    struct verdict *verdict = c->verdict;
    double error = fabs(got - exact);
    double ratio = error_ratio(got, exact, unit_of(c, query->keys, scale));
    if (ratio > verdict->lse_ratio)
        verdict->lse_ratio = ratio;
    if (error > verdict->lse_max_abs)
        verdict->lse_max_abs = error;
    if (ratio > VERIFY_LIMIT)
        verdict_refuse(verdict, FAULT_ERROR,
                       "lse is %.9g instead of %.9g (sequence %d, token %ld, head %d)", got, exact,
                       query->seq, (long)query->token, head);
}

static void compare_o(struct comparison *c, const struct oracle_query *query, int32_t head,
                      int32_t dim, double got, double exact, double scale)
{
    struct verdict *verdict = c->verdict;
    double error = fabs(got - exact), relative = error / fabs(exact);
    double ratio = error_ratio(got, exact, unit_of(c, query->keys, scale));
    if (ratio > verdict->ratio) {
        verdict->ratio = ratio;
        verdict->worst = (struct verify_place){query->seq, query->token, head, dim};
    }
    if (ratio > VERIFY_LIMIT)
        verdict_refuse(verdict, FAULT_ERROR,
                       "o is %.9g instead of %.9g, %.3g times the error allowed (sequence %d, "
                       "token %ld, head %d, dim %d)",
                       got, exact, ratio / VERIFY_LIMIT, query->seq, (long)query->token, head, dim);
    if (!(error <= verdict->max_abs))
        verdict->max_abs = error;
    if (exact != 0 && !(relative <= verdict->max_rel))
        verdict->max_rel = relative;
    c->error2 += error * error;
    c->exact2 += exact * exact;
}

static void compare_query(struct comparison *c, int64_t index)
{
    const struct trial *trial = c->trial;
    const struct mla_problem *p = &trial->placed.problem;
    const struct oracle_query *query = &c->oracle->queries[index];
    struct oracle_answer exact = oracle_answer(c->oracle, p, index);
    int64_t token = trial->seqs[query->seq].token + query->token;
    const float *o = (const float *)trial->o.data + token * p->heads * p->v_head_dim;
    const float *lse = (const float *)trial->lse.data + token * p->heads;
    for (int32_t head = 0; head < p->heads; head++) {
        compare_lse(c, query, head, lse[head], exact.lse[head], exact.scale_lse[head]);
        for (int32_t dim = 0; dim < p->v_head_dim; dim++) {
            int64_t i = (int64_t)head * p->v_head_dim + dim;
            compare_o(c, query, head, dim, o[i], exact.o[i], exact.scale_o[i]);
        }
    }
}

/* Also where no exact answer is at hand, an output must have been written, and be finite. */
static void check_written(const struct trial *trial, struct verdict *verdict)
{
    const struct mla_problem *p = &trial->placed.problem;
    const float *o = trial->o.data, *lse = trial->lse.data;
    for (size_t i = 0; i < trial->o.size / sizeof *o; i++)
        if (!isfinite(o[i])) {
            size_t token = i / (size_t)p->heads / (size_t)p->v_head_dim;
            verdict_refuse(verdict, FAULT_ERROR, "o is %g in row %zu of the batch", (double)o[i],
                           token);
        }
    for (size_t i = 0; i < trial->lse.size / sizeof *lse; i++)
        if (isnan(lse[i]) || lse[i] == INFINITY)
            verdict_refuse(verdict, FAULT_ERROR, "lse is %g in row %zu of the batch",
                           (double)lse[i], i / (size_t)p->heads);
}

void verify_compare(const struct trial *trial, const struct oracle *oracle, struct verdict *verdict)
{
    struct comparison c = {.trial = trial, .oracle = oracle, .verdict = verdict};
    verdict->queries = oracle->total;
    verdict->queries_checked = oracle->count;
    for (int64_t i = 0; i < oracle->count; i++)
        compare_query(&c, i);
    double rms_rel = c.exact2 > 0 ? sqrt(c.error2 / c.exact2) : 0;
    if (!(rms_rel <= verdict->rms_rel))
        verdict->rms_rel = rms_rel;
    check_written(trial, verdict);
}

static void count_bytes(const struct trial *trial, struct verdict *verdict)
{
    const struct mla_problem *p = &trial->placed.problem;
    enum mla_kind cached = trial->placed.plan.cached;
    verdict->predicted_per_token = cache_bytes_per_token(p, cached, p->format);
    const struct workload *workload = &trial->inputs->workload;
    int64_t rows = workload->rows - workload_shared_rows(workload, p->page_size);
    verdict->predicted = verdict->predicted_per_token * rows;
    /* What was stored may look like one poison, but not like the other. */
    int64_t touched = (int64_t)(4 * buffer_changed(&trial->cache, trial->way.poison));
    verdict->touched = touched > verdict->touched ? touched : verdict->touched;
}

/* What the kernel would lay out without spare slots, but for those that whole pages take. */
static void count_allocated(const struct inputs *inputs, const struct mla_kernel *kernel,
                            struct verdict *verdict)
{
    struct mla_problem bare = inputs->problem;
    bare.slots = workload_slots_taken(&inputs->workload, bare.page_size);
    struct mla_plan plan = {0};
    if (kernel->plan(&bare, &plan) == 0)
        verdict->allocated = (int64_t)(plan.cache_payload + plan.cache_padding);
}

/* One pass, as far as the kernel goes along. */
static int run_pass(struct trial *trial, const struct oracle *oracle, bool first,
                    struct verdict *verdict, struct mla_error *error)
{
    int code = trial_store(trial, error);
    if (code)
        return code;
    count_bytes(trial, verdict);
    code = verify_cache(trial, verdict, error);
    if (code)
        return code;
    int64_t start = clock_ns();
    code = trial_attend(trial, error);
    if (first)
        verdict->attend_ns = (double)(clock_ns() - start);
    if (code)
        return code;
    if (first)
        verdict->digest = output_digest(trial);
    if (trial->placed.problem.format == MLA_FP32)
        verify_compare(trial, oracle, verdict);
    else
        code = verify_lossy(trial, oracle, verdict, error);
    if (code)
        return code;
    if (trial_check_margins(trial, error))
        verdict_refuse(verdict, FAULT_MARGIN, "%s", error->message);
    return 0;
}

int verify_kernel(const struct inputs *inputs, const struct oracle *oracle,
                  const struct mla_kernel *kernel, int threads, int passes, struct verdict *verdict,
                  struct mla_error *error)
{
    static const struct trial_way ways[VERIFY_PASSES] = {
        {.memory = BUFFER_GUARD_END, .poison = POISON_NAN, .chunk = TRIAL_UNEVEN},
        {.memory = BUFFER_GUARD_START, .poison = POISON_LARGE, .chunk = TRIAL_UNEVEN},
    };
    *verdict = (struct verdict){0};
    count_allocated(inputs, kernel, verdict);
    int code = 0;
    for (int pass = 0; pass < passes && !code && verdict->fault == FAULT_NONE; pass++) {
        struct trial trial;
        struct trial_way way = ways[pass];
        way.threads = threads;
        code = trial_create(inputs, kernel, &way, &trial, error);
        if (!code)
            code = run_pass(&trial, oracle, pass == 0, verdict, error);
        trial_destroy(&trial);
        if (code == MLA_FAILED) { /* the kernel's doing, not ours */
            verdict_refuse(verdict, FAULT_STATUS, "%s", error->message);
            code = 0;
        }
    }
    verdict->passed = code == 0 && verdict->fault == FAULT_NONE;
    return code;
}
