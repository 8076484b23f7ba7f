/* SPDX-License-Identifier: MIT
 *
 * The derivative of attention for one query. MLA is taken in the absorbed order, where the latent
 * row is every head's key and its c_kv part every head's value, as in MQA: with q' = Wuk^T q_nope
 * and g' = Wuv^T grad_o,
 *   s_j = scale [q' | q_rope] . row_j;  grad_o . v_j = g' . c_j
 *   grad_row_j += scale grad_s_j [q' | q_rope], grad_c_j += p_j g'
 *   grad_q_nope = scale Wuk sum_j grad_s_j c_j
 *   grad_Wuk += scale q_nope (sum_j grad_s_j c_j)^T;  grad_Wuv += grad_o (sum_j p_j c_j)^T */
#include "reference/backward.h"
#include "reference/terms.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* One call. Of each row a head's key is `keys` columns and its value `values` columns. */
struct task {
    const struct ref_dims *dims;
    const float *wkv_b;
    const struct ref_rows *rows;
    const double *sinks;
    const struct ref_attend_gradient *out;
    int64_t width, keys, values;
    int64_t nope, qk, v;
    const double *q, *grad_o; /* as the caller gave them */
    struct terms query, grad; /* [heads][keys], [heads][values]: absorbed, if latent */
    struct terms p, grad_s;   /* [heads][count] */
    struct terms key_sums,
        value_sums; /* [heads][keys] of grad_s_j k_j, [heads][values] of p_j v_j */
    double *room;   /* [heads][keys + values], for rows in fp32 */
};

static int64_t key_column(const struct task *task, int32_t head)
{
    if (task->wkv_b)
        return 0;
    return head / (task->dims->heads / task->dims->heads_kv) * (task->qk + task->v);
}

static int64_t value_column(const struct task *task, int32_t head)
{
    return key_column(task, head) + (task->wkv_b ? 0 : task->qk);
}

static int64_t row_start(const struct task *task, int64_t j)
{
    return (task->rows->index ? task->rows->index[j] : j) * task->width;
}

/* Columns of row j: where they lie or, fp32 ones, converted into `room`. */
static const double *columns(const struct task *task, int64_t j, int64_t first, int64_t count,
                             double *room)
{
    int64_t at = row_start(task, j) + first;
    if (task->rows->f64)
        return task->rows->f64 + at;
    for (int64_t i = 0; i < count; i++)
        room[i] = task->rows->f32[at + i];
    return room;
}

static const float *wuk(const struct task *task, int32_t head)
{
    return task->wkv_b + head * (task->nope + task->v) * task->dims->kv_lora_rank;
}

/* y [c] = W^T x, W [n][c]. */
static void absorb(int64_t n, int64_t c, const float *w, const double *x, struct terms y)
{
    for (int64_t d = 0; d < n; d++)
        for (int64_t i = 0; i < c; i++) {
            double term = w[d * c + i] * x[d];
            y.value[i] += term;
            if (y.square)
                y.square[i] += term * term;
        }
}

/* What is multiplied with keys and with values. */
static void head_factors(const struct task *task, int32_t head, struct terms query,
                         struct terms grad)
{
    const double *q = task->q + head * task->qk, *grad_o = task->grad_o + head * task->v;
    int64_t c = task->dims->kv_lora_rank;
    if (!task->wkv_b) {
        terms_copy(task->qk, q, query);
        terms_copy(task->v, grad_o, grad);
        return;
    }
    absorb(task->nope, c, wuk(task, head), q, query);
    terms_copy(task->qk - task->nope, q + task->nope, terms_at(query, c));
    absorb(task->v, c, wuk(task, head) + task->nope * c, grad_o, grad);
}

/* Scores to weights; returns lse. */
static double softmax(int64_t count, double sink, double *s)
{
    double max = sink;
    for (int64_t j = 0; j < count; j++)
        max = s[j] > max ? s[j] : max;
    double sum = exp(sink - max);
    for (int64_t j = 0; j < count; j++)
        sum += exp(s[j] - max);
    for (int64_t j = 0; j < count; j++)
        s[j] = exp(s[j] - max) / sum;
    return max + log(sum);
}

/* From b_j to (p_j e_j)^2. */
static void weight_scales(int64_t count, double sink, double lse, struct terms p)
{
    double sink_b = sink > -INFINITY ? exp(sink - lse) * fabs(sink) : 0, squares = sink_b * sink_b;
    for (int64_t j = 0; j < count; j++)
        squares += p.value[j] * p.value[j] * p.square[j] * p.square[j];
    for (int64_t j = 0; j < count; j++) {
        double scale = p.value[j] * (1 + p.square[j] + sqrt(squares) + fabs(lse));
        p.square[j] = scale * scale;
    }
}

static void find_weights(const struct task *task, int32_t head, double *room)
{
    int64_t count = task->rows->count;
    double scale = task->dims->scale, square;
    struct terms query = terms_at(task->query, head * task->keys);
    struct terms p = terms_at(task->p, head * count);
    for (int64_t j = 0; j < count; j++) {
        const double *key = columns(task, j, key_column(task, head), task->keys, room);
        p.value[j] = scale * terms_product(task->keys, query, key, &square);
        if (p.square)
            p.square[j] = fabs(p.value[j]) + scale * sqrt(square);
    }
    double sink = task->sinks ? task->sinks[head] : -INFINITY;
    double lse = softmax(count, sink, p.value);
    if (p.square)
        weight_scales(count, sink, lse, p);
}

/* sum_j p_j v_j, and grad_s_j = p_j (grad_o . v_j - D) with the square of its scale, f_j^2. */
static void find_score_gradients(const struct task *task, int32_t head, double *room)
{
    int64_t count = task->rows->count, values = task->values;
    struct terms p = terms_at(task->p, head * count), grad_s = terms_at(task->grad_s, head * count);
    struct terms grad = terms_at(task->grad, head * values);
    struct terms sums = terms_at(task->value_sums, head * values);
    double squares, weighted = 0, square;
    for (int64_t j = 0; j < count; j++) {
        const double *value = columns(task, j, value_column(task, head), values, room);
        grad_s.value[j] = terms_product(values, grad, value, &square);
        terms_add(values, terms_at(p, j), value, sums);
        if (p.square && grad_s.square) {
            grad_s.square[j] = fabs(grad_s.value[j]) + sqrt(square);
            weighted += p.square[j] * grad_s.square[j] * grad_s.square[j];
        }
    }
    double d = terms_product(values, grad, sums.value, &squares);
    double scale_d = fabs(d) + sqrt(squares) + sqrt(weighted);
    for (int64_t j = 0; j < count; j++) {
        double difference = grad_s.value[j] - d;
        grad_s.value[j] = p.value[j] * difference;
        if (p.square && grad_s.square) {
            double scale =
                sqrt(p.square[j]) * fabs(difference) + p.value[j] * (grad_s.square[j] + scale_d);
            grad_s.square[j] = scale * scale;
        }
    }
}

/* grad_W += factor x y^T for a head's [n][c] part of Wkv_b from `first` on. */
static void add_outer(const struct task *task, int64_t first, int64_t n, double factor,
                      const double *x, struct terms y)
{
    int64_t c = task->dims->kv_lora_rank;
    for (int64_t d = 0; d < n; d++) {
        double value = factor * x[d], square = value * value;
        struct terms grad = {task->out->grad_wkv_b + first + d * c,
                             y.square ? task->out->square_wkv_b + first + d * c : NULL};
        for (int64_t i = 0; i < c; i++)
            grad.value[i] += value * y.value[i];
        for (int64_t i = 0; i < c && y.square; i++)
            grad.square[i] += square * y.square[i];
    }
}

/* From scale sum_j grad_s_j k_j to grad_q, which with latent keys goes through Wuk. */
static void finish_query(const struct task *task, int32_t head, struct terms sums)
{
    int64_t c = task->dims->kv_lora_rank, first = head * task->qk;
    double scale = task->dims->scale;
    for (int64_t d = 0; d < task->qk; d++) {
        double value = 0, square = 0;
        if (!task->wkv_b || d >= task->nope) {
            int64_t i = task->wkv_b ? c + d - task->nope : d;
            value = sums.value[i];
            square = sums.square ? sums.square[i] : 0;
        } else {
            const float *w = wuk(task, head) + d * c;
            for (int64_t i = 0; i < c; i++)
                value += w[i] * sums.value[i];
            for (int64_t i = 0; i < c && sums.square; i++)
                square += (double)w[i] * w[i] * sums.square[i];
        }
        task->out->grad_q[first + d] = scale * value;
        if (sums.square)
            task->out->square_q[first + d] = scale * scale * square;
    }
}

/* All of a head's but its part in grad_rows, which heads share. */
static void differentiate_head(const struct task *task, int32_t head)
{
    int64_t count = task->rows->count, keys = task->keys;
    double *room = task->room + head * (keys + task->values);
    struct terms sums = terms_at(task->key_sums, head * keys);
    head_factors(task, head, terms_at(task->query, head * keys),
                 terms_at(task->grad, head * task->values));
    find_weights(task, head, room);
    find_score_gradients(task, head, room);
    for (int64_t j = 0; j < count; j++)
        terms_add(keys, terms_at(task->grad_s, head * count + j),
                  columns(task, j, key_column(task, head), keys, room), sums);
    finish_query(task, head, sums);
    if (!task->wkv_b)
        return;
    int64_t first = wuk(task, head) - task->wkv_b;
    add_outer(task, first, task->nope, task->dims->scale, task->q + head * task->qk, sums);
    add_outer(task, first + task->nope * task->dims->kv_lora_rank, task->v, 1,
              task->grad_o + head * task->v, terms_at(task->value_sums, head * task->values));
}

/* Adds, for the columns begin .. end - 1, factor a x to the columns of a row from `first` on. */
static void add_columns(const struct task *task, int64_t row, int64_t begin, int64_t end,
                        double factor, struct terms a, int64_t first, int64_t count, struct terms x)
{
    begin = begin > first ? begin : first;
    end = end < first + count ? end : first + count;
    for (int64_t i = begin; i < end; i++) {
        task->out->grad_rows[row + i] += factor * *a.value * x.value[i - first];
        if (x.square && a.square)
            task->out->square_rows[row + i] += factor * factor * *a.square * x.square[i - first];
    }
}

static void differentiate_columns(const struct task *task, int64_t begin, int64_t end)
{
    int64_t count = task->rows->count;
    for (int64_t j = 0; j < count; j++)
        for (int32_t h = 0; h < task->dims->heads; h++) {
            add_columns(task, row_start(task, j), begin, end, task->dims->scale,
                        terms_at(task->grad_s, h * count + j), key_column(task, h), task->keys,
                        terms_at(task->query, h * task->keys));
            add_columns(task, row_start(task, j), begin, end, 1, terms_at(task->p, h * count + j),
                        value_column(task, h), task->values,
                        terms_at(task->grad, h * task->values));
        }
}

int ref_attend_backward(const struct ref_dims *dims, const float *wkv_b, const double *q,
                        const struct ref_rows *rows, const double *sinks, const double *grad_o,
                        const struct ref_attend_gradient *out, int threads)
{
    int64_t qk = dims->qk_nope_head_dim + dims->qk_rope_head_dim, v = dims->v_head_dim;
    int64_t latent = dims->kv_lora_rank + dims->qk_rope_head_dim;
    struct task task = {.dims = dims,
                        .wkv_b = wkv_b,
                        .rows = rows,
                        .sinks = sinks,
                        .out = out,
                        .width = wkv_b ? latent : dims->heads_kv * (qk + v),
                        .keys = wkv_b ? latent : qk,
                        .values = wkv_b ? dims->kv_lora_rank : v,
                        .nope = dims->qk_nope_head_dim,
                        .qk = qk,
                        .v = v,
                        .q = q,
                        .grad_o = grad_o};
    const struct {
        struct terms *terms;
        int64_t each; /* per head */
    } parts[] = {{&task.query, task.keys},    {&task.grad, task.values},
                 {&task.p, rows->count},      {&task.grad_s, rows->count},
                 {&task.key_sums, task.keys}, {&task.value_sums, task.values}};
    enum { PARTS = sizeof parts / sizeof parts[0], STRIP = 32 };
    int64_t each = task.keys + task.values;
    for (int i = 0; i < PARTS; i++)
        each += 2 * parts[i].each;
    double *memory = calloc((size_t)(dims->heads * each), sizeof *memory);
    if (!memory)
        return -ENOMEM;
    double *next = memory;
    for (int i = 0; i < PARTS; i++)
        *parts[i].terms = terms_take(&next, dims->heads * parts[i].each, out->square_q != NULL);
    task.room = next;
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int32_t h = 0; h < dims->heads; h++)
        differentiate_head(&task, h);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int64_t first = 0; first < task.width; first += STRIP)
        differentiate_columns(&task, first, first + STRIP);
    free(memory);
    return 0;
}
