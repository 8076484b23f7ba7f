/* SPDX-License-Identifier: MIT
 *
 * The reference's attention: MHA, GQA, MQA and MLA in both orders, with their error scales. */
#include "harness/random.h"
#include "reference/reference.h"
#include "tests/mpfr_attention.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MPFR_TOLERANCE  1e-14
#define SCALE_TOLERANCE 1e-12
#define ORDER_TOLERANCE 1e-12

enum form { KV, EXPANDED, ABSORBED };
static const char *const form_names[] = {"kv", "expanded", "absorbed"};

/* Inputs of one query, made so that scores have a standard deviation of about `score_sd`. */
struct inputs {
    struct ref_dims dims;
    int64_t count, width;
    double *q, *sinks, *rows64;
    float *wkv_b, *rows;
};

static void *allocate(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);
    cr_assert(memory != NULL, "no memory");
    return memory;
}

static double *wide_normal(uint32_t stream, int64_t count, double sd)
{
    float *narrow = allocate(count, sizeof *narrow);
    double *wide = allocate(count, sizeof *wide);
    random_normal(7, stream, 0, count, sd, narrow);
    for (int64_t i = 0; i < count; i++)
        wide[i] = narrow[i];
    free(narrow);
    return wide;
}

static struct inputs make_inputs(enum form form, struct ref_dims dims, int64_t count,
                                 double score_sd)
{
    int64_t qk = dims.qk_nope_head_dim + dims.qk_rope_head_dim;
    struct inputs in = {.dims = dims, .count = count};
    in.dims.scale = 1 / sqrt((double)qk);
    in.width = form == KV ? dims.heads_kv * (qk + dims.v_head_dim)
                          : dims.kv_lora_rank + dims.qk_rope_head_dim;
    in.q = wide_normal(1, dims.heads * qk, score_sd);
    in.sinks = wide_normal(2, dims.heads, 2);
    in.rows = allocate(count * in.width, sizeof *in.rows);
    random_normal(7, 3, 0, count * in.width, 1, in.rows);
    in.rows64 = allocate(count * in.width, sizeof *in.rows64);
    for (int64_t i = 0; i < count * in.width; i++)
        in.rows64[i] = in.rows[i];
    int64_t weights = dims.heads * (dims.qk_nope_head_dim + dims.v_head_dim) * dims.kv_lora_rank;
    in.wkv_b = allocate(weights, sizeof *in.wkv_b);
    if (weights)
        random_normal(7, 4, 0, weights, 1 / sqrt((double)dims.kv_lora_rank), in.wkv_b);
    return in;
}

static void free_inputs(struct inputs *in)
{
    free(in->q);
    free(in->sinks);
    free(in->rows);
    free(in->rows64);
    free(in->wkv_b);
}

static struct ref_output make_output(const struct ref_dims *dims)
{
    int64_t heads = dims->heads;
    return (struct ref_output){
        .o = allocate(heads * dims->v_head_dim, sizeof(double)),
        .lse = allocate(heads, sizeof(double)),
        .scale_o = allocate(heads * dims->v_head_dim, sizeof(double)),
        .scale_lse = allocate(heads, sizeof(double)),
        .rms_o = allocate(heads * dims->v_head_dim, sizeof(double)),
        .rms_lse = allocate(heads, sizeof(double)),
    };
}

static void free_output(struct ref_output *out)
{
    free(out->o);
    free(out->lse);
    free(out->scale_o);
    free(out->scale_lse);
    free(out->rms_o);
    free(out->rms_lse);
}

static void attend_rows(enum form form, const struct inputs *in, const struct ref_rows *rows,
                        const double *sinks, const struct ref_output *out, int threads)
{
    int error;
    if (form == KV)
        error = ref_attend_kv(&in->dims, in->q, rows, sinks, out, threads);
    else
        error = ref_attend_latent(form == EXPANDED ? REF_EXPANDED : REF_ABSORBED, &in->dims,
                                  in->wkv_b, in->q, rows, sinks, out, threads);
    cr_assert(error == 0, "error %d", error);
}

static struct ref_output attend(enum form form, const struct inputs *in, const double *sinks)
{
    struct ref_output out = make_output(&in->dims);
    struct ref_rows rows = {.f32 = in->rows, .count = in->count};
    attend_rows(form, in, &rows, sinks, &out, 1);
    return out;
}

/* max |a - b| / scale; infinite with NaN. */
static double distance(int64_t count, const double *a, const double *b, const double *scale)
{
    double max = 0;
    for (int64_t i = 0; i < count; i++) {
        double ratio = fabs(a[i] - b[i]) / scale[i];
        max = fmax(max, isnan(ratio) ? INFINITY : ratio);
    }
    return max;
}

struct shape {
    enum form form;
    struct ref_dims dims; /* heads, heads_kv, nope, rope, v, kv_lora_rank, scale */
    int64_t count;
};

/* Counts about a strip of 8 and a block of 128 keys, heads about a block of 16. */
static const struct shape shapes[] = {
    {KV, {1, 1, 3, 0, 1, 0, 0}, 1},          {KV, {3, 3, 5, 2, 7, 0, 0}, 13},
    {KV, {4, 2, 8, 4, 8, 0, 0}, 131},        {KV, {20, 1, 7, 2, 9, 0, 0}, 17},
    {KV, {6, 3, 0, 8, 16, 0, 0}, 128},       {ABSORBED, {1, 1, 1, 2, 1, 1, 0}, 1},
    {ABSORBED, {3, 3, 5, 2, 7, 11, 0}, 8},   {ABSORBED, {18, 18, 4, 2, 3, 8, 0}, 9},
    {ABSORBED, {2, 2, 8, 4, 8, 16, 0}, 131}, {ABSORBED, {2, 2, 8, 0, 17, 9, 0}, 40},
    {ABSORBED, {2, 2, 0, 8, 5, 9, 0}, 7},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void compare_with_mpfr(enum form form, const struct inputs *in, const double *sinks,
                              const char *what)
{
    struct exact *q = exact_numbers(
        in->dims.heads * (in->dims.qk_nope_head_dim + in->dims.qk_rope_head_dim), in->q);
    struct exact *rows = exact_numbers(in->count * in->width, in->rows64);
    if (form != KV) {
        struct exact *latent = rows;
        rows = exact_expand(&in->dims, in->wkv_b, in->count, latent);
        exact_free(latent);
    }
    struct exact *o = exact_zeros(in->dims.heads * in->dims.v_head_dim);
    struct exact *lse = exact_zeros(in->dims.heads);
    exact_attend(&in->dims, q, 0, in->count, rows, sinks, o, 0, lse);
    struct ref_output out = attend(form, in, sinks);
    /* The scales themselves feel a rounded score as o does: to about a_j round-offs. */
    const struct {
        const char *name;
        double error, tolerance;
    } checks[] = {
        {"o", exact_error(o, out.o), MPFR_TOLERANCE},
        {"lse", exact_error(lse, out.lse), MPFR_TOLERANCE},
        {"scale_o", exact_magnitude_error(o, out.scale_o), SCALE_TOLERANCE},
        {"scale_lse", exact_magnitude_error(lse, out.scale_lse), SCALE_TOLERANCE},
        {"rms_o", exact_root_error(o, out.rms_o), SCALE_TOLERANCE},
        {"rms_lse", exact_root_error(lse, out.rms_lse), SCALE_TOLERANCE},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        cr_assert(checks[i].error <= checks[i].tolerance, "%s, %s: %s off by %g", what,
                  form_names[form], checks[i].name, checks[i].error);
    free_output(&out);
    exact_free(q);
    exact_free(rows);
    exact_free(o);
    exact_free(lse);
}

Test(reference_attend, equals_mpfr)
{
    for (int i = 0; i < SHAPES; i++) {
        struct inputs in = make_inputs(shapes[i].form, shapes[i].dims, shapes[i].count, 2);
        for (int sinks = 0; sinks < 2; sinks++) {
            char what[32];
            snprintf(what, sizeof what, "shape %d%s", i, sinks ? " with sinks" : "");
            compare_with_mpfr(shapes[i].form, &in, sinks ? in.sinks : NULL, what);
            if (shapes[i].form == ABSORBED)
                compare_with_mpfr(EXPANDED, &in, sinks ? in.sinks : NULL, what);
        }
        free_inputs(&in);
    }
}

/* Scores of 1e5 and more: exp of them overflows, and their differences carry large round-offs. */
Test(reference_attend, equals_mpfr_with_huge_scores)
{
    static const int chosen[] = {1, 2, 6, 8};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
        const struct shape *shape = &shapes[chosen[i]];
        struct inputs in = make_inputs(shape->form, shape->dims, shape->count, 1e5);
        struct ref_output out = attend(shape->form, &in, NULL);
        double largest = 0;
        for (int32_t h = 0; h < shape->dims.heads; h++)
            largest = fmax(largest, fabs(out.lse[h]));
        cr_assert(largest > 5e4, "scores too small to show anything: lse %g", largest);
        free_output(&out);
        compare_with_mpfr(shape->form, &in, NULL, "huge");
        if (shape->form == ABSORBED)
            compare_with_mpfr(EXPANDED, &in, NULL, "huge");
        free_inputs(&in);
    }
}

Test(reference_attend, orders_agree)
{
    static const struct shape orders[] = {
        {ABSORBED, {1, 1, 3, 1, 5, 7, 0}, 300},
        {ABSORBED, {20, 20, 192, 64, 256, 512, 0}, 9},
        {ABSORBED, {40, 40, 64, 32, 64, 256, 0}, 33},
        {ABSORBED, {128, 128, 128, 64, 128, 512, 0}, 11},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const struct ref_dims *dims = &orders[i].dims;
        struct inputs in = make_inputs(ABSORBED, *dims, orders[i].count, 2);
        struct ref_output absorbed = attend(ABSORBED, &in, in.sinks);
        struct ref_output expanded = attend(EXPANDED, &in, in.sinks);
        int64_t n = dims->heads * dims->v_head_dim;
        double error_o = distance(n, absorbed.o, expanded.o, absorbed.scale_o);
        double error_lse = distance(dims->heads, absorbed.lse, expanded.lse, absorbed.scale_lse);
        cr_assert(error_o <= ORDER_TOLERANCE, "shape %zu: o %g of its scale apart", i, error_o);
        cr_assert(error_lse <= ORDER_TOLERANCE, "shape %zu: lse %g apart", i, error_lse);
        cr_assert(memcmp(absorbed.o, expanded.o, (size_t)n * sizeof(double)) != 0,
                  "shape %zu: the orders are not computed apart", i);
        free_output(&absorbed);
        free_output(&expanded);
        free_inputs(&in);
    }
}

static void assert_same(const struct ref_dims *dims, const struct ref_output *a,
                        const struct ref_output *b, const char *what)
{
    size_t heads = (size_t)dims->heads * sizeof(double), o = heads * (size_t)dims->v_head_dim;
    cr_assert(memcmp(a->o, b->o, o) == 0, "%s: o differs", what);
    cr_assert(memcmp(a->lse, b->lse, heads) == 0, "%s: lse differs", what);
    cr_assert(memcmp(a->scale_o, b->scale_o, o) == 0, "%s: scale_o differs", what);
    cr_assert(memcmp(a->scale_lse, b->scale_lse, heads) == 0, "%s: scale_lse differs", what);
    cr_assert(memcmp(a->rms_o, b->rms_o, o) == 0, "%s: rms_o differs", what);
    cr_assert(memcmp(a->rms_lse, b->rms_lse, heads) == 0, "%s: rms_lse differs", what);
}

static enum form form_of(const struct shape *shape, int order)
{
    return shape->form == KV ? KV : order ? EXPANDED : ABSORBED;
}

Test(reference_attend, threads_keep_every_bit)
{
    static const int threads[] = {2, 3, 5, 16, 33};
    /* Long enough for threads to overlap, so that shared scratch memory would show. */
    static const struct shape long_shapes[] = {{KV, {12, 4, 16, 8, 16, 0, 0}, 3000},
                                               {ABSORBED, {12, 12, 16, 8, 16, 32, 0}, 1000}};
    for (int i = 0; i < 2 * SHAPES + 4; i++) {
        const struct shape *shape = i < 4 ? &long_shapes[i / 2] : &shapes[i / 2 - 2];
        enum form form = form_of(shape, i % 2);
        struct inputs in = make_inputs(form, shape->dims, shape->count, 2);
        struct ref_output alone = attend(form, &in, NULL), out = make_output(&in.dims);
        struct ref_rows rows = {.f32 = in.rows, .count = in.count};
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            attend_rows(form, &in, &rows, NULL, &out, threads[t]);
            assert_same(&in.dims, &alone, &out, form_names[form]);
        }
        free_output(&alone);
        free_output(&out);
        free_inputs(&in);
    }
}

/* Gathered rows, and rows in double, are those rows. */
Test(reference_attend, index_and_double_rows)
{
    for (int i = 0; i < 2 * SHAPES; i++) {
        const struct shape *shape = &shapes[i / 2];
        enum form form = form_of(shape, i % 2);
        struct inputs in = make_inputs(form, shape->dims, shape->count, 2);
        struct ref_output plain = attend(form, &in, NULL), out = make_output(&in.dims);
        struct ref_rows wide = {.f64 = in.rows64, .count = in.count};
        attend_rows(form, &in, &wide, NULL, &out, 1);
        assert_same(&in.dims, &plain, &out, "double rows");

        int64_t *index = allocate(in.count, sizeof *index);
        float *scattered = allocate(2 * in.count * in.width, sizeof *scattered);
        for (int64_t j = 0; j < 2 * in.count * in.width; j++)
            scattered[j] = NAN;
        for (int64_t j = 0; j < in.count; j++) {
            index[j] = 2 * (in.count - 1 - j);
            memcpy(scattered + index[j] * in.width, in.rows + j * in.width,
                   (size_t)in.width * sizeof *scattered);
        }
        struct ref_rows gathered = {.f32 = scattered, .index = index, .count = in.count};
        attend_rows(form, &in, &gathered, NULL, &out, 1);
        assert_same(&in.dims, &plain, &out, "gathered rows");
        free(index);
        free(scattered);
        free_output(&plain);
        free_output(&out);
        free_inputs(&in);
    }
}

/* o = v and lse = s, computed here by hand. */
Test(reference_attend, single_key)
{
    struct ref_dims dims = {3, 3, 5, 2, 7, 11, 0};
    struct inputs in = make_inputs(ABSORBED, dims, 1, 2);
    for (enum form form = EXPANDED; form <= ABSORBED; form++) {
        struct ref_output out = attend(form, &in, NULL);
        for (int64_t h = 0; h < 3; h++) {
            double score = 0;
            for (int64_t d = 0; d < 12; d++) {
                const float *w = in.wkv_b + (h * 12 + d) * 11;
                double dot = 0;
                for (int64_t i = 0; i < 11; i++)
                    dot += w[i] * in.rows64[i];
                if (d < 5)
                    score += in.q[h * 7 + d] * dot;
                else
                    cr_assert(fabs(out.o[h * 7 + d - 5] - dot) <= 1e-14, "o is not v");
            }
            for (int64_t i = 0; i < 2; i++)
                score += in.q[h * 7 + 5 + i] * in.rows64[11 + i];
            score *= in.dims.scale;
            cr_assert(fabs(out.lse[h] - score) <= 1e-14 * out.scale_lse[h], "lse is not s");
        }
        free_output(&out);
    }
    free_inputs(&in);

    struct inputs kv = make_inputs(KV, (struct ref_dims){4, 2, 3, 2, 6, 0, 0}, 1, 2);
    struct ref_output out = attend(KV, &kv, NULL);
    for (int64_t h = 0; h < 4; h++) {
        for (int64_t d = 0; d < 6; d++)
            cr_assert(out.o[h * 6 + d] == kv.rows[h / 2 * 11 + 5 + d], "o is not v");
    }
    free_output(&out);
    free_inputs(&kv);
}

Test(reference_attend, no_key)
{
    for (int i = 0; i < 2 * SHAPES; i++) {
        const struct shape *shape = &shapes[i / 2];
        enum form form = form_of(shape, i % 2);
        struct inputs in = make_inputs(form, shape->dims, 0, 2);
        for (int sinks = 0; sinks < 2; sinks++) {
            struct ref_output out = make_output(&in.dims);
            memset(out.o, 0xff, (size_t)(in.dims.heads * in.dims.v_head_dim) * sizeof(double));
            memset(out.scale_o, 0xff,
                   (size_t)(in.dims.heads * in.dims.v_head_dim) * sizeof(double));
            struct ref_rows none = {.f32 = NULL};
            attend_rows(form, &in, &none, sinks ? in.sinks : NULL, &out, 1);
            for (int64_t d = 0; d < in.dims.heads * in.dims.v_head_dim; d++)
                cr_assert(out.o[d] == 0 && out.scale_o[d] == 0 && out.rms_o[d] == 0,
                          "o %g, scales %g, %g", out.o[d], out.scale_o[d], out.rms_o[d]);
            for (int64_t h = 0; h < in.dims.heads; h++) {
                cr_assert(out.lse[h] == (sinks ? in.sinks[h] : -INFINITY), "lse %g", out.lse[h]);
                cr_assert(out.scale_lse[h] == 1 && out.rms_lse[h] == 1, "scales of lse %g, %g",
                          out.scale_lse[h], out.rms_lse[h]);
            }
            free_output(&out);
        }
        free_inputs(&in);
    }
}

/* A sink of -inf is none; one that dwarfs the scores leaves o nothing. */
Test(reference_attend, extreme_sinks)
{
    static const double nothing[3] = {-INFINITY, -INFINITY, -INFINITY}, all[3] = {1e4, 1e4, 1e4};
    for (enum form form = KV; form <= ABSORBED; form++) {
        struct inputs in = make_inputs(form, (struct ref_dims){3, 3, 5, 2, 7, 11, 0}, 13, 2);
        struct ref_output plain = attend(form, &in, NULL), out = attend(form, &in, nothing);
        assert_same(&in.dims, &plain, &out, "sink of -inf");
        struct ref_output dwarfed = attend(form, &in, all);
        for (int d = 0; d < 21; d++)
            cr_assert(dwarfed.o[d] == 0, "o %g", dwarfed.o[d]);
        for (int h = 0; h < 3; h++)
            cr_assert(dwarfed.lse[h] == 1e4, "lse %g", dwarfed.lse[h]);
        free_output(&plain);
        free_output(&out);
        free_output(&dwarfed);
        free_inputs(&in);
    }
}

/* A NaN in an attended row reaches everything that depends on it, and nothing else. */
Test(reference_attend, nan_propagates)
{
    enum { COUNT = 13 };
    for (enum form form = KV; form <= ABSORBED; form++) {
        struct inputs in = make_inputs(form, (struct ref_dims){3, 3, 5, 2, 7, 11, 0}, COUNT, 2);
        struct ref_output clean = attend(form, &in, NULL);
        in.rows[6 * in.width + 1] = NAN; /* kv: key 6 of head 0 */
        struct ref_output out = attend(form, &in, NULL);
        for (int h = 0; h < 3; h++) {
            bool reached = form != KV || h == 0;
            cr_assert(!isnan(out.lse[h]) == !reached, "%s: lse %g", form_names[form], out.lse[h]);
            for (int d = 0; d < 7; d++)
                cr_assert(!isnan(out.o[h * 7 + d]) == !reached, "%s: o %g", form_names[form],
                          out.o[h * 7 + d]);
        }
        free_output(&out);

        int64_t index[COUNT];
        for (int64_t j = 0; j < COUNT; j++)
            index[j] = j == 6 ? 5 : j;
        struct ref_rows without = {.f32 = in.rows, .index = index, .count = COUNT};
        out = make_output(&in.dims);
        attend_rows(form, &in, &without, NULL, &out, 1);
        for (int i = 0; i < 21; i++)
            cr_assert(isfinite(out.o[i]), "%s: a row not attended leaks", form_names[form]);
        free_output(&out);
        free_output(&clean);
        free_inputs(&in);
    }

    struct inputs in = make_inputs(KV, (struct ref_dims){1, 1, 5, 2, 7, 0, 0}, COUNT, 2);
    in.rows[6 * in.width + 7 + 3] = NAN; /* v of key 6, element 3 */
    struct ref_output out = attend(KV, &in, NULL);
    for (int d = 0; d < 7; d++)
        cr_assert(!isnan(out.o[d]) == (d != 3), "o[%d] = %g", d, out.o[d]);
    cr_assert(isfinite(out.lse[0]), "lse %g", out.lse[0]);
    free_output(&out);
    free_inputs(&in);
}

/* Attention in fp32, with obvious loops: what the error scales are for. */
static void narrow_head(const float *q, const float *k, const float *v, int64_t k_stride,
                        int64_t v_stride, int64_t count, int64_t qk, int64_t v_width, float scale,
                        float *o, float *lse)
{
    float *p = allocate(count, sizeof *p), max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < count; j++) {
        float dot = 0;
        for (int64_t i = 0; i < qk; i++)
            dot += q[i] * k[j * k_stride + i];
        p[j] = scale * dot;
        max = fmaxf(max, p[j]);
    }
    for (int64_t j = 0; j < count; j++) {
        p[j] = expf(p[j] - max);
        sum += p[j];
    }
    for (int64_t d = 0; d < v_width; d++) {
        float weighted = 0;
        for (int64_t j = 0; j < count; j++)
            weighted += p[j] * v[j * v_stride + d];
        o[d] = weighted / sum;
    }
    *lse = max + logf(sum);
    free(p);
}

static void narrow_expanded(const struct inputs *in, const float *q, int32_t head, float *o,
                            float *lse)
{
    const struct ref_dims *dims = &in->dims;
    int64_t nope = dims->qk_nope_head_dim, rope = dims->qk_rope_head_dim, v = dims->v_head_dim;
    int64_t c = dims->kv_lora_rank, width = nope + rope + v;
    float *kv = allocate(in->count * width, sizeof *kv);
    for (int64_t j = 0; j < in->count; j++) {
        for (int64_t d = 0; d < nope + v; d++) {
            float sum = 0;
            for (int64_t i = 0; i < c; i++)
                sum += in->wkv_b[(head * (nope + v) + d) * c + i] * in->rows[j * in->width + i];
            kv[j * width + (d < nope ? d : d + rope)] = sum;
        }
        memcpy(kv + j * width + nope, in->rows + j * in->width + c, (size_t)rope * sizeof *kv);
    }
    narrow_head(q, kv, kv + nope + rope, width, width, in->count, nope + rope, v,
                (float)dims->scale, o, lse);
    free(kv);
}

static void narrow_absorbed(const struct inputs *in, const float *q, int32_t head, float *o,
                            float *lse)
{
    const struct ref_dims *dims = &in->dims;
    int64_t nope = dims->qk_nope_head_dim, rope = dims->qk_rope_head_dim, v = dims->v_head_dim;
    int64_t c = dims->kv_lora_rank;
    const float *w = in->wkv_b + head * (nope + v) * c;
    float *absorbed = allocate(c + rope, sizeof *absorbed), *latent = allocate(c, sizeof *latent);
    for (int64_t d = 0; d < nope; d++) {
        for (int64_t i = 0; i < c; i++)
            absorbed[i] += w[d * c + i] * q[d];
    }
    memcpy(absorbed + c, q + nope, (size_t)rope * sizeof *absorbed);
    narrow_head(absorbed, in->rows, in->rows, in->width, in->width, in->count, c + rope, c,
                (float)dims->scale, latent, lse);
    for (int64_t d = 0; d < v; d++) {
        o[d] = 0;
        for (int64_t i = 0; i < c; i++)
            o[d] += w[(nope + d) * c + i] * latent[i];
    }
    free(absorbed);
    free(latent);
}

static void narrow_kv(const struct inputs *in, const float *q, int32_t head, float *o, float *lse)
{
    const struct ref_dims *dims = &in->dims;
    int64_t qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim, v = dims->v_head_dim;
    const float *k = in->rows + head / (dims->heads / dims->heads_kv) * (qk + v);
    narrow_head(q, k, k + qk, in->width, in->width, in->count, qk, v, (float)dims->scale, o, lse);
}

/* max |fp32 - reference| / (u sqrt(n) scale), n = keys + kv_lora_rank + nope + rope, by both
 * scales. */
struct narrow_errors {
    double o, lse, rms_o, rms_lse;
};

static struct narrow_errors narrow_errors(enum form form, const struct inputs *in)
{
    static void (*const narrow[])(const struct inputs *, const float *, int32_t, float *,
                                  float *) = {narrow_kv, narrow_expanded, narrow_absorbed};
    const struct ref_dims *dims = &in->dims;
    int64_t qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim, v = dims->v_head_dim;
    double *o = allocate(dims->heads * v, sizeof *o), *lse = allocate(dims->heads, sizeof *lse);
    float *q = allocate(qk, sizeof *q), *o_head = allocate(v, sizeof *o_head), lse_head;
    for (int32_t h = 0; h < dims->heads; h++) {
        for (int64_t i = 0; i < qk; i++)
            q[i] = (float)in->q[h * qk + i];
        narrow[form](in, q, h, o_head, &lse_head);
        for (int64_t d = 0; d < v; d++)
            o[h * v + d] = o_head[d];
        lse[h] = lse_head;
    }
    struct ref_output out = attend(form, in, NULL);
    double unit = 0x1p-24 * sqrt((double)(in->count + dims->kv_lora_rank + qk));
    struct narrow_errors errors = {
        .o = distance(dims->heads * v, o, out.o, out.scale_o) / unit,
        .lse = distance(dims->heads, lse, out.lse, out.scale_lse) / unit,
        .rms_o = distance(dims->heads * v, o, out.o, out.rms_o) / unit,
        .rms_lse = distance(dims->heads, lse, out.lse, out.rms_lse) / unit,
    };
    free(o);
    free(lse);
    free(q);
    free(o_head);
    free_output(&out);
    return errors;
}

/* With random inputs a correct fp32 computation stays within sqrt(n) u of the scales, and comes
 * near it by those of random signs, so that little that is wrong passes. */
Test(reference_attend, scales_fit_fp32_errors)
{
    static const struct shape fits[] = {
        {KV, {8, 2, 64, 64, 128, 0, 0}, 700},
        {KV, {4, 4, 5, 2, 7, 0, 0}, 37},
        {KV, {4, 4, 1, 0, 3, 0, 0}, 2},
        {EXPANDED, {4, 4, 32, 16, 32, 64, 0}, 500},
        {ABSORBED, {4, 4, 32, 16, 32, 64, 0}, 500},
        {ABSORBED, {3, 3, 3, 2, 5, 1, 0}, 3},
        {EXPANDED, {2, 2, 128, 64, 128, 512, 0}, 100},
        {ABSORBED, {2, 2, 128, 64, 128, 512, 0}, 1500},
    };
    static const double score_sds[] = {1, 3, 1e4};
    for (size_t i = 0; i < 3 * sizeof fits / sizeof *fits; i++) {
        double sd = score_sds[i % 3];
        const struct shape *fit = &fits[i / 3];
        struct inputs in = make_inputs(fit->form, fit->dims, fit->count, sd);
        struct narrow_errors e = narrow_errors(fit->form, &in);
        cr_log_info("shape %zu, scores of %g: o %.2g, lse %.2g; rms: o %.2g, lse %.2g", i / 3, sd,
                    e.o, e.lse, e.rms_o, e.rms_lse);
        cr_assert(e.o <= 1 && e.lse <= 1, "shape %zu, scores of %g: o %g, lse %g", i / 3, sd, e.o,
                  e.lse);
        cr_assert(e.rms_o <= 1 && e.rms_lse <= 1, "shape %zu, scores of %g: rms: o %g, lse %g",
                  i / 3, sd, e.rms_o, e.rms_lse);
        /* Scores of 1e4 leave one key, and o may be exact. */
        cr_assert(e.rms_o > 0.02 || sd > 3, "shape %zu, scores of %g: rms_o is loose: %g", i / 3,
                  sd, e.rms_o);
        free_inputs(&in);
    }
}
