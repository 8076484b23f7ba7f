/* SPDX-License-Identifier: MIT */
#include "harness/input_arrange.h"

#include "harness/random.h"

#include <math.h>
#include <string.h>

/* The inputs with their dimensions at hand. */
struct arranging {
    struct inputs *inputs;
    const struct mla_problem *p;
    bool latent;
    int64_t nope, rope, qk, v, rank, heads;
    int64_t parts, part; /* of a row: heads_kv times [k | v], or one latent row */
};

static float *query(const struct arranging *a, int64_t token, int64_t head)
{
    return (float *)a->inputs->q.data + (token * a->heads + head) * a->qk;
}

/* A head's Wuk [nope][rank] followed by its Wuv [v][rank]. */
static float *weights(const struct arranging *a, int64_t head)
{
    return (float *)a->inputs->wkv_b.data + head * (a->nope + a->v) * a->rank;
}

static void scale_queries(const struct arranging *a, double nope_factor, double rope_factor)
{
    int64_t vectors = a->inputs->workload.tokens * a->heads;
    for (int64_t i = 0; i < vectors; i++) {
        float *q = (float *)a->inputs->q.data + i * a->qk;
        for (int64_t d = 0; d < a->qk; d++)
            q[d] *= (float)(d < a->nope ? nope_factor : rope_factor);
    }
}

/* Only one part of the scores is left, at the size that both had; all of them stay where the model
 * has no such part. */
static void keep_one_part(const struct arranging *a, bool rope)
{
    int64_t part = rope ? a->rope : a->nope;
    if (part == 0)
        return;
    double factor = sqrt((double)a->qk / (double)part);
    scale_queries(a, rope ? 0 : factor, rope ? factor : 0);
}

/* --- a score of one's choice for every key --- */

/* One element of every query and key is set apart, in the RoPE part if there is one: the query's is
 * 1 / scale, so that the key's is added to the score. With a latent and no RoPE part it is the
 * latent's first element, which the values then leave out. */
static int64_t channel_of_key(const struct arranging *a)
{
    if (a->latent)
        return a->rope ? a->rank : 0;
    return a->rope ? a->nope : 0;
}

static void open_channel(const struct arranging *a)
{
    int64_t element = a->rope ? a->nope : 0;
    for (int64_t i = 0; i < a->inputs->workload.tokens * a->heads; i++)
        ((float *)a->inputs->q.data)[i * a->qk + element] = 1 / a->p->scale;
    for (int64_t h = 0; h < a->heads && a->latent && a->rope == 0; h++) {
        memset(weights(a, h), 0, sizeof(float) * (size_t)a->rank);
        for (int64_t d = 0; d < a->nope + a->v; d++)
            weights(a, h)[d * a->rank] = d == 0 ? 1 : 0;
    }
}

static void set_scores(const struct arranging *a, double (*score)(int64_t position, int64_t rows))
{
    int64_t channel = channel_of_key(a);
    open_channel(a);
    for (int32_t i = 0; i < a->inputs->workload.batch; i++) {
        int64_t rows = a->inputs->workload.seqs[i].kv_end;
        for (int64_t j = 0; j < rows; j++)
            for (int64_t part = 0; part < a->parts; part++)
                inputs_row(a->inputs, i, j)[part * a->part + channel] = (float)score(j, rows);
    }
}

static double low(int64_t position, int64_t rows)
{
    (void)position;
    (void)rows;
    return -2.45e5;
}

/* What outweighs so many keys of random scores: their exponentials are e^2 on average. */
static double as_much_as(int64_t rows)
{
    return 2 + log((double)rows);
}

static double first(int64_t position, int64_t rows)
{
    return position == 0 ? as_much_as(rows) : 0;
}

static double last(int64_t position, int64_t rows)
{
    return position == rows - 1 ? 200 : 0;
}

static double far_above(int64_t position, int64_t rows)
{
    (void)rows;
    return position == 0 ? 30 : 0;
}

static double rising(int64_t position, int64_t rows)
{
    (void)rows;
    return (double)position;
}

/* --- queries aligned with keys of one's choice --- */

/* A head's key at a position, in double. */
static void key(const struct arranging *a, int32_t seq, int64_t position, int64_t head, double *k)
{
    const float *row = inputs_row(a->inputs, seq, position);
    if (!a->latent) {
        const float *part = row + head / (a->heads / a->parts) * a->part;
        for (int64_t d = 0; d < a->qk; d++)
            k[d] = part[d];
        return;
    }
    for (int64_t d = 0; d < a->nope; d++) {
        const float *w = weights(a, head) + d * a->rank;
        k[d] = 0;
        for (int64_t i = 0; i < a->rank; i++)
            k[d] += (double)w[i] * row[i];
    }
    for (int64_t d = 0; d < a->rope; d++)
        k[a->nope + d] = row[a->rank + d];
}

/* The first key, the last, those beside a block's edge, or any. */
static int64_t choose_target(const struct arranging *a, int64_t token, int64_t head, int64_t keys,
                             int which)
{
    enum { CHOICES = 5, EDGE = 64 };
    int64_t choice = (token + head + (int64_t)2 * which) % CHOICES;
    const int64_t targets[CHOICES] = {0, keys - 1, EDGE - 1, EDGE, -1};
    if (targets[choice] >= 0 && targets[choice] < keys)
        return targets[choice];
    uint64_t counter = 2 * (uint64_t)(token * a->heads + head) + (uint64_t)which;
    return (int64_t)random_below(a->inputs->seed, RANDOM_TARGETS, counter, (uint64_t)keys);
}

/* The sum of `targets` keys, each scaled to give itself a score of 40. */
static void align_query(const struct arranging *a, int32_t seq, int64_t t, int64_t head,
                        int targets, double *k)
{
    const double score = 40;
    const struct mla_seq *s = &a->inputs->workload.seqs[seq];
    int64_t keys = mla_keys(a->p, s, t);
    float *q = query(a, s->token + t, head);
    memset(q, 0, sizeof *q * (size_t)a->qk);
    for (int which = 0; which < targets && keys > 0; which++) {
        key(a, seq, choose_target(a, s->token + t, head, keys, which), head, k);
        double square = 0;
        for (int64_t d = 0; d < a->qk; d++)
            square += k[d] * k[d];
        for (int64_t d = 0; d < a->qk && square > 0; d++)
            q[d] += (float)(score / (a->p->scale * square) * k[d]);
    }
}

static void align_queries(const struct arranging *a, int targets)
{
    const struct workload *w = &a->inputs->workload;
    for (int32_t i = 0; i < w->batch; i++)
        for (int64_t t = 0; t < w->seqs[i].tokens; t++)
            for (int64_t h = 0; h < a->heads; h++)
                align_query(a, i, t, h, targets, a->inputs->scratch.data);
}

/* --- rows of a special make --- */

static void repeat_first_rows(const struct arranging *a)
{
    for (int32_t i = 0; i < a->inputs->workload.batch; i++)
        for (int64_t j = 1; j < a->inputs->workload.seqs[i].kv_end; j++)
            memcpy(inputs_row(a->inputs, i, j), inputs_row(a->inputs, i, 0),
                   sizeof(float) * (size_t)a->inputs->width);
}

/* Keys are the same in pairs; the values of a pair are large and cancel, but for what the second
 * had of its own. A latent makes both, so there the scores come from the RoPE part alone. */
static void cancel_pairs(const struct arranging *a)
{
    const float large = 1e4F;
    if (a->latent && a->rope)
        keep_one_part(a, true);
    else if (a->latent)
        scale_queries(a, 0, 0);
    int64_t key_first = a->latent ? a->rank : 0, key_count = a->latent ? a->rope : a->qk;
    int64_t value_first = a->latent ? 0 : a->qk, value_count = a->latent ? a->rank : a->v;
    for (int32_t i = 0; i < a->inputs->workload.batch; i++)
        for (int64_t j = 0; j + 1 < a->inputs->workload.seqs[i].kv_end; j += 2)
            for (int64_t part = 0; part < a->parts; part++) {
                float *one = inputs_row(a->inputs, i, j) + part * a->part;
                float *other = one + a->inputs->width;
                memcpy(other + key_first, one + key_first, sizeof *one * (size_t)key_count);
                for (int64_t d = value_first; d < value_first + value_count; d++) {
                    one[d] *= large;
                    other[d] -= one[d];
                }
            }
}

/* exp(-30) is 1e-13. The scores come from the channel alone, as a latent's values are its keys. */
static void make_faint(const struct arranging *a)
{
    const float large = 1e12F;
    scale_queries(a, 0, 0);
    set_scores(a, far_above);
    int64_t channel = channel_of_key(a);
    int64_t first_value = a->latent ? 0 : a->qk, values = a->latent ? a->rank : a->v;
    for (int32_t i = 0; i < a->inputs->workload.batch; i++)
        for (int64_t j = 1; j < a->inputs->workload.seqs[i].kv_end; j++)
            for (int64_t part = 0; part < a->parts; part++)
                for (int64_t d = first_value; d < first_value + values; d++)
                    if (d != channel)
                        inputs_row(a->inputs, i, j)[part * a->part + d] *= large;
}

static void scale_columns(const struct arranging *a, const double *factors)
{
    int64_t rows = a->inputs->workload.rows;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t part = 0; part < a->parts; part++)
            for (int64_t d = 0; d < a->part; d++)
                ((float *)a->inputs->rows.data)[r * a->inputs->width + part * a->part + d] *=
                    (float)factors[d];
}

static void make_denormal(const struct arranging *a)
{
    double *factors = a->inputs->scratch.data;
    for (int64_t d = 0; d < a->part; d++)
        factors[d] = d % 2 ? 1e-40 : 1;
    scale_columns(a, factors);
}

/* Powers of ten, taken off again where the column meets its partner: queries or weights. */
static void spread_magnitudes(const struct arranging *a)
{
    double *factors = a->inputs->scratch.data;
    for (int64_t d = 0; d < a->part; d++) {
        uint64_t decades = random_below(a->inputs->seed, RANDOM_COLUMNS, (uint64_t)d, 25);
        factors[d] = pow(10, (double)decades - 12);
    }
    scale_columns(a, factors);
    int64_t keys = a->latent ? a->rank : a->nope; /* where the RoPE part's factors begin */
    for (int64_t i = 0; i < a->inputs->workload.tokens * a->heads; i++)
        for (int64_t d = a->latent ? a->nope : 0; d < a->qk; d++)
            ((float *)a->inputs->q.data)[i * a->qk + d] /= (float)factors[keys + d - a->nope];
    for (int64_t d = 0; d < a->heads * (a->nope + a->v) && a->latent; d++)
        for (int64_t i = 0; i < a->rank; i++)
            ((float *)a->inputs->wkv_b.data)[d * a->rank + i] /= (float)factors[i];
}

/* Key j's value is 1 in dimension j and head h's is turned by h, both modulo the width. */
static void identify_latents(const struct arranging *a)
{
    int64_t m = a->v < a->rank ? a->v : a->rank;
    for (int32_t i = 0; i < a->inputs->workload.batch; i++)
        for (int64_t j = 0; j < a->inputs->workload.seqs[i].kv_end; j++) {
            float *row = inputs_row(a->inputs, i, j);
            memset(row, 0, sizeof *row * (size_t)a->rank);
            row[j % m] = 1;
        }
    for (int64_t h = 0; h < a->heads; h++)
        for (int64_t d = 0; d < a->v; d++) {
            float *w = weights(a, h) + (a->nope + d) * a->rank;
            memset(w, 0, sizeof *w * (size_t)a->rank);
            if (d < m)
                w[(d + h) % m] = 1;
        }
}

static void identify_values(const struct arranging *a)
{
    for (int32_t i = 0; i < a->inputs->workload.batch; i++)
        for (int64_t j = 0; j < a->inputs->workload.seqs[i].kv_end; j++)
            for (int64_t part = 0; part < a->parts; part++) {
                float *value = inputs_row(a->inputs, i, j) + part * a->part + a->qk;
                memset(value, 0, sizeof *value * (size_t)a->v);
                value[(j + part) % a->v] = 1;
            }
}

static void identify(const struct arranging *a)
{
    const double close = 0.125;
    scale_queries(a, close, close);
    if (a->latent)
        identify_latents(a);
    else
        identify_values(a);
}

void inputs_arrange(struct inputs *inputs)
{
    const struct mla_problem *p = &inputs->problem;
    struct arranging a = {
        .inputs = inputs,
        .p = p,
        .latent = p->kind == MLA_LATENT,
        .nope = p->qk_nope_head_dim,
        .rope = p->qk_rope_head_dim,
        .qk = p->qk_nope_head_dim + p->qk_rope_head_dim,
        .v = p->v_head_dim,
        .rank = p->kv_lora_rank,
        .heads = p->heads,
        .parts = p->kind == MLA_LATENT ? 1 : p->heads_kv,
    };
    a.part = inputs->width / a.parts;
    switch (inputs->kind) {
    case INPUT_UNIFORM:
        scale_queries(&a, 1e-3, 1e-3);
        break;
    case INPUT_ONE_HOT:
        align_queries(&a, 1);
        break;
    case INPUT_TWO_WAY:
        align_queries(&a, 2);
        break;
    case INPUT_HIGH_SCORES:
        scale_queries(&a, 5e3, 5e3);
        break;
    case INPUT_LOW_SCORES:
        set_scores(&a, low);
        break;
    case INPUT_EQUAL_ROWS:
        repeat_first_rows(&a);
        break;
    case INPUT_MAX_FIRST:
        set_scores(&a, first);
        break;
    case INPUT_MAX_LAST:
        set_scores(&a, last);
        break;
    case INPUT_RISING:
        set_scores(&a, rising);
        break;
    case INPUT_CANCELLING:
        cancel_pairs(&a);
        break;
    case INPUT_DENORMALS:
        make_denormal(&a);
        break;
    case INPUT_MAGNITUDES:
        spread_magnitudes(&a);
        break;
    case INPUT_ROPE_ONLY:
        keep_one_part(&a, true);
        break;
    case INPUT_NOPE_ONLY:
        keep_one_part(&a, false);
        break;
    case INPUT_IDENTIFY:
        identify(&a);
        break;
    case INPUT_FAINT:
        make_faint(&a);
        break;
    case INPUT_RANDOM:
    case INPUT_KINDS:
        break;
    }
}
