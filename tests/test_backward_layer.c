/* SPDX-License-Identifier: MIT
 *
 * The reference's gradients of a whole layer against finite differences of ref_layer. */
#include "harness/random.h"
#include "reference/backward.h"
#include "tests/small_layers.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { TOKENS = 5, TENSORS = SMALL_TENSORS, LARGEST = SMALL_TENSOR, LEVELS = 4 };

/* The largest step. Weights are multiples of 2^-16 of magnitude below 8, and steps are 2^-4 to
 * 2^-7, so that a weight and a step add up exactly in fp32. */
static const double grid = 1.0 / 65536, largest_step = 1.0 / 16;

/* One layer, its loss being sum grad_y y. */
struct fixture {
    const struct ref_layer_dims *dims;
    struct ref_layer_weights weights;
    double x[TOKENS * SMALL_HIDDEN], grad_y[TOKENS * SMALL_OUTPUT];
    double grad_x[TOKENS * SMALL_HIDDEN];
    double grad_weights[TENSORS][LARGEST];
};

static void backward(struct fixture *f, const struct ref_layer_weight_gradients *wanted,
                     int threads)
{
    int error = ref_layer_backward(f->dims, &f->weights, TOKENS, f->x, f->grad_y, f->grad_x, wanted,
                                   threads);
    cr_assert(error == 0, "error %d", error);
}

static struct ref_layer_weight_gradients all_gradients(struct fixture *f)
{
    double(*g)[LARGEST] = f->grad_weights;
    return (struct ref_layer_weight_gradients){.q_proj = g[0],
                                               .q_a_proj = g[1],
                                               .q_a_layernorm = g[2],
                                               .q_b_proj = g[3],
                                               .kv_a_proj = g[4],
                                               .kv_a_layernorm = g[5],
                                               .kv_b_proj = g[6],
                                               .k_proj = g[7],
                                               .v_proj = g[8],
                                               .o_proj = g[9]};
}

static struct fixture fixture_of(const struct ref_layer_dims *dims)
{
    struct fixture f = {.dims = dims, .weights = small_layer_weights(dims)};
    struct small_tensor list[TENSORS];
    float narrow[TOKENS * SMALL_HIDDEN];
    small_layer_list(dims, &f.weights, list);
    for (int i = 0; i < TENSORS; i++)
        for (int64_t k = 0; k < list[i].count; k++)
            list[i].weight[k] = (float)(grid * round(list[i].weight[k] / grid));
    random_normal(13, 20, 0, TOKENS * SMALL_HIDDEN, 1, narrow);
    for (int i = 0; i < TOKENS * SMALL_HIDDEN; i++)
        f.x[i] = narrow[i];
    random_normal(13, 21, 0, TOKENS * SMALL_OUTPUT, 1, narrow);
    for (int i = 0; i < TOKENS * SMALL_OUTPUT; i++)
        f.grad_y[i] = narrow[i];
    return f;
}

/* sum grad_y y; magnitude: sum |grad_y y|. */
static double loss(const struct fixture *f, double *magnitude)
{
    double rows[TOKENS * SMALL_ROW], y[TOKENS * SMALL_OUTPUT], sum = 0;
    int error = ref_layer(f->dims, &f->weights, 0, TOKENS, f->x, rows, y, REF_EXPANDED, 1);
    cr_assert(error == 0, "error %d", error);
    *magnitude = 0;
    for (int i = 0; i < TOKENS * f->dims->output_size; i++) {
        sum += f->grad_y[i] * y[i];
        *magnitude += fabs(f->grad_y[i] * y[i]);
    }
    return sum;
}

/* What the loss is differentiated by: one of the two is set. */
struct number {
    float *f32;
    double *f64;
};

static double get(struct number number)
{
    if (number.f32)
        return *number.f32;
    return number.f64 ? *number.f64 : NAN;
}

static void set(struct number number, double value)
{
    if (number.f32)
        *number.f32 = (float)value;
    if (number.f64)
        *number.f64 = value;
    cr_assert(get(number) == value, "%.17g is not exact", value);
}

/* The derivative by Richardson's extrapolation of central differences to step 0, and what it may be
 * off by: the last extrapolation's change, which is of the order before and so larger than the
 * error that is left, and the roundings of the losses, each within some 100 u of the sum of its
 * terms' magnitudes, over the smallest step. */
static double difference(const struct fixture *f, struct number number, double *error)
{
    double table[LEVELS][LEVELS], step = 2 * largest_step, magnitude = 0;
    for (int i = 0; i < LEVELS; i++) {
        step /= 2;
        double before = get(number), side[2];
        for (int up = 0; up < 2; up++) {
            set(number, up ? before + step : before - step);
            side[up] = loss(f, &magnitude);
        }
        set(number, before);
        table[i][0] = (side[1] - side[0]) / (2 * step);
        for (int k = 1; k <= i; k++)
            table[i][k] =
                table[i][k - 1] + (table[i][k - 1] - table[i - 1][k - 1]) / (pow(4, k) - 1);
    }
    *error = fabs(table[LEVELS - 1][LEVELS - 1] - table[LEVELS - 2][LEVELS - 2]) +
             100 * DBL_EPSILON / 2 * magnitude / step;
    return table[LEVELS - 1][LEVELS - 1];
}

/* The allowed error is small against the tensor's largest gradient, or the test would show little.
 */
static void agrees(int layer, const char *name, int64_t i, double got, double want, double error,
                   double largest)
{
    cr_assert(error <= 1e-6 * largest, "layer %d, %s %ld: differences to %g of %g", layer, name,
              (long)i, error, largest);
    cr_assert(fabs(got - want) <= error, "layer %d, %s %ld: %.15g for %.15g, off by %g of %g",
              layer, name, (long)i, got, want, fabs(got - want), error);
}

static double largest_of(int64_t count, const double *x)
{
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(x[i]));
    return largest;
}

Test(backward_layer, equals_finite_differences)
{
    for (int i = 0; i < SMALL_LAYERS; i++) {
        struct fixture f = fixture_of(&small_layers[i]);
        const struct ref_layer_weight_gradients all = all_gradients(&f);
        struct small_tensor list[TENSORS];
        double error;
        backward(&f, &all, 1);
        small_layer_list(f.dims, &f.weights, list);
        double largest = largest_of(TOKENS * SMALL_HIDDEN, f.grad_x);
        for (int k = 0; k < TOKENS * SMALL_HIDDEN; k++) {
            double want = difference(&f, (struct number){.f64 = &f.x[k]}, &error);
            agrees(i, "x", k, f.grad_x[k], want, error, largest);
        }
        for (int t = 0; t < TENSORS; t++) {
            largest = largest_of(list[t].count, f.grad_weights[t]);
            for (int64_t k = 0; k < list[t].count; k++) {
                double want = difference(&f, (struct number){.f32 = &list[t].weight[k]}, &error);
                agrees(i, list[t].name, k, f.grad_weights[t][k], want, error, largest);
            }
        }
        small_layer_free(&f.weights);
    }
}

/* Gradients of weights are added to what is there, that of x is not; those not wanted change
 * nothing of the others. */
Test(backward_layer, weights_are_added_to)
{
    for (int i = 0; i < SMALL_LAYERS; i++) {
        struct fixture once = fixture_of(&small_layers[i]), twice = once;
        const struct ref_layer_weight_gradients first = all_gradients(&once),
                                                second = all_gradients(&twice), none = {0};
        backward(&once, &first, 1);
        backward(&twice, &second, 1);
        backward(&twice, &second, 1);
        for (int t = 0; t < TENSORS; t++)
            for (int k = 0; k < LARGEST; k++) {
                double want = 2 * once.grad_weights[t][k];
                cr_assert(fabs(twice.grad_weights[t][k] - want) <= 1e-13 * (1 + fabs(want)),
                          "layer %d, tensor %d: %.17g for %.17g", i, t, twice.grad_weights[t][k],
                          want);
            }
        backward(&twice, &none, 1);
        cr_assert(memcmp(once.grad_x, twice.grad_x, sizeof once.grad_x) == 0, "layer %d: x", i);
        small_layer_free(&once.weights);
    }
}

Test(backward_layer, threads_keep_every_bit)
{
    for (int i = 0; i < SMALL_LAYERS; i++) {
        struct fixture one = fixture_of(&small_layers[i]), three = one;
        const struct ref_layer_weight_gradients first = all_gradients(&one),
                                                second = all_gradients(&three);
        backward(&one, &first, 1);
        backward(&three, &second, 3);
        cr_assert(memcmp(one.grad_x, three.grad_x, sizeof one.grad_x) == 0 &&
                      memcmp(one.grad_weights, three.grad_weights, sizeof one.grad_weights) == 0,
                  "layer %d: three threads differ", i);
        small_layer_free(&one.weights);
    }
}
