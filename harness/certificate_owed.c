/* SPDX-License-Identifier: MIT
 *
 * The properties that attention has and every kernel owes. */
#include "harness/certificate_compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- keys split in two --- */

/* o and lse of the whole from those of two halves, into the first. */
static void merge(const struct property *c, struct trial *one, const struct trial *other)
{
    int64_t rows = c->subject->inputs->workload.tokens * property_heads(c);
    int64_t v = c->subject->inputs->problem.v_head_dim;
    float *o = one->o.data, *lse = one->lse.data;
    const float *other_o = other->o.data, *other_lse = other->lse.data;
    for (int64_t r = 0; r < rows; r++) {
        double a = lse[r], b = other_lse[r], top = fmax(a, b);
        if (isinf(top) && top < 0)
            continue; /* neither has a key: o = 0 and lse = -inf stand */
        double wa = exp(a - top), wb = exp(b - top);
        for (int64_t d = 0; d < v; d++)
            o[r * v + d] = (float)((wa * o[r * v + d] + wb * other_o[r * v + d]) / (wa + wb));
        lse[r] = (float)(top + log(wa + wb));
    }
}

static int split_at(struct property *c, int64_t position)
{
    char what[64];
    struct trial_way before = plain_way, after = plain_way;
    before.end_key = position;
    after.first_key = position;
    struct trial one, other;
    int code = property_run(c, c->subject->inputs, &before, &one);
    if (code) {
        trial_destroy(&one);
        return code;
    }
    code = property_run(c, c->subject->inputs, &after, &other);
    if (!code) {
        merge(c, &one, &other);
        snprintf(what, sizeof what, "split at key %ld", (long)position);
        code = property_within(c, &one, what);
    }
    trial_destroy(&other);
    trial_destroy(&one);
    return code;
}

int certify_split(struct property *c)
{
    const struct inputs *inputs = c->subject->inputs;
    if (inputs->sinks.data)
        return property_not_applicable(c, "each half would count the sink");
    const int64_t positions[] = {
        1, 16, 63, 64, inputs->workload.max_keys / 2, inputs->workload.max_keys - 1};
    int code = 0;
    for (size_t i = 0; i < sizeof positions / sizeof positions[0] && !code; i++)
        if (positions[i] > 0 && positions[i] < inputs->workload.max_keys)
            code = split_at(c, positions[i]);
    return code;
}

/* --- heads permuted --- */

/* Reverses `count` blocks of `size` bytes. */
static void reverse(void *blocks, int64_t count, size_t size)
{
    char *a = blocks, *b = (char *)blocks + (size_t)(count - 1) * size;
    for (; a < b; a += size, b -= size)
        for (size_t i = 0; i < size; i++) {
            char byte = a[i];
            a[i] = b[i];
            b[i] = byte;
        }
}

static void reverse_heads(struct inputs *inputs)
{
    const struct mla_problem *p = &inputs->problem;
    int64_t qk = p->qk_nope_head_dim + p->qk_rope_head_dim;
    float *q = inputs->q.data, *rows = inputs->rows.data;
    for (int64_t t = 0; t < inputs->workload.tokens; t++)
        reverse(q + t * p->heads * qk, p->heads, sizeof *q * (size_t)qk);
    if (p->kind == MLA_LATENT)
        reverse(inputs->wkv_b.data, p->heads,
                sizeof(float) * (size_t)(p->qk_nope_head_dim + p->v_head_dim) *
                    (size_t)p->kv_lora_rank);
    for (int64_t r = 0; r < inputs->workload.rows && p->kind == MLA_KV; r++)
        reverse(rows + r * inputs->width, p->heads_kv, sizeof *rows * (size_t)(qk + p->v_head_dim));
    if (inputs->sinks.data)
        reverse(inputs->sinks.data, p->heads, sizeof(float));
}

int certify_heads(struct property *c)
{
    struct inputs permuted;
    struct trial trial;
    int64_t heads = property_heads(c), tokens = c->subject->inputs->workload.tokens;
    if (heads < 2)
        return property_not_applicable(c, "the model has one head");
    int code = inputs_copy(c->subject->inputs, &permuted, c->why);
    if (code)
        return code;
    reverse_heads(&permuted);
    code = property_run(c, &permuted, &plain_way, &trial);
    /* What a lossy cache made of the permuted rows has an oracle of its own, in their order. */
    bool lossy = permuted.problem.format != MLA_FP32;
    if (!code && lossy)
        code = property_within(c, &trial, "heads reversed");
    if (!code && !lossy) {
        int64_t v = property_o_width(c) / heads;
        for (int64_t t = 0; t < tokens; t++) {
            reverse((float *)trial.o.data + t * heads * v, heads, sizeof(float) * (size_t)v);
            reverse((float *)trial.lse.data + t * heads, heads, sizeof(float));
        }
        code = property_within(c, &trial, "heads reversed");
    }
    trial_destroy(&trial);
    inputs_destroy_copy(&permuted);
    return code;
}

/* --- positions shifted --- */

static int shift_by(struct property *c, int64_t shift)
{
    char what[64];
    struct trial trial;
    struct trial_way way = plain_way;
    way.shift = shift;
    way.sparse_memory = true;
    int code = property_run(c, c->subject->inputs, &way, &trial);
    if (!code) {
        snprintf(what, sizeof what, "positions shifted by %ld", (long)shift);
        code = property_within(c, &trial, what);
    }
    trial_destroy(&trial);
    return code;
}

int certify_positions(struct property *c)
{
    const struct inputs *inputs = c->subject->inputs;
    if (inputs->listed)
        return property_not_applicable(c, "the lists name positions");
    struct placement placed;
    int code = placement_create(inputs, c->subject->kernel, 0, 0, &placed, c->why);
    if (code) {
        c->outcome = code == MLA_FAILED ? CERTIFIED_BROKEN : c->outcome;
        return code;
    }
    int64_t step = inputs->problem.page_size ? inputs->problem.page_size : placed.plan.slot_align;
    placement_destroy(&placed);
    int64_t most = c->subject->max_position_embeddings - inputs->workload.max_keys;
    const int64_t shifts[] = {step, 1000, most};
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0] && !code; i++)
        if (shifts[i] >= step && shifts[i] <= most)
            code = shift_by(c, shifts[i] / step * step);
    return code;
}

/* --- what must have no effect --- */

/* Whether rows first .. last of o and lse have the same bits in both. */
static bool same_rows(const struct property *c, const struct trial *a, const struct trial *b,
                      int64_t first, int64_t last)
{
    int64_t o = property_o_width(c), lse = property_heads(c), rows = last - first + 1;
    return memcmp((float *)a->o.data + first * o, (float *)b->o.data + first * o,
                  sizeof(float) * (size_t)(rows * o)) == 0 &&
           memcmp((float *)a->lse.data + first * lse, (float *)b->lse.data + first * lse,
                  sizeof(float) * (size_t)(rows * lse)) == 0;
}

static int without_effect(struct property *c, const struct inputs *changed,
                          int64_t (*unaffected)(const struct inputs *, int32_t seq),
                          const char *what)
{
    struct trial plain, other;
    const struct workload *w = &changed->workload;
    int code = property_run(c, c->subject->inputs, &plain_way, &plain);
    if (code) {
        trial_destroy(&plain);
        return code;
    }
    code = property_run(c, changed, &plain_way, &other);
    for (int32_t i = 0; i < w->batch && !code; i++) {
        int64_t count = unaffected(changed, i), first = w->seqs[i].token;
        if (count > 0 && !same_rows(c, &plain, &other, first, first + count - 1))
            code = property_broken(c, "%s changes o or lse of sequence %d", what, i);
    }
    trial_destroy(&other);
    trial_destroy(&plain);
    return code;
}

/* The first half of a sequence's new tokens: the rows of the others come later. */
static int64_t earlier_half(const struct inputs *inputs, int32_t seq)
{
    return (inputs->workload.seqs[seq].tokens + 1) / 2;
}

int certify_future(struct property *c)
{
    const struct inputs *inputs = c->subject->inputs;
    struct inputs changed;
    if (inputs->problem.mask != MLA_CAUSAL)
        return property_not_applicable(c, "the layer is not causal");
    int code = inputs_copy(inputs, &changed, c->why);
    if (code)
        return code;
    for (int32_t i = 0; i < inputs->workload.batch; i++) {
        const struct mla_seq *seq = &inputs->workload.seqs[i];
        for (int64_t j = seq->position + earlier_half(inputs, i); j < seq->kv_end; j++)
            for (int64_t d = 0; d < inputs->width; d++)
                inputs_row(&changed, i, j)[d] *= -100;
    }
    code = without_effect(c, &changed, earlier_half, "what later tokens hold");
    inputs_destroy_copy(&changed);
    return code;
}

static int64_t of_the_first(const struct inputs *inputs, int32_t seq)
{
    return seq == 0 ? inputs->workload.seqs[0].tokens : 0;
}

int certify_others(struct property *c)
{
    const struct inputs *inputs = c->subject->inputs;
    const struct workload *w = &inputs->workload;
    struct inputs changed;
    if (w->batch < 2)
        return property_not_applicable(c, "the case has one sequence");
    int code = inputs_copy(inputs, &changed, c->why);
    if (code)
        return code;
    int64_t own_q = w->seqs[0].tokens * property_heads(c) *
                    (inputs->problem.qk_nope_head_dim + inputs->problem.qk_rope_head_dim);
    for (int64_t i = own_q; i < (int64_t)(changed.q.size / sizeof(float)); i++)
        ((float *)changed.q.data)[i] = NAN;
    for (int64_t i = w->seqs[0].kv_end * inputs->width; i < w->rows * inputs->width; i++)
        ((float *)changed.rows.data)[i] = NAN;
    code = without_effect(c, &changed, of_the_first, "what other sequences hold");
    inputs_destroy_copy(&changed);
    return code;
}

/* --- no key --- */

int certify_lse(struct property *c)
{
    const struct inputs *inputs = c->subject->inputs;
    const float *sinks = inputs->sinks.data;
    struct trial trial;
    struct trial_way way = plain_way;
    way.first_key = inputs->workload.max_keys + 5;
    int code = property_run(c, inputs, &way, &trial);
    const float *o = trial.o.data, *lse = trial.lse.data;
    int64_t heads = property_heads(c), width = property_o_width(c);
    for (int64_t i = 0; i < inputs->workload.tokens * heads && !code; i++) {
        float expected = sinks ? sinks[i % heads] : -INFINITY;
        bool right =
            lse[i] == expected ||
            (isfinite(expected) && fabsf(lse[i] - expected) <= 1e-6F * (1 + fabsf(expected)));
        if (!right)
            code = property_broken(c, "without a key lse is %g instead of %g (row %ld, head %ld)",
                                   (double)lse[i], (double)expected, (long)(i / heads),
                                   (long)(i % heads));
    }
    for (int64_t i = 0; i < inputs->workload.tokens * width && !code; i++)
        if (o[i] != 0)
            code = property_broken(c, "without a key o is %g instead of 0 (row %ld)", (double)o[i],
                                   (long)(i / width));
    trial_destroy(&trial);
    return code;
}

/* --- NaN --- */

/* The first sequence that has a new token. */
static int32_t first_with_tokens(const struct workload *w)
{
    int32_t i = 0;
    while (w->seqs[i].tokens == 0)
        i++;
    return i;
}

/* Whether o and lse of a row [token][head] are NaN throughout. */
static bool is_nan(const struct property *c, const struct trial *t, int64_t row)
{
    int64_t v = c->subject->inputs->problem.v_head_dim;
    bool all = isnan(((const float *)t->lse.data)[row]);
    for (int64_t d = 0; d < v; d++)
        all = all && isnan(((const float *)t->o.data)[row * v + d]);
    return all;
}

/* Whether a row [token][head] has the same bits in both. */
static bool same_row(const struct property *c, const struct trial *a, const struct trial *b,
                     int64_t row)
{
    int64_t v = c->subject->inputs->problem.v_head_dim;
    return memcmp((float *)a->lse.data + row, (float *)b->lse.data + row, sizeof(float)) == 0 &&
           memcmp((float *)a->o.data + row * v, (float *)b->o.data + row * v,
                  sizeof(float) * (size_t)v) == 0;
}

/* One NaN in a query of one head. */
static int poison_query(struct property *c, struct inputs *changed)
{
    struct trial plain, poisoned;
    const struct mla_problem *p = &changed->problem;
    const struct workload *w = &changed->workload;
    int64_t heads = p->heads;
    int64_t row = w->seqs[first_with_tokens(w)].token * heads + heads - 1;
    ((float *)changed->q.data)[row * (p->qk_nope_head_dim + p->qk_rope_head_dim)] = NAN;
    int code = property_run(c, c->subject->inputs, &plain_way, &plain);
    if (code) {
        trial_destroy(&plain);
        return code;
    }
    code = property_run(c, changed, &plain_way, &poisoned);
    if (!code && !is_nan(c, &poisoned, row))
        code = property_broken(c, "a NaN in a query does not make its o and lse NaN");
    for (int64_t r = 0; r < w->tokens * heads && !code; r++)
        if (r != row && !same_row(c, &poisoned, &plain, r))
            code = property_broken(c, "a NaN in one query changes row %ld, head %ld",
                                   (long)(r / heads), (long)(r % heads));
    trial_destroy(&poisoned);
    trial_destroy(&plain);
    return code;
}

/* A key and value that are NaN, which every query of the sequence attends. */
static int poison_row(struct property *c, struct inputs *changed)
{
    struct trial poisoned;
    int32_t seq = first_with_tokens(&changed->workload);
    int64_t heads = changed->problem.heads, first = changed->workload.seqs[seq].token * heads;
    for (int64_t d = 0; d < changed->width; d++)
        inputs_row(changed, seq, 0)[d] = NAN;
    int code = property_run(c, changed, &plain_way, &poisoned);
    for (int64_t r = 0; r < changed->workload.seqs[seq].tokens * heads && !code; r++)
        if (!is_nan(c, &poisoned, first + r))
            code = property_broken(c, "a key of NaN does not make o and lse NaN");
    trial_destroy(&poisoned);
    return code;
}

/* The first element of a key alone: of all heads' or, of keys and values, of the first group's. A
 * format may spread it over more than that, but not lose it. */
static int poison_element(struct property *c, struct inputs *changed)
{
    struct trial poisoned;
    const struct mla_problem *p = &changed->problem;
    int32_t seq = first_with_tokens(&changed->workload);
    int64_t heads = p->heads, first = changed->workload.seqs[seq].token * heads;
    int64_t its = p->kind == MLA_LATENT ? heads : heads / p->heads_kv;
    /* With keys of k_rope alone, c_kv is of the values only. */
    bool only_rope = p->kind == MLA_LATENT && p->qk_nope_head_dim == 0;
    inputs_row(changed, seq, 0)[only_rope ? p->kv_lora_rank : 0] = NAN;
    int code = property_run(c, changed, &plain_way, &poisoned);
    for (int64_t r = 0; r < changed->workload.seqs[seq].tokens * heads && !code; r++)
        if (r % heads < its && !is_nan(c, &poisoned, first + r))
            code = property_broken(c, "a NaN in a key does not make o and lse NaN");
    trial_destroy(&poisoned);
    return code;
}

int certify_nan(struct property *c)
{
    static int (*const poisons[])(struct property *, struct inputs *) = {poison_query, poison_row,
                                                                         poison_element};
    int code = 0;
    if (c->subject->inputs->listed)
        return property_not_applicable(c, "a list may leave the key out");
    for (size_t i = 0; i < sizeof poisons / sizeof poisons[0] && !code; i++) {
        struct inputs changed;
        code = inputs_copy(c->subject->inputs, &changed, c->why);
        if (code)
            return code;
        code = poisons[i](c, &changed);
        inputs_destroy_copy(&changed);
    }
    return code;
}
