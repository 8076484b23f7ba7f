/* SPDX-License-Identifier: MIT */
#include "harness/layer_check.h"

#include "harness/problem.h"
#include "harness/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double u = 0x1p-24;

/* A stage under examination, with room for its exact outputs and their scales. */
struct examined {
    const struct layer_trace *trace;
    const struct layer_stage *stage;
    struct ref_layer_dims dims;
    double *x, *exact, *scale; /* [rows][...] */
    int64_t in, out;           /* widths */
    int threads;
    struct stage_error *worst;
};

static void widen(int64_t n, const float *from, double *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = from[i];
}

/* Outputs element, element + 1, ... of a token against exact ones; allowed is unit * scale. */
static void compare(const struct examined *e, int64_t token, int64_t element, int64_t n,
                    const float *got, const double *exact, const double *scale, double unit,
                    const char *array)
{
    for (int64_t i = 0; i < n; i++) {
        if (got[i] == exact[i])
            continue;
        double ratio = fabs(got[i] - exact[i]) / (unit * scale[i]);
        if (!isfinite(got[i]) || isnan(ratio))
            ratio = INFINITY;
        if (ratio > e->worst->ratio)
            *e->worst = (struct stage_error){ratio, got[i], exact[i], token, element + i, array};
    }
}

static const float *input_of(const struct examined *e, int64_t token)
{
    return e->trace->at[e->stage->in] + token * e->in;
}

static const float *output_of(const struct examined *e, int64_t token)
{
    return e->trace->at[e->stage->out] + token * e->out;
}

static void check_linear(const struct examined *e)
{
    int64_t tokens = e->trace->tokens;
    double growth = fmin((double)e->in, 3 * sqrt((double)e->in));
    widen(tokens * e->in, input_of(e, 0), e->x);
    ref_linear(tokens, e->in, e->out, e->stage->weight, e->x, e->exact, e->scale, e->threads);
    for (int64_t t = 0; t < tokens; t++)
        compare(e, t, 0, e->out, output_of(e, t), e->exact + t * e->out, e->scale + t * e->out,
                u * growth, "output");
}

/* Exact outputs of one vector, in place, and their scales; returns what a scale is multiplied by.
 */
static double exact_vector(const struct examined *e, const double *frequencies, int64_t token,
                           double *x, double *scale)
{
    int64_t n = e->stage->vectors.width, rope = e->dims.attention.qk_rope_head_dim;
    memset(scale, 0, sizeof *scale * (size_t)n);
    if (e->stage->op == LAYER_NORM) {
        ref_rmsnorm(n, e->dims.norm_eps, e->stage->gain, e->stage->weight, x, x, scale);
        return u * (sqrt((double)n) / 2 + 6.5);
    }
    if (e->stage->op == LAYER_ROPE && rope > 0)
        ref_rope_rotate(&e->dims.rope, frequencies, (double)(e->trace->rope_offset + token),
                        x + n - rope, scale + n - rope);
    return 3 * u / (1 - 3 * u);
}

static void check_vectors(const struct examined *e)
{
    const struct layer_vectors *v = &e->stage->vectors;
    double *frequencies = e->scale + v->width;
    if (e->dims.attention.qk_rope_head_dim > 0)
        ref_rope_frequencies(&e->dims.rope, frequencies);
    for (int64_t t = 0; t < e->trace->tokens; t++) {
        for (int64_t i = 0; i < v->count; i++) {
            int64_t first = v->out_first + i * v->out_stride;
            widen(v->width, input_of(e, t) + v->in_first + i * v->in_stride, e->exact);
            double unit = exact_vector(e, frequencies, t, e->exact, e->scale);
            compare(e, t, first, v->width, output_of(e, t) + first, e->exact, e->scale, unit,
                    "output");
        }
    }
}

static int check_attention(const struct examined *e)
{
    const struct layer_trace *trace = e->trace;
    struct ref_dims dims = e->dims.attention;
    dims.scale = trace->problem.scale; /* as the kernel got it, rounded to fp32 */
    struct ref_output exact = {
        .o = e->exact, .lse = e->exact + e->out, .rms_o = e->scale, .rms_lse = e->scale + e->out};
    for (int64_t t = 0; t < trace->tokens; t++) {
        struct ref_rows rows = {.f32 = trace->at[LAYER_ROWS], .count = trace->keys[t]};
        double unit = VERIFY_LIMIT * trace->kernel->unit_roundoff *
                      verify_growth(&trace->problem, INPUT_RANDOM, trace->kernel->unit_roundoff,
                                    trace->keys[t]);
        widen(e->in, input_of(e, t), e->x);
        int status = e->dims.kind == REF_LAYER_MHA
                         ? ref_attend_kv(&dims, e->x, &rows, NULL, &exact, e->threads)
                         : ref_attend_latent(REF_ABSORBED, &dims, trace->problem.wkv_b, e->x, &rows,
                                             NULL, &exact, e->threads);
        if (status)
            return status;
        compare(e, t, 0, e->out, output_of(e, t), exact.o, exact.rms_o, unit, "o");
        compare(e, t, 0, dims.heads, trace->at[LAYER_LSE] + t * dims.heads, exact.lse,
                exact.rms_lse, unit, "lse");
    }
    return 0;
}

int layer_check_stage(const struct layer_trace *trace, const struct layer_stage *stage, int threads,
                      struct stage_error *worst, struct mla_error *error)
{
    struct examined e = {.trace = trace,
                         .stage = stage,
                         .in = trace->plan.width[stage->in],
                         .out = trace->plan.width[stage->out],
                         .threads = threads,
                         .worst = worst};
    model_ref_layer_dims(trace->model, &e.dims);
    int64_t rows = stage->op == LAYER_LINEAR ? trace->tokens : 1;
    /* Beside the outputs: lse, or RoPE's frequencies. */
    int64_t outputs = rows * e.out + e.dims.attention.heads + e.dims.attention.qk_rope_head_dim / 2;
    *worst = (struct stage_error){.array = "output"};
    e.x = malloc(sizeof *e.x * (size_t)(rows * e.in + 2 * outputs));
    if (!e.x)
        return mla_fail(error, MLA_MACHINE, "no memory to verify stage %s of %s", stage->name,
                        trace->model->name);
    e.exact = e.x + rows * e.in;
    e.scale = e.exact + outputs;
    int status = 0;
    if (stage->op == LAYER_LINEAR)
        check_linear(&e);
    else if (stage->op == LAYER_ATTEND)
        status = check_attention(&e);
    else
        check_vectors(&e);
    free(e.x);
    return status ? mla_fail(error, MLA_MACHINE, "no memory to verify the attention of %s",
                             trace->model->name)
                  : 0;
}
