/* SPDX-License-Identifier: MIT
 *
 * The reference's gradients of attention against differences of its attention.
 *
 * With L = sum grad_o o and d(h) = (L(x + h) - L(x - h)) / 2h, the error of d(h) is a series in
 * h^2, of which (4 d(h) - d(2h)) / 3 has no first term and (64 d(h) - 20 d(2h) + d(4h)) / 45 no
 * second one either (Richardson). The difference between these two is the error of the former, and
 * bounds that of the latter. To it comes round-off: an L errs by 2^-53 sqrt(n) sum |grad_o| rms_o
 * (reference.h), and the six of them are divided by h, the factors' magnitudes adding up to 1.7.
 * Every step is exact: x and h are multiples of 2^-12 in fp32 and in double. */
#include "harness/gradient.h"
#include "harness/random.h"
#include "reference/backward.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP        0x1p-7
#define GRID        0x1p-12
#define ALREADY     0.25 /* what is in an array that is added to */
#define MOST_HEADS  6
#define MOST_VALUES 64

/* Some queries, each of which attends one key more than the one before it. */
struct layer {
    bool latent, sinks;
    struct ref_dims dims; /* heads, heads_kv, nope, rope, v, kv_lora_rank */
    int64_t queries, first_count;
    const int64_t *index;
    int64_t rows;
};

struct arrays {
    int64_t width, weights;
    double *q, *rows, *sinks, *grad_o, *weights_wide;
    float *wkv_b; /* the same, as the reference takes it */
    struct ref_attend_gradient grad;
};

static void *allocate(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);
    cr_assert(memory != NULL, "no memory");
    return memory;
}

static double *draw(uint32_t stream, int64_t count, double sd)
{
    float *narrow = allocate(count, sizeof *narrow);
    double *wide = allocate(count, sizeof *wide);
    random_normal(11, stream, 0, count, sd, narrow);
    for (int64_t i = 0; i < count; i++)
        wide[i] = GRID * round((double)narrow[i] / GRID);
    free(narrow);
    return wide;
}

static double *filled(int64_t count, double with)
{
    double *array = allocate(count, sizeof *array);
    for (int64_t i = 0; i < count; i++)
        array[i] = with;
    return array;
}

static int64_t query_width(const struct layer *layer)
{
    return layer->dims.heads * (layer->dims.qk_nope_head_dim + layer->dims.qk_rope_head_dim);
}

/* Without rounding: a step that fp32 does not have would be another one. */
static void narrow_weights(const struct arrays *a)
{
    for (int64_t i = 0; i < a->weights; i++) {
        a->wkv_b[i] = (float)a->weights_wide[i];
        cr_assert((double)a->wkv_b[i] == a->weights_wide[i]);
    }
}

static struct arrays create(struct layer *layer)
{
    struct ref_dims *dims = &layer->dims;
    int64_t qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim;
    dims->scale = 1 / sqrt((double)qk);
    struct arrays a = {.width = layer->latent ? dims->kv_lora_rank + dims->qk_rope_head_dim
                                              : dims->heads_kv * (qk + dims->v_head_dim)};
    a.q = draw(1, layer->queries * query_width(layer), 1);
    a.rows = draw(2, layer->rows * a.width, 1);
    a.sinks = layer->sinks ? draw(3, dims->heads, 1) : NULL;
    a.grad_o = draw(4, layer->queries * dims->heads * dims->v_head_dim, 1);
    a.grad.grad_q = filled(layer->queries * query_width(layer), NAN);
    a.grad.grad_rows = filled(layer->rows * a.width, ALREADY);
    if (!layer->latent)
        return a;
    a.weights = dims->heads * (dims->qk_nope_head_dim + dims->v_head_dim) * dims->kv_lora_rank;
    a.weights_wide = draw(5, a.weights, 1 / sqrt((double)dims->kv_lora_rank));
    a.wkv_b = allocate(a.weights, sizeof *a.wkv_b);
    narrow_weights(&a);
    a.grad.grad_wkv_b = filled(a.weights, ALREADY);
    return a;
}

static void destroy(struct arrays *a)
{
    free(a->q);
    free(a->rows);
    free(a->sinks);
    free(a->grad_o);
    free(a->weights_wide);
    free(a->wkv_b);
    free(a->grad.grad_q);
    free(a->grad.grad_rows);
    free(a->grad.grad_wkv_b);
}

static struct ref_rows rows_of(const struct layer *layer, const struct arrays *a, int64_t query)
{
    int64_t count = layer->first_count + query;
    return (struct ref_rows){.f64 = a->rows, .index = layer->index, .count = count > 0 ? count : 0};
}

/* L, and sum |grad_o| rms_o. */
static double loss(const struct layer *layer, const struct arrays *a, double *magnitude)
{
    double o[MOST_VALUES], rms[MOST_VALUES] = {0}, lse[MOST_HEADS], sum = 0;
    struct ref_output out = {.o = o, .lse = lse, .rms_o = rms};
    int64_t values = layer->dims.heads * layer->dims.v_head_dim;
    *magnitude = 0;
    for (int64_t t = 0; t < layer->queries; t++) {
        const double *q = a->q + t * query_width(layer);
        struct ref_rows rows = rows_of(layer, a, t);
        int error = layer->latent ? ref_attend_latent(REF_EXPANDED, &layer->dims, a->wkv_b, q,
                                                      &rows, a->sinks, &out, 1)
                                  : ref_attend_kv(&layer->dims, q, &rows, a->sinks, &out, 1);
        cr_assert(error == 0);
        for (int64_t i = 0; i < values; i++) {
            sum += a->grad_o[t * values + i] * o[i];
            *magnitude += fabs(a->grad_o[t * values + i]) * rms[i];
        }
    }
    return sum;
}

static double difference(const struct layer *layer, const struct arrays *a, double *x, double h)
{
    double loss_at[2], magnitude, before = *x;
    for (int side = 0; side < 2; side++) {
        *x = side ? before + h : before - h;
        cr_assert(*x - before == (side ? h : -h));
        narrow_weights(a);
        loss_at[side] = loss(layer, a, &magnitude);
    }
    *x = before;
    narrow_weights(a);
    return (loss_at[1] - loss_at[0]) / (2 * h);
}

static void check_element(const struct layer *layer, const struct arrays *a, double *x,
                          double gradient, const char *what, int64_t i)
{
    double d[3], magnitude;
    for (int k = 0; k < 3; k++)
        d[k] = difference(layer, a, x, STEP * (1 << k));
    double once = (4 * d[0] - d[1]) / 3, twice = (64 * d[0] - 20 * d[1] + d[2]) / 45;
    loss(layer, a, &magnitude);
    const struct ref_dims *dims = &layer->dims;
    double n = (double)(layer->rows + dims->kv_lora_rank + dims->qk_nope_head_dim +
                        dims->qk_rope_head_dim + 8);
    double tolerance = fabs(twice - once) + 1.7 * sqrt(n) * 0x1p-53 * magnitude / STEP;
    cr_assert(tolerance <= 1e-8 * magnitude, "%s %ld: known only to %g of %g", what, (long)i,
              tolerance, magnitude);
    cr_assert(fabs(gradient - twice) <= tolerance, "%s %ld: %.17g, from differences %.17g +- %g",
              what, (long)i, gradient, twice, tolerance);
}

static void backward(const struct layer *layer, struct arrays *a, int threads)
{
    for (int64_t t = 0; t < layer->queries; t++) {
        struct ref_attend_gradient grad = a->grad;
        struct ref_rows rows = rows_of(layer, a, t);
        grad.grad_q += t * query_width(layer);
        cr_assert(ref_attend_backward(&layer->dims, a->wkv_b, a->q + t * query_width(layer), &rows,
                                      a->sinks,
                                      a->grad_o + t * layer->dims.heads * layer->dims.v_head_dim,
                                      &grad, threads) == 0);
    }
}

static void check_layer(struct layer layer)
{
    struct arrays a = create(&layer);
    backward(&layer, &a, 1);
    for (int64_t i = 0; i < layer.queries * query_width(&layer); i++)
        check_element(&layer, &a, &a.q[i], a.grad.grad_q[i], "q", i);
    for (int64_t i = 0; i < layer.rows * a.width; i++)
        check_element(&layer, &a, &a.rows[i], a.grad.grad_rows[i] - ALREADY, "rows", i);
    for (int64_t i = 0; i < a.weights; i++)
        check_element(&layer, &a, &a.weights_wide[i], a.grad.grad_wkv_b[i] - ALREADY, "wkv_b", i);
    destroy(&a);
}

/* One row twice, one not at all. */
static const int64_t listed[] = {3, 0, 5, 3, 1, 6, 4};

static const struct layer layers[] = {
    {false, false, {2, 2, 3, 2, 5, 0, 0}, 1, 7, NULL, 7},
    {false, true, {2, 2, 3, 2, 5, 0, 0}, 3, 2, NULL, 5},
    {false, false, {6, 2, 0, 4, 3, 0, 0}, 3, 3, NULL, 6},
    {false, true, {4, 1, 4, 0, 3, 0, 0}, 2, 6, listed, 8},
    {false, true, {3, 1, 2, 2, 3, 0, 0}, 3, -1, NULL, 2},
    {false, false, {1, 1, 2, 0, 1, 0, 0}, 2, 0, NULL, 1},
    {true, false, {1, 1, 3, 2, 5, 4, 0}, 1, 7, NULL, 7},
    {true, true, {3, 3, 3, 2, 4, 5, 0}, 3, 2, NULL, 5},
    {true, false, {2, 2, 0, 4, 3, 3, 0}, 2, 4, NULL, 5},
    {true, false, {2, 2, 4, 0, 3, 3, 0}, 2, 4, NULL, 5},
    {true, true, {2, 2, 3, 2, 4, 5, 0}, 2, 6, listed, 8},
    {true, true, {2, 2, 3, 2, 4, 5, 0}, 3, -1, NULL, 2},
};

Test(backward, is_the_limit_of_differences)
{
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        check_layer(layers[i]);
}

/* --- kernels --- */

/* As the memory ends, or begins, at an inaccessible page, and with threads enough to be idle. */
static const struct trial_way ways[] = {
    {.memory = BUFFER_GUARD_END, .poison = POISON_NAN, .threads = 1},
    {.memory = BUFFER_GUARD_END, .poison = POISON_LARGE, .threads = 2},
    {.memory = BUFFER_GUARD_START, .poison = POISON_LARGE, .threads = 3},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void check_kernel(const struct inputs *inputs, const struct mla_kernel *kernel,
                         const char *name)
{
    struct mla_error error;
    struct gradient first, other;
    cr_assert(gradient_run(inputs, kernel, &ways[0], &first, &error) == 0, "%s, %s: %s",
              kernel->name, name, error.message);
    cr_assert(gradient_compare(&first, NULL, &error) == 0, "%s, %s: %s", kernel->name, name,
              error.message);
    for (int i = 1; i < WAYS; i++) {
        cr_assert(gradient_run(inputs, kernel, &ways[i], &other, &error) == 0, "%s, %s: %s",
                  kernel->name, name, error.message);
        cr_assert(gradient_same(&first, &other), "%s, %s: other bits with %d threads", kernel->name,
                  name, ways[i].threads);
        gradient_destroy(&other);
    }
    gradient_destroy(&first);
}

static void check_shape(const struct shape *shape, const struct extras *extras)
{
    char name[CASE_NAME_MAX];
    const char *why;
    struct inputs inputs = inputs_with(shape, extras, 3);
    shape_name(shape, extras, 3, name);
    int checked = 0;
    for (uint32_t i = 0; i < mla_kernels()->count; i++) {
        const struct mla_kernel *kernel = mla_kernels()->kernels[i];
        if (kernel->supports(&inputs.problem, false, inputs.sinks.data != NULL, &why) &&
            gradient_applies(&inputs, kernel, &why)) {
            check_kernel(&inputs, kernel, name);
            checked++;
        }
    }
    cr_assert(checked >= 2, "%d kernels have gradients of %s", checked, name);
    inputs_destroy(&inputs);
}

/* kind, mask, heads, heads_kv, nope, rope, v, rank, cached, new, batch, ragged. Keys and new tokens
 * about a block and a tile of 64. */
static const struct shape shapes[] = {
    {MLA_LATENT, MLA_CAUSAL, 1, 1, 1, 0, 1, 1, 0, 1, 1, false},
    {MLA_LATENT, MLA_CAUSAL, 2, 2, 32, 16, 32, 64, 0, 65, 1, false},
    {MLA_LATENT, MLA_CAUSAL, 3, 3, 10, 6, 7, 13, 61, 70, 1, false},
    {MLA_LATENT, MLA_CAUSAL, 5, 5, 12, 6, 10, 70, 90, 33, 5, true},
    {MLA_LATENT, MLA_MASK_NONE, 4, 4, 7, 0, 9, 130, 60, 66, 4, true},
    {MLA_LATENT, MLA_CAUSAL, 2, 2, 0, 8, 5, 9, 60, 9, 3, true},
    {MLA_LATENT, MLA_CAUSAL, 4, 4, 128, 64, 128, 512, 30, 70, 1, false}, /* V2-Lite's heads */
    {MLA_KV, MLA_CAUSAL, 1, 1, 1, 0, 1, 0, 0, 1, 1, false},
    {MLA_KV, MLA_CAUSAL, 4, 4, 0, 12, 10, 0, 0, 129, 1, false}, /* MHA */
    {MLA_KV, MLA_CAUSAL, 6, 2, 10, 6, 7, 0, 61, 70, 1, false},  /* GQA */
    {MLA_KV, MLA_CAUSAL, 5, 1, 12, 6, 9, 0, 90, 33, 5, true},   /* MQA */
    {MLA_KV, MLA_MASK_NONE, 6, 3, 7, 0, 9, 0, 60, 66, 4, true},
    {MLA_KV, MLA_CAUSAL, 4, 2, 0, 128, 128, 0, 30, 70, 1, false},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

Test(backward, kernels)
{
    for (int i = 0; i < SHAPES; i++)
        check_shape(&shapes[i], NULL);
}

Test(backward, kernels_with_extras)
{
    static const struct extras extras[] = {
        {.sinks = true},
        {.kv_begin = 3, .page_size = 16},
        {.kv_begin = 70, .sinks = true}, /* some queries have no key */
        {.kv_begin = 100000, .sinks = true},
        {.format = MLA_BF16, .page_size = 7},
        {.format = MLA_INT8},
    };
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++)
        for (int s = 1; s < SHAPES; s++)
            check_shape(&shapes[s], &extras[i]);
}
