/* SPDX-License-Identifier: MIT */
#include "harness/layer_verify.h"

#include "harness/layer_check.h"
#include "harness/problem.h"
#include "harness/weights.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct layer_run {
    const char *name;
    struct layer_chunks chunks; /* the boundary is set later */
    bool far;                   /* at positions that end at max_position_embeddings */
} runs[] = {
    {"at once", {{LAYER_ALL}, 1, 0}, false},
    {"one by one", {{1}, 1, 0}, false},
    {"in twos", {{2}, 1, 0}, false},
    {"in threes", {{3}, 1, 0}, false},
    {"at the last positions", {{LAYER_ALL}, 1, 0}, true},
};
enum { RUNS = sizeof runs / sizeof runs[0] };

/* `what` failed first: a stage, or another of the checks. */
__attribute__((format(printf, 3, 4))) static void refuse(struct layer_verdict *verdict,
                                                         const char *what, const char *format, ...)
{
    if (verdict->reason[0])
        return;
    verdict->failed = what;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->reason, sizeof verdict->reason, format, arguments);
    va_end(arguments);
}

static bool same_array(const struct layer_trace *a, const struct layer_trace *b,
                       enum layer_array array)
{
    return memcmp(a->at[array], b->at[array],
                  sizeof(float) * (size_t)(a->tokens * a->plan.width[array])) == 0;
}

/* Whether the stage computed the same from the same as one that has been verified. */
static bool same_stage(const struct layer_trace *trace, const struct layer_trace *known,
                       const struct layer_stage *stage)
{
    if (!same_array(trace, known, stage->in) || !same_array(trace, known, stage->out))
        return false;
    if (stage->op == LAYER_ROPE)
        return trace->rope_offset == known->rope_offset;
    if (stage->op != LAYER_ATTEND)
        return true;
    return same_array(trace, known, LAYER_ROWS) && same_array(trace, known, LAYER_LSE) &&
           memcmp(trace->keys, known->keys, sizeof *trace->keys * (size_t)trace->tokens) == 0;
}

int layer_verify_stages(const struct layer_trace *trace, const struct layer_trace *known,
                        const char *run, int threads, struct layer_verdict *verdict,
                        struct mla_error *error)
{
    verdict->count = trace->plan.count;
    for (int i = 0; i < trace->plan.count; i++) {
        const struct layer_stage *stage = &trace->plan.stages[i];
        struct layer_check *check = &verdict->checks[i];
        check->stage = stage->name;
        check->limit = LAYER_LIMIT;
        if (known && same_stage(trace, known, stage))
            continue;
        struct stage_error worst;
        int code = layer_check_stage(trace, stage, threads, &worst, error);
        if (code)
            return code;
        if (worst.ratio > check->ratio)
            check->ratio = worst.ratio;
        if (check->ratio > verdict->checks[verdict->worst].ratio)
            verdict->worst = i;
        if (!(worst.ratio <= LAYER_LIMIT))
            refuse(verdict, stage->name,
                   "stage %s, tokens %s: %s is %.9g instead of %.9g, %.3g times the error allowed "
                   "(token %ld, element %ld)",
                   stage->name, run, worst.array, worst.got, worst.exact, worst.ratio,
                   (long)worst.token, (long)worst.element);
    }
    return 0;
}

/* How far one array is from another. */
struct difference {
    double max_abs;
    double errors2, squares2; /* sums of squares: of the errors, of what was expected */
};

static void add_difference(struct difference *d, double got, double expected)
{
    double error = fabs(got - expected);
    d->max_abs = isfinite(error) ? fmax(d->max_abs, error) : INFINITY;
    d->errors2 += error * error;
    d->squares2 += expected * expected;
}

/* Infinite where something was not finite. */
static double rms_rel(const struct difference *d)
{
    double ratio = d->errors2 == 0 ? 0 : sqrt(d->errors2 / d->squares2);
    return isfinite(ratio) ? ratio : INFINITY;
}

void layer_verify_y(const struct layer_trace *trace, const double *exact, const char *run,
                    struct layer_verdict *verdict)
{
    struct difference d = {0};
    for (int64_t i = 0; i < trace->tokens * trace->plan.width[LAYER_Y]; i++)
        add_difference(&d, trace->at[LAYER_Y][i], exact[i]);
    verdict->max_abs = fmax(verdict->max_abs, d.max_abs);
    verdict->rms_rel = fmax(verdict->rms_rel, rms_rel(&d));
    if (!(rms_rel(&d) <= LAYER_OBSERVED_LIMIT))
        refuse(verdict, "y",
               "y, tokens %s: RMS error %.3g of its RMS against the reference's layer", run,
               rms_rel(&d));
}

void layer_verify_chunks(const struct layer_trace *first, const struct layer_trace *other,
                         const char *run, struct layer_verdict *verdict)
{
    struct difference d = {0};
    for (int64_t i = 0; i < first->tokens * first->plan.width[LAYER_Y]; i++)
        add_difference(&d, other->at[LAYER_Y][i], first->at[LAYER_Y][i]);
    verdict->chunks_max_abs = fmax(verdict->chunks_max_abs, d.max_abs);
    verdict->chunks_rms_rel = fmax(verdict->chunks_rms_rel, rms_rel(&d));
    if (!(rms_rel(&d) <= LAYER_OBSERVED_LIMIT))
        refuse(verdict, "chunks", "y, tokens %s: differs from y at once by %.3g of its RMS", run,
               rms_rel(&d));
}

/* What layer_verify works on. */
struct work {
    const struct model *model;
    const struct mla_kernel *kernel;
    const struct ref_layer_weights *weights;
    const struct given *given; /* or NULL */
    struct ref_layer_dims dims;
    struct layer_trace first, other; /* the first run, and the one at hand */
    int64_t boundary;
    double *x, *rows, *y; /* the reference's whole layer */
    int threads;
    struct layer_verdict *verdict;
};

/* y by the reference, in the calls of a run: what a layer that is not causal sees depends on them.
 * A causal layer's calls are all one. */
static int exact_y(struct work *w, const struct layer_trace *trace, struct mla_error *error)
{
    int status = 0;
    for (int64_t first = 0, end; first < trace->tokens && status == 0; first = end) {
        end = w->dims.causal ? trace->tokens : trace->keys[first];
        status =
            ref_layer(&w->dims, w->weights, first, end - first, w->x + first * w->dims.hidden_size,
                      w->rows, w->y + first * w->dims.output_size, REF_ABSORBED, w->threads);
    }
    return status ? mla_fail(error, MLA_MACHINE, "no memory for the reference's layer of %s",
                             w->model->name)
                  : 0;
}

/* The first run's queries and rows in other chunks, for a kernel that promises the same bits. */
static int check_bits(struct work *w, const struct layer_run *run, struct mla_error *error)
{
    const uint32_t promised = MLA_SAME_FOR_QUERIES | MLA_SAME_FOR_CHUNKS;
    if ((w->kernel->invariances & promised) != promised)
        return 0;
    struct layer_chunks chunks = run->chunks;
    chunks.boundary = w->boundary;
    for (int i = 0; i < 2; i++) {
        enum layer_array array = i ? LAYER_ROWS : LAYER_Q;
        memcpy(w->other.at[array], w->first.at[array],
               sizeof(float) * (size_t)(w->first.tokens * w->first.plan.width[array]));
    }
    int code = layer_trace_attend(&w->other, w->weights, w->kernel, &chunks, w->threads, error);
    if (code)
        return code;
    w->verdict->same_bits_checked = true;
    if (!same_array(&w->first, &w->other, LAYER_O) || !same_array(&w->first, &w->other, LAYER_LSE))
        refuse(w->verdict, "bits",
               "attention, tokens %s: o or lse have other bits than at once from the same queries "
               "and rows, which the kernel promises not to happen",
               run->name);
    return 0;
}

/* The first run's y and the reference's against what somebody else has. */
static void check_expected(struct work *w)
{
    const struct given *given = w->given;
    struct layer_verdict *verdict = w->verdict;
    struct difference own = {0}, reference = {0};
    const double *expect = given->expect.data;
    int64_t tokens = given->expected < w->first.tokens ? given->expected : w->first.tokens;
    for (int64_t i = 0; i < tokens * w->dims.output_size; i++) {
        add_difference(&own, w->first.at[LAYER_Y][i], expect[i]);
        add_difference(&reference, w->y[i], expect[i]);
    }
    verdict->expected.tokens = tokens;
    verdict->expected.limit = given->expect_limit;
    verdict->expected.max_abs = own.max_abs;
    verdict->expected.rms_rel = rms_rel(&own);
    verdict->expected.reference_max_abs = reference.max_abs;
    verdict->expected.reference_rms_rel = rms_rel(&reference);
    if (!(rms_rel(&reference) <= given->expect_limit) || !(rms_rel(&own) <= given->expect_limit))
        refuse(verdict, "expected",
               "y differs from what is expected by %.3g of its RMS, that of the reference by %.3g, "
               "accepted: %.3g; x has to be what self_attn is called with, y what it returns",
               rms_rel(&own), rms_rel(&reference), given->expect_limit);
}

static int verify_run(struct work *w, int index, struct mla_error *error)
{
    const struct layer_run *run = &runs[index];
    struct layer_trace *trace = index ? &w->other : &w->first;
    struct layer_chunks chunks = run->chunks;
    chunks.boundary = w->boundary;
    int64_t offset = run->far ? w->model->max_position_embeddings - trace->tokens : 0;
    if (run->far && (offset <= 0 || w->model->qk_rope_head_dim == 0))
        return 0;
    int code = layer_trace_run(trace, w->weights, w->kernel, &chunks, offset, w->threads, error);
    if (code == 0)
        code = layer_verify_stages(trace, index ? &w->first : NULL, run->name, w->threads,
                                   w->verdict, error);
    if (code == 0 && (index == 0 || !w->dims.causal))
        code = exact_y(w, trace, error);
    if (code)
        return code;
    w->verdict->runs++;
    if (index == 0 && w->given && w->given->expected > 0)
        check_expected(w);
    layer_verify_y(trace, w->y, run->name, w->verdict);
    if (index == 0 || run->far || !w->dims.causal)
        return 0;
    layer_verify_chunks(&w->first, trace, run->name, w->verdict);
    return check_bits(w, run, error);
}

static int set_up(struct work *w, uint64_t seed, int64_t tokens, struct mla_error *error)
{
    int code = layer_trace_create(w->model, w->weights, tokens, &w->first, error);
    if (code == 0)
        code = layer_trace_create(w->model, w->weights, tokens, &w->other, error);
    if (code)
        return code;
    int64_t hidden = w->dims.hidden_size;
    int64_t per_token = hidden + ref_layer_row_width(&w->dims) + w->dims.output_size;
    w->x = malloc(sizeof *w->x * (size_t)(tokens * per_token));
    if (!w->x)
        return mla_fail(error, MLA_MACHINE, "no memory for the reference's layer of %s",
                        w->model->name);
    w->rows = w->x + tokens * hidden;
    w->y = w->rows + tokens * ref_layer_row_width(&w->dims);
    if (w->given)
        given_hidden(w->given, seed, 0, tokens, w->first.at[LAYER_X]);
    else
        hidden_states(w->model, seed, 0, tokens, w->first.at[LAYER_X]);
    memcpy(w->other.at[LAYER_X], w->first.at[LAYER_X], sizeof(float) * (size_t)(tokens * hidden));
    for (int64_t i = 0; i < tokens * hidden; i++)
        w->x[i] = w->first.at[LAYER_X][i];
    return 0;
}

int layer_verify(const struct model *model, const struct given *given,
                 const struct mla_kernel *kernel, int64_t cached, int64_t new_tokens, uint64_t seed,
                 int threads, struct layer_verdict *verdict, struct mla_error *error)
{
    struct layer_weights weights = {0};
    struct work w = {.model = model,
                     .given = given,
                     .kernel = kernel,
                     .boundary = cached,
                     .threads = threads,
                     .verdict = verdict};
    *verdict = (struct layer_verdict){.tokens = cached + new_tokens};
    int code = given ? 0 : weights_create(model, seed, threads, &weights, error);
    if (code)
        return code;
    w.weights = given ? &given->checkpoint.weights.named : &weights.named;
    model_ref_layer_dims(model, &w.dims);
    code = set_up(&w, seed, cached + new_tokens, error);
    for (int i = 0; i < RUNS && code == 0; i++)
        code = verify_run(&w, i, error);
    if (code == MLA_FAILED) {
        refuse(verdict, "status", "%s", error->message);
        code = 0;
    }
    free(w.x);
    layer_trace_destroy(&w.first);
    layer_trace_destroy(&w.other);
    weights_destroy(&weights);
    verdict->passed = code == 0 && !verdict->reason[0];
    return code;
}

/* JSON has no infinity: null then, and the reason says what it was. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *layer_verdict_json(const struct layer_verdict *v)
{
    json_t *stages = json_object();
    for (int i = 0; i < v->count; i++)
        json_object_set_new(stages, v->checks[i].stage,
                            json_pack("{s:o, s:f}", "ratio", number(v->checks[i].ratio), "limit",
                                      v->checks[i].limit));
    json_t *y = json_pack("{s:o, s:o, s:f}", "max_abs", number(v->max_abs), "rms_rel",
                          number(v->rms_rel), "limit", LAYER_OBSERVED_LIMIT);
    json_t *chunks = json_pack("{s:o, s:o, s:f}", "max_abs", number(v->chunks_max_abs), "rms_rel",
                               number(v->chunks_rms_rel), "limit", LAYER_OBSERVED_LIMIT);
    json_t *verdict = json_pack(
        "{s:b, s:s, s:s, s:o, s:s, s:o, s:o, s:I, s:i, s:b}", "passed", v->passed, "reason",
        v->reason, "failed", v->failed ? v->failed : "", "stages", stages, "worst",
        v->count ? v->checks[v->worst].stage : "", "y", y, "chunks", chunks, "tokens",
        (json_int_t)v->tokens, "runs", v->runs, "same_bits_checked", v->same_bits_checked);
    if (v->expected.tokens > 0)
        json_object_set_new(
            verdict, "expected",
            json_pack("{s:I, s:o, s:o, s:o, s:o, s:f}", "tokens", (json_int_t)v->expected.tokens,
                      "max_abs", number(v->expected.max_abs), "rms_rel",
                      number(v->expected.rms_rel), "reference_max_abs",
                      number(v->expected.reference_max_abs), "reference_rms_rel",
                      number(v->expected.reference_rms_rel), "limit", v->expected.limit));
    return verdict;
}
