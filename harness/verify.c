/* SPDX-License-Identifier: MIT */
#include "harness/verify.h"

#include "harness/accounting.h"
#include "harness/clock.h"
#include "reference/reference.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double verify_growth(const struct mla_problem *p, int64_t keys)
{
    /* scaling, taking the maximum off, exp (a few ulp), division, rescaling */
    const int softmax = 8;
    return sqrt((double)keys + p->kv_lora_rank + p->qk_nope_head_dim + p->qk_rope_head_dim +
                softmax);
}

/* A kernel under examination: its own problem (slots placed for it) and guarded memory. */
struct examined {
    const struct inputs *inputs;
    const struct mla_kernel *kernel;
    struct mla_problem problem;
    struct mla_plan plan;
    struct mla_seq *seqs;
    struct buffer wkv_b, prepared, cache, workspace, q, rows, o, lse;
    struct mla_memory memory;
    int threads;
};

static const int64_t chunk_lengths[] = {1, 3, 64, 7, 256};
enum { CHUNK_KINDS = sizeof chunk_lengths / sizeof chunk_lengths[0], CHUNK_MAX = 256, SPARE = 3 };

__attribute__((format(printf, 2, 3))) static void refuse(struct verdict *verdict,
                                                         const char *format, ...)
{
    if (verdict->reason[0])
        return; /* the first reason is the one to look at */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->reason, sizeof verdict->reason, format, arguments);
    va_end(arguments);
}

static void copy_guarded(struct buffer *to, const struct buffer *from)
{
    if (from->size) {
        memcpy(to->data, from->data, from->size);
        buffer_read_only(to);
    }
}

/* Plans with the sequences placed as this kernel wants them and spare slots between. */
static int plan(struct examined *x, struct verdict *verdict, struct mla_error *error)
{
    struct workload placed = x->inputs->workload;
    x->problem = x->inputs->problem;
    int status = x->kernel->plan(&x->problem, &x->plan);
    if (status) {
        refuse(verdict, "plan returned %d (%s)", status, strerror(-status));
        return 0;
    }
    verdict->allocated = (int64_t)(x->plan.cache_payload + x->plan.cache_padding);
    x->seqs = malloc(sizeof *x->seqs * (size_t)placed.batch);
    if (!x->seqs)
        return mla_fail(error, MLA_MACHINE, "no memory for %d sequences", placed.batch);
    memcpy(x->seqs, placed.seqs, sizeof *x->seqs * (size_t)placed.batch);
    placed.seqs = x->seqs;
    workload_place(&placed, x->plan.slot_align, SPARE);
    x->problem.slots = placed.slots;
    status = x->kernel->plan(&x->problem, &x->plan);
    if (status)
        refuse(verdict, "plan returned %d (%s)", status, strerror(-status));
    return 0;
}

static int allocate(struct examined *x, struct mla_error *error)
{
    const struct mla_problem *p = &x->problem;
    size_t outputs = (size_t)p->max_tokens * (size_t)p->heads;
    size_t widest =
        (size_t)(x->inputs->width > row_width(p, x->plan.cached) ? x->inputs->width
                                                                 : row_width(p, x->plan.cached));
    const struct {
        struct buffer *buffer;
        size_t size;
        const char *what;
    } wanted[] = {
        {&x->wkv_b, x->inputs->wkv_b.size, "the weights"},
        {&x->prepared, x->plan.prepared, "the prepared weights"},
        {&x->cache, x->plan.cache_payload + x->plan.cache_padding, "the cache"},
        {&x->workspace, x->plan.workspace, "the workspace"},
        {&x->q, x->inputs->q.size, "the queries"},
        {&x->rows, sizeof(float) * widest * CHUNK_MAX, "the rows to store"},
        {&x->o, sizeof(float) * outputs * (size_t)p->v_head_dim, "the outputs"},
        {&x->lse, sizeof(float) * outputs, "the log-sum-exps"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int code = buffer_create(wanted[i].buffer, BUFFER_GUARD_END, wanted[i].size, wanted[i].what,
                                 error);
        if (code)
            return code;
        buffer_poison(wanted[i].buffer, POISON_NAN);
    }
    copy_guarded(&x->wkv_b, &x->inputs->wkv_b);
    copy_guarded(&x->q, &x->inputs->q);
    if (x->problem.kind == MLA_LATENT)
        x->problem.wkv_b = x->wkv_b.data;
    x->memory = (struct mla_memory){x->prepared.data, x->cache.data, x->workspace.data};
    return 0;
}

static void release(struct examined *x)
{
    struct buffer *buffers[] = {&x->wkv_b, &x->prepared, &x->cache, &x->workspace,
                                &x->q,     &x->rows,     &x->o,     &x->lse};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffer_destroy(buffers[i]);
    free(x->seqs);
}

/* Each chunk is handed over at the very end of a guarded buffer. */
static int store_chunk(struct examined *x, const struct mla_seq *seq, int64_t first_row,
                       int64_t position, int64_t count)
{
    int64_t floats = count * x->inputs->width;
    float *rows = (float *)((char *)x->rows.data + x->rows.size) - floats;
    memcpy(rows, (const float *)x->inputs->rows.data + (first_row + position) * x->inputs->width,
           sizeof(float) * (size_t)floats);
    return x->kernel->store(&x->problem, &x->memory, seq, position, count, rows, x->threads);
}

static int store_all(struct examined *x)
{
    for (int32_t i = 0; i < x->inputs->workload.batch; i++) {
        const struct mla_seq *seq = &x->seqs[i];
        int64_t first_row = workload_first_row(&x->inputs->workload, i), position = 0;
        for (int chunk = 0; position < seq->kv_end; chunk++) {
            int64_t count = chunk_lengths[chunk < CHUNK_KINDS ? chunk : CHUNK_KINDS - 1];
            if (count > seq->kv_end - position)
                count = seq->kv_end - position;
            int status = store_chunk(x, seq, first_row, position, count);
            if (status)
                return status;
            position += count;
        }
    }
    return 0;
}

/* What the cache should give back for one row, and the scale of what may differ (0: nothing). */
static void expected_row(const struct examined *x, const float *row, double *expected,
                         double *scale)
{
    const struct mla_problem *p = &x->problem;
    int64_t width = row_width(p, x->plan.cached);
    memset(scale, 0, sizeof *scale * (size_t)width);
    if (x->plan.cached == p->kind) {
        for (int64_t i = 0; i < width; i++)
            expected[i] = row[i];
        return;
    }
    int nope = p->qk_nope_head_dim, rope = p->qk_rope_head_dim, v = p->v_head_dim;
    int rank = p->kv_lora_rank;
    for (int64_t i = 0; i < width; i++) {
        int64_t head = i / (nope + rope + v), at = i % (nope + rope + v);
        if (at >= nope && at < nope + rope) {
            expected[i] = row[rank + at - nope];
            continue;
        }
        int64_t out = head * (nope + v) + (at < nope ? at : at - rope);
        const float *w = p->wkv_b + out * rank;
        expected[i] = 0;
        for (int k = 0; k < rank; k++) {
            expected[i] += (double)w[k] * row[k];
            scale[i] += fabs((double)w[k] * row[k]);
        }
    }
}

/* `load` gives back what was stored: the very numbers, or their expansion within its error. */
static int check_row(struct examined *x, int32_t seq, int64_t position, double *expected,
                     double *scale, struct verdict *verdict)
{
    const struct mla_problem *p = &x->problem;
    int64_t width = row_width(p, x->plan.cached);
    float *got = (float *)((char *)x->rows.data + x->rows.size) - width;
    int status = x->kernel->load(p, &x->memory, &x->seqs[seq], position, 1, got);
    if (status) {
        refuse(verdict, "load returned %d (%s)", status, strerror(-status));
        return status;
    }
    int64_t row = workload_first_row(&x->inputs->workload, seq) + position;
    expected_row(x, (const float *)x->inputs->rows.data + row * x->inputs->width, expected, scale);
    double growth = sqrt(p->kv_lora_rank > 0 ? p->kv_lora_rank : 1);
    for (int64_t i = 0; i < width; i++) {
        double allowed = VERIFY_LIMIT * x->kernel->unit_roundoff * growth * scale[i];
        if (!(fabs(got[i] - expected[i]) <= allowed)) {
            refuse(verdict,
                   "the cache gives back %.9g instead of %.9g (sequence %d, position %ld, "
                   "element %ld)",
                   (double)got[i], expected[i], seq, (long)position, (long)i);
            return 0;
        }
    }
    return 0;
}

static int check_cache(struct examined *x, struct verdict *verdict, struct mla_error *error)
{
    size_t width = (size_t)row_width(&x->problem, x->plan.cached);
    double *expected = malloc(2 * sizeof *expected * width);
    if (!expected)
        return mla_fail(error, MLA_MACHINE, "no memory for a row of %zu elements", width);
    int status = 0;
    for (int32_t i = 0; i < x->inputs->workload.batch && status == 0; i++) {
        int64_t rows = x->seqs[i].kv_end;
        if (rows == 0)
            continue;
        status = check_row(x, i, 0, expected, expected + width, verdict);
        if (status == 0)
            status = check_row(x, i, rows / 2, expected, expected + width, verdict);
        if (status == 0)
            status = check_row(x, i, rows - 1, expected, expected + width, verdict);
    }
    free(expected);
    return 0;
}

/* |got - exact| in units of the allowed error; infinite for what no error can excuse. */
static double error_ratio(double got, double exact, double allowed)
{
    if (got == exact)
        return 0; /* also where both are -inf: the lse of a query with no key */
    double ratio = fabs(got - exact) / allowed;
    return isfinite(got) && isfinite(exact) && !isnan(ratio) ? ratio : INFINITY;
}

struct sums {
    double error2, exact2;
};

static void compare_query(const struct examined *x, const struct oracle *oracle, int64_t index,
                          struct verdict *verdict, struct sums *sums)
{
    const struct mla_problem *p = &x->problem;
    const struct oracle_query *query = &oracle->queries[index];
    struct oracle_answer exact = oracle_answer(oracle, p, index);
    int64_t token = x->seqs[query->seq].token + query->token;
    const float *o = (const float *)x->o.data + token * p->heads * p->v_head_dim;
    const float *lse = (const float *)x->lse.data + token * p->heads;
    double unit = x->kernel->unit_roundoff * verify_growth(p, query->keys);
    for (int32_t head = 0; head < p->heads; head++) {
        double lse_error = fabs(lse[head] - exact.lse[head]);
        double ratio = error_ratio(lse[head], exact.lse[head], unit * exact.rms_lse[head]);
        if (ratio > verdict->lse_ratio)
            verdict->lse_ratio = ratio;
        if (ratio > VERIFY_LIMIT)
            refuse(verdict, "lse is %.9g instead of %.9g (sequence %d, token %ld, head %d)",
                   (double)lse[head], exact.lse[head], query->seq, (long)query->token, head);
        if (lse_error > verdict->lse_max_abs)
            verdict->lse_max_abs = lse_error;
        for (int32_t dim = 0; dim < p->v_head_dim; dim++) {
            int64_t i = (int64_t)head * p->v_head_dim + dim;
            double error = fabs(o[i] - exact.o[i]);
            ratio = error_ratio(o[i], exact.o[i], unit * exact.rms_o[i]);
            if (ratio > verdict->ratio) {
                verdict->ratio = ratio;
                verdict->worst = (struct verify_place){query->seq, query->token, head, dim};
            }
            if (ratio > VERIFY_LIMIT)
                refuse(verdict,
                       "o is %.9g instead of %.9g, %.3g times the error allowed (sequence %d, "
                       "token %ld, head %d, dim %d)",
                       (double)o[i], exact.o[i], ratio, query->seq, (long)query->token, head, dim);
            if (!(error <= verdict->max_abs))
                verdict->max_abs = error;
            double relative = error / fabs(exact.o[i]);
            if (exact.o[i] != 0 && !(relative <= verdict->max_rel))
                verdict->max_rel = relative;
            sums->error2 += error * error;
            sums->exact2 += exact.o[i] * exact.o[i];
        }
    }
}

/* Also where no exact answer is at hand, an output must have been written, and be finite. */
static void check_written(const struct examined *x, struct verdict *verdict)
{
    const float *o = x->o.data, *lse = x->lse.data;
    for (size_t i = 0; i < x->o.size / sizeof *o; i++)
        if (!isfinite(o[i])) {
            size_t token = i / (size_t)x->problem.heads / (size_t)x->problem.v_head_dim;
            refuse(verdict, "o is %g in row %zu of the batch", (double)o[i], token);
        }
    for (size_t i = 0; i < x->lse.size / sizeof *lse; i++)
        if (isnan(lse[i]) || lse[i] == INFINITY)
            refuse(verdict, "lse is %g in row %zu of the batch", (double)lse[i],
                   i / (size_t)x->problem.heads);
}

static void compare(struct examined *x, const struct oracle *oracle, struct verdict *verdict)
{
    struct sums sums = {0};
    verdict->queries = oracle->total;
    verdict->queries_checked = oracle->count;
    for (int64_t i = 0; i < oracle->count; i++)
        compare_query(x, oracle, i, verdict, &sums);
    verdict->rms_rel = sums.exact2 > 0 ? sqrt(sums.error2 / sums.exact2) : 0;
    check_written(x, verdict);
}

static void attend(struct examined *x, struct verdict *verdict)
{
    struct mla_call call = {.seqs = x->seqs,
                            .batch = x->inputs->workload.batch,
                            .threads = x->threads,
                            .q = x->q.data,
                            .o = x->o.data,
                            .lse = x->lse.data};
    buffer_read_only(&x->cache);
    buffer_poison(&x->workspace, POISON_NAN);
    int64_t start = clock_ns();
    int status = x->kernel->attend(&x->problem, &x->memory, &call);
    verdict->attend_ns = (double)(clock_ns() - start);
    if (status)
        refuse(verdict, "attend returned %d (%s)", status, strerror(-status));
}

static int examine(struct examined *x, const struct oracle *oracle, struct verdict *verdict,
                   struct mla_error *error)
{
    int code = plan(x, verdict, error);
    if (code || verdict->reason[0])
        return code;
    code = allocate(x, error);
    if (code)
        return code;
    const struct mla_problem *p = &x->problem;
    int status = x->kernel->prepare ? x->kernel->prepare(p, x->prepared.data, x->threads) : 0;
    if (status)
        refuse(verdict, "prepare returned %d (%s)", status, strerror(-status));
    buffer_read_only(&x->prepared);
    if (!status && (status = store_all(x)))
        refuse(verdict, "store returned %d (%s)", status, strerror(-status));
    if (!status) {
        verdict->predicted_per_token = cache_bytes_per_token(p, x->plan.cached, p->format);
        verdict->predicted = verdict->predicted_per_token * x->inputs->workload.rows;
        verdict->touched = (int64_t)(4 * buffer_changed(&x->cache, POISON_NAN));
        code = check_cache(x, verdict, error);
    }
    if (!status && !code) {
        attend(x, verdict);
        compare(x, oracle, verdict);
    }
    if (x->kernel->release)
        x->kernel->release(p, x->prepared.data);
    return code;
}

int verify_kernel(const struct inputs *inputs, const struct oracle *oracle,
                  const struct mla_kernel *kernel, int threads, struct verdict *verdict,
                  struct mla_error *error)
{
    struct examined x = {.inputs = inputs, .kernel = kernel, .threads = threads};
    *verdict = (struct verdict){0};
    int code = examine(&x, oracle, verdict, error);
    release(&x);
    verdict->passed = code == 0 && !verdict->reason[0];
    return code;
}

/* JSON has no infinity: a figure that is not finite is null, and the reason says what it was. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *verdict_json(const struct verdict *v)
{
    json_t *error = json_pack(
        "{s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:{s:i, s:I, s:i, s:i}, s:I, s:I}", "ratio",
        number(v->ratio), "limit", VERIFY_LIMIT, "lse_ratio", number(v->lse_ratio), "max_abs",
        number(v->max_abs), "max_rel", number(v->max_rel), "rms_rel", number(v->rms_rel),
        "lse_max_abs", number(v->lse_max_abs), "worst", "seq", v->worst.seq, "token",
        (json_int_t)v->worst.token, "head", v->worst.head, "dim", v->worst.dim, "queries_checked",
        (json_int_t)v->queries_checked, "queries", (json_int_t)v->queries);
    json_t *cache =
        json_pack("{s:I, s:I, s:I, s:I}", "predicted", (json_int_t)v->predicted, "allocated",
                  (json_int_t)v->allocated, "touched", (json_int_t)v->touched, "per_token",
                  (json_int_t)v->predicted_per_token);
    return json_pack("{s:b, s:s, s:o, s:o, s:f}", "passed", v->passed, "reason", v->reason, "error",
                     error, "kv_cache", cache, "attend_ns", v->attend_ns);
}
