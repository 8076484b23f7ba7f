/* SPDX-License-Identifier: MIT
 *
 * Scores, softmax and weighted sums. */
#include "reference/attend.h"

#include <math.h>
#include <string.h>

/* Two doubles that every x86-64 and aarch64 has in one register: spelt out because gcc, left alone
 * with the loop below, keeps it in memory. Unaligned, and an alias of the arrays it is read from.
 */
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t bits __attribute__((vector_size(16)));
enum { PAIRS = REF_STRIP / 2 };

static pair absolute(pair v)
{
    const bits all_but_sign = {INT64_MAX, INT64_MAX};
    return (pair)((bits)v & all_but_sign);
}

/* Nearly all of the reference's time is spent here, for scores and for weighted sums alike. The
 * accumulators stay in registers, too few for all three sums at once; adding goes over i, never
 * across a strip. */
void ref_strip_product(int64_t n, struct ref_sums x, const double (*strip)[REF_STRIP],
                       struct ref_sums y)
{
    pair value[PAIRS], magnitude[PAIRS], square[PAIRS];
    memcpy(value, y.value, sizeof value);
    memcpy(magnitude, y.magnitude, sizeof magnitude);
    memcpy(square, y.square, sizeof square);
    for (int64_t i = 0; i < n; i++) {
        const pair *row = (const pair *)strip[i];
        for (int k = 0; k < PAIRS; k++) {
            value[k] += x.value[i] * row[k];
            magnitude[k] += x.magnitude[i] * absolute(row[k]);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        const pair *row = (const pair *)strip[i];
        for (int k = 0; k < PAIRS; k++)
            square[k] += x.square[i] * (row[k] * row[k]);
    }
    memcpy(y.value, value, sizeof value);
    memcpy(y.magnitude, magnitude, sizeof magnitude);
    memcpy(y.square, square, sizeof square);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Where row j begins in rows->f32 or rows->f64. */
static int64_t row_start(const struct ref_rows *rows, int64_t row_width, int64_t j)
{
    return (rows->index ? rows->index[j] : j) * row_width;
}

void ref_load_keys(const struct ref_rows *rows, struct ref_columns columns, int64_t first,
                   double (*strip)[REF_STRIP])
{
    for (int k = 0; k < REF_STRIP; k++) {
        if (first + k >= rows->count) {
            for (int64_t i = 0; i < columns.count; i++)
                strip[i][k] = 0;
            continue;
        }
        int64_t start = row_start(rows, columns.row_width, first + k) + columns.first;
        if (rows->f32) {
            for (int64_t i = 0; i < columns.count; i++)
                strip[i][k] = rows->f32[start + i];
        } else {
            for (int64_t i = 0; i < columns.count; i++)
                strip[i][k] = rows->f64[start + i];
        }
    }
}

/* The columns, at most REF_STRIP of them, of `keys` keys from `first` on; zero beyond. */
static void load_values(const struct ref_rows *rows, struct ref_columns columns, int64_t first,
                        int64_t keys, double (*strip)[REF_STRIP])
{
    memset(strip, 0, (size_t)keys * sizeof *strip);
    for (int64_t j = 0; j < keys; j++) {
        int64_t start = row_start(rows, columns.row_width, first + j) + columns.first;
        for (int64_t k = 0; k < columns.count; k++)
            strip[j][k] = rows->f32 ? rows->f32[start + k] : rows->f64[start + k];
    }
}

void ref_scores(const struct ref_rows *rows, struct ref_columns columns, int32_t heads,
                double scale, struct ref_sums q, struct ref_sums s, double (*strip)[REF_STRIP])
{
    for (int64_t j = 0; j < rows->count; j += REF_STRIP) {
        ref_load_keys(rows, columns, j, strip);
        int64_t keys = smaller(REF_STRIP, rows->count - j);
        for (int32_t h = 0; h < heads; h++) {
            double value[REF_STRIP] = {0}, magnitude[REF_STRIP] = {0}, square[REF_STRIP] = {0};
            struct ref_sums dot = {value, magnitude, square};
            ref_strip_product(columns.count, ref_sums_at(q, h * columns.count), strip, dot);
            struct ref_sums s_h = ref_sums_at(s, h * rows->count + j);
            for (int64_t k = 0; k < keys; k++) {
                s_h.value[k] = scale * value[k];
                s_h.magnitude[k] = scale * magnitude[k];
                s_h.square[k] = scale * scale * square[k];
            }
        }
    }
}

/* p_j in place of s_j, b_j = |s_j| + sqrt(b_j^2) in place of b_j^2; returns lse. */
static double exponentiate(int64_t count, double sink, struct ref_sums s)
{
    /* The largest score is taken off first: exp(2.45e5) overflows. */
    double max = sink;
    for (int64_t j = 0; j < count; j++) {
        if (s.value[j] > max)
            max = s.value[j];
    }
    double sum = exp(sink - max);
    for (int64_t j = 0; j < count; j++) {
        s.square[j] = fabs(s.value[j]) + sqrt(s.square[j]);
        s.value[j] = exp(s.value[j] - max);
        sum += s.value[j];
    }
    for (int64_t j = 0; j < count; j++)
        s.value[j] /= sum;
    return max + log(sum);
}

void ref_softmax(int64_t count, double sink, struct ref_sums s, const struct ref_output *out,
                 int32_t head)
{
    /* Without keys there is no largest score. */
    out->lse[head] = count ? exponentiate(count, sink, s) : sink;
    /* The sink is one more score, with no value. */
    double a = count && sink > -INFINITY ? exp(sink - out->lse[head]) * fabs(sink) : 0;
    double b_squared = a * a;
    for (int64_t j = 0; j < count; j++) {
        a += s.value[j] * s.magnitude[j];
        b_squared += s.value[j] * s.value[j] * s.square[j] * s.square[j];
    }
    double b = sqrt(b_squared);
    for (int64_t j = 0; j < count; j++) {
        double weight = s.value[j] * (1 + s.square[j] + b);
        s.magnitude[j] = s.value[j] * (1 + s.magnitude[j] + a);
        s.square[j] = weight * weight;
    }
    if (out->scale_lse)
        out->scale_lse[head] = 1 + a;
    if (out->rms_lse)
        out->rms_lse[head] = 1 + b;
}

/* Adds REF_STRIP or fewer columns of a few keys to one head's sums. */
static void add_strip(int64_t keys, int64_t columns, const double (*strip)[REF_STRIP],
                      struct ref_sums p, struct ref_sums sum)
{
    double value[REF_STRIP] = {0}, magnitude[REF_STRIP] = {0}, square[REF_STRIP] = {0};
    ref_strip_product(keys, p, strip, (struct ref_sums){value, magnitude, square});
    for (int64_t k = 0; k < columns; k++) {
        sum.value[k] += value[k];
        sum.magnitude[k] += magnitude[k];
        sum.square[k] += square[k];
    }
}

void ref_weighted_sums(const struct ref_rows *rows, struct ref_columns columns, int32_t heads,
                       struct ref_sums p, struct ref_sums sum, double (*strip)[REF_STRIP])
{
    size_t bytes = (size_t)(heads * columns.count) * sizeof(double);
    memset(sum.value, 0, bytes);
    memset(sum.magnitude, 0, bytes);
    memset(sum.square, 0, bytes);
    for (int64_t j = 0; j < rows->count; j += REF_STRIP_KEYS) {
        int64_t keys = smaller(REF_STRIP_KEYS, rows->count - j);
        for (int64_t i = 0; i < columns.count; i += REF_STRIP) {
            struct ref_columns part = {columns.row_width, columns.first + i,
                                       smaller(REF_STRIP, columns.count - i)};
            load_values(rows, part, j, keys, strip);
            for (int32_t h = 0; h < heads; h++)
                add_strip(keys, part.count, strip, ref_sums_at(p, h * rows->count + j),
                          ref_sums_at(sum, h * columns.count + i));
        }
    }
}
