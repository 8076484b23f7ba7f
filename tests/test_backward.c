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
#include "harness/random.h"
#include "reference/backward.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

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

/* --- error scales --- */

static struct ref_attend_gradient gradient_of(int64_t q, int64_t rows, int64_t weights)
{
    return (struct ref_attend_gradient){.grad_q = filled(q, 0),
                                        .grad_rows = filled(rows, 0),
                                        .grad_wkv_b = filled(weights, 0),
                                        .square_q = filled(q, 0),
                                        .square_rows = filled(rows, 0),
                                        .square_wkv_b = filled(weights, 0)};
}

static void free_gradient(struct ref_attend_gradient *grad)
{
    free(grad->grad_q);
    free(grad->grad_rows);
    free(grad->grad_wkv_b);
    free(grad->square_q);
    free(grad->square_rows);
    free(grad->square_wkv_b);
}

static void check_close(double got, double expected, const char *what, int64_t i)
{
    cr_assert(fabs(got - expected) <= 1e-12 * fabs(expected), "%s %ld: %.17g, not %.17g", what,
              (long)i, got, expected);
}

/* The formulas of the header for one head with keys and values of one element, a sink included. */
Test(backward, scales_are_those_of_the_formulas)
{
    enum { KEYS = 4 };
    static const double rows[KEYS][2] = {{0.5, 1}, {-1, 2}, {2, -0.25}, {0.75, -3}};
    const double q = 1.5, grad_o = -0.7, sink = 0.4, scale = 0.8;
    const struct ref_dims dims = {1, 1, 1, 0, 1, 0, scale};
    double p[KEYS], e[KEYS], sum = exp(sink), o = 0, big_b = 0, big_t = 0;
    for (int j = 0; j < KEYS; j++)
        sum += p[j] = exp(scale * q * rows[j][0]);
    for (int j = 0; j < KEYS; j++) {
        p[j] /= sum;
        o += p[j] * rows[j][1];
        e[j] = 2 * fabs(scale * q * rows[j][0]); /* b_j: of one product |s_j| twice */
        big_b += p[j] * p[j] * e[j] * e[j];
    }
    big_b += pow(exp(sink) / sum * sink, 2);
    for (int j = 0; j < KEYS; j++) {
        e[j] += 1 + sqrt(big_b) + fabs(log(sum));
        big_t += pow(p[j] * e[j] * 2 * fabs(grad_o * rows[j][1]), 2);
    }
    double d = o * grad_o, square_q = 0;
    big_t = 2 * fabs(d) + sqrt(big_t);
    struct ref_attend_gradient grad = gradient_of(1, 2L * KEYS, 0);
    const struct ref_rows given = {.f64 = &rows[0][0], .count = KEYS};
    cr_assert(ref_attend_backward(&dims, NULL, &q, &given, &sink, &grad_o, &grad, 1) == 0);
    for (int j = 0; j < KEYS; j++) {
        double product = grad_o * rows[j][1];
        double f = p[j] * (e[j] * fabs(product - d) + 2 * fabs(product) + big_t);
        check_close(grad.square_rows[2L * j], pow(scale * f * q, 2), "key", j);
        check_close(grad.square_rows[2L * j + 1], pow(p[j] * e[j] * grad_o, 2), "value", j);
        square_q += pow(scale * f * rows[j][0], 2);
    }
    check_close(grad.square_q[0], square_q, "q", 0);
    free_gradient(&grad);
}

/* With Wkv_b = 1, a latent row [k_nope | v | k_rope] is a key and a value, gradients, scales and
 * all; and Wkv_b's own are sums of products of the same. In fp32 as in double. */
Test(backward, latents_of_the_unit_matrix_are_keys_and_values)
{
    enum { NOPE = 3, ROPE = 2, V = 4, C = NOPE + V, WIDTH = C + ROPE, ROWS = 9 };
    static const int order[WIDTH] = {0, 1, 2, 5, 6, 7, 8, 3, 4}; /* of a key-value row */
    const struct ref_dims kv = {1, 1, NOPE, ROPE, V, 0, 0.5};
    const struct ref_dims latent = {1, 1, NOPE, ROPE, V, C, 0.5};
    double *q = draw(1, NOPE + ROPE, 1), *rows = draw(2, ROWS * WIDTH, 1), *grad_o = draw(4, V, 1);
    double *latents = filled(ROWS * WIDTH, 0);
    float unit[C * C] = {0}, narrow[ROWS * WIDTH];
    for (int i = 0; i < C; i++)
        unit[i * C + i] = 1;
    for (int i = 0; i < ROWS * WIDTH; i++) {
        latents[i] = rows[i / WIDTH * WIDTH + order[i % WIDTH]];
        narrow[i] = (float)latents[i];
    }
    struct ref_attend_gradient a = gradient_of(NOPE + ROPE, ROWS * WIDTH, 0);
    struct ref_attend_gradient b = gradient_of(NOPE + ROPE, ROWS * WIDTH, C * C);
    const struct ref_rows of_kv = {.f64 = rows, .count = ROWS};
    const struct ref_rows of_latent = {.f32 = narrow, .count = ROWS};
    cr_assert(ref_attend_backward(&kv, NULL, q, &of_kv, NULL, grad_o, &a, 1) == 0);
    cr_assert(ref_attend_backward(&latent, unit, q, &of_latent, NULL, grad_o, &b, 2) == 0);
    for (int i = 0; i < NOPE + ROPE; i++) {
        check_close(b.grad_q[i], a.grad_q[i], "q", i);
        check_close(b.square_q[i], a.square_q[i], "q's square", i);
    }
    for (int i = 0; i < ROWS * WIDTH; i++) {
        int at = i / WIDTH * WIDTH + order[i % WIDTH];
        check_close(b.grad_rows[i], a.grad_rows[at], "rows", i);
        check_close(b.square_rows[i], a.square_rows[at], "rows' square", i);
    }
    for (int i = 0; i < C * C; i++) {
        int at = order[i / C];
        double square = 0;
        for (int j = 0; j < ROWS; j++)
            square += a.square_rows[j * WIDTH + at] * pow(latents[j * WIDTH + i % C], 2);
        check_close(b.square_wkv_b[i], square, "Wkv_b's square", i);
    }
    free_gradient(&a);
    free_gradient(&b);
    free(q);
    free(rows);
    free(grad_o);
    free(latents);
}
