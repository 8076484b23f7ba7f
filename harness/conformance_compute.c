/* SPDX-License-Identifier: MIT */
#include "harness/conformance_cases.h"
#include "harness/problem.h"
#include "harness/random.h"
#include "kernels/formats/bf16.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One case being computed. */
struct computation {
    const struct conformance_case *c;
    const struct conformance_model *m;
    const struct ref_layer_weights *w;
    struct ref_layer_dims dims;
    int64_t hidden, heads, qk, v, width; /* width: of a row */
    uint64_t seed;
    int threads;
    struct tensor_list *list;
    double *frequencies;
};

static void *add(const struct computation *k, const char *part, struct tensor shape)
{
    return tensor_list_add(k->list, k->c->name, part, shape);
}

/* --- attention --- */

/* o and lse of a number of queries, with the error scales on their way into smaller types. */
struct outputs {
    int64_t queries;
    double *o, *lse, *scale_o, *rms_o, *scale_lse, *rms_lse;
    uint16_t *codes_scale_o, *codes_rms_o;
    float *f32_scale_lse, *f32_rms_lse;
};

static bool outputs_begin(const struct computation *k, int64_t queries, struct outputs *out)
{
    int64_t per_query = k->heads * (k->v + 1);
    const struct tensor of_o = {TENSOR_F64, 3, {queries, k->heads, k->v}, NULL};
    const struct tensor of_lse = {TENSOR_F64, 2, {queries, k->heads}, NULL};
    struct tensor scale_o = of_o, scale_lse = of_lse;
    scale_o.type = TENSOR_BF16;
    scale_lse.type = TENSOR_F32;
    *out = (struct outputs){
        .queries = queries,
        .o = add(k, "o", of_o),
        .lse = add(k, "lse", of_lse),
        .codes_scale_o = add(k, "scale_o", scale_o),
        .codes_rms_o = add(k, "rms_o", scale_o),
        .f32_scale_lse = add(k, "scale_lse", scale_lse),
        .f32_rms_lse = add(k, "rms_lse", scale_lse),
        .scale_o = queries > 0 ? calloc((size_t)(2 * queries * per_query), sizeof(double)) : NULL,
    };
    if (!out->scale_o)
        return false;
    out->rms_o = out->scale_o + queries * k->heads * k->v;
    out->scale_lse = out->rms_o + queries * k->heads * k->v;
    out->rms_lse = out->scale_lse + queries * k->heads;
    return true;
}

static void outputs_end(const struct computation *k, struct outputs *out)
{
    bool whole = out->scale_o && !k->list->failed;
    for (int64_t i = 0; whole && i < out->queries * k->heads * k->v; i++) {
        float scale = (float)out->scale_o[i], rms = (float)out->rms_o[i];
        bf16_encode(1, &scale, &out->codes_scale_o[i]);
        bf16_encode(1, &rms, &out->codes_rms_o[i]);
    }
    for (int64_t i = 0; whole && i < out->queries * k->heads; i++) {
        out->f32_scale_lse[i] = (float)out->scale_lse[i];
        out->f32_rms_lse[i] = (float)out->rms_lse[i];
    }
    free(out->scale_o);
}

static int attend(const struct computation *k, const double *q, const struct ref_rows *rows,
                  const double *sinks, const struct ref_output *out)
{
    return ref_attend_latent(REF_EXPANDED, &k->dims.attention, k->w->kv_b_proj, q, rows, sinks, out,
                             k->threads);
}

/* Into the outputs' query t. */
static int attend_query(const struct computation *k, const double *q, const struct ref_rows *rows,
                        const double *sinks, const struct outputs *out, int64_t t)
{
    int64_t o = t * k->heads * k->v, lse = t * k->heads;
    const struct ref_output at = {.o = out->o + o,
                                  .lse = out->lse + lse,
                                  .scale_o = out->scale_o + o,
                                  .rms_o = out->rms_o + o,
                                  .scale_lse = out->scale_lse + lse,
                                  .rms_lse = out->rms_lse + lse};
    return attend(k, q, rows, sinks, &at);
}

/* --- a whole layer --- */

struct layer_tensors {
    float *x;
    int64_t *positions;
    double *q, *rows, *y;
    double *x64, *c_q; /* not in the list */
};

static int64_t tokens_of(const struct conformance_sequence *s)
{
    return (int64_t)s->cached + s->new_tokens;
}

/* Cases draw their hidden states from tokens of their own. */
static void fill_tokens(const struct computation *k, int64_t tokens, const struct layer_tensors *t)
{
    enum { APART = 1000 };
    float factor = k->c->x_factor != 0 ? k->c->x_factor : 1;
    hidden_states(&k->m->model, k->seed, APART * (k->c - conformance_cases), tokens, t->x);
    for (int64_t i = 0; i < tokens * k->hidden; i++) {
        t->x[i] *= factor;
        t->x64[i] = t->x[i];
    }
    int64_t *positions = t->positions;
    for (int s = 0; s < k->c->sequences; s++) {
        const struct conformance_sequence *sequence = &k->c->sequence[s];
        int64_t first = conformance_first_position(sequence, &k->m->model);
        for (int64_t j = 0; j < tokens_of(sequence); j++)
            *positions++ = first + j;
    }
}

/* x -> [c_kv | k_rope]. */
static void make_row(const struct computation *k, const double *x, int64_t position, double *row)
{
    int64_t rank = k->dims.attention.kv_lora_rank;
    ref_linear(1, k->hidden, k->width, k->w->kv_a_proj, x, row, NULL, k->threads);
    ref_rmsnorm(rank, k->dims.norm_eps, k->dims.kv_lora_gain, k->w->kv_a_layernorm, row, row, NULL);
    ref_rope_rotate(&k->dims.rope, k->frequencies, (double)position, row + rank, NULL);
}

/* x -> q of all heads. */
static void make_query(const struct computation *k, const double *x, int64_t position, double *c_q,
                       double *q)
{
    int64_t q_lora = k->dims.q_lora_rank;
    if (q_lora) {
        ref_linear(1, k->hidden, q_lora, k->w->q_a_proj, x, c_q, NULL, k->threads);
        ref_rmsnorm(q_lora, k->dims.norm_eps, k->dims.q_lora_gain, k->w->q_a_layernorm, c_q, c_q,
                    NULL);
        ref_linear(1, q_lora, k->heads * k->qk, k->w->q_b_proj, c_q, q, NULL, k->threads);
    } else {
        ref_linear(1, k->hidden, k->heads * k->qk, k->w->q_proj, x, q, NULL, k->threads);
    }
    for (int64_t h = 0; h < k->heads; h++)
        ref_rope_rotate(&k->dims.rope, k->frequencies, (double)position,
                        q + h * k->qk + k->dims.attention.qk_nope_head_dim, NULL);
}

/* The new tokens of sequence s, whose first token is number `first` of the case and whose first new
 * one is number `query` among those. */
static int run_sequence(const struct computation *k, const struct conformance_sequence *s,
                        int64_t first, int64_t query, const struct layer_tensors *t,
                        const struct outputs *out)
{
    const double *rows = t->rows + first * k->width;
    int code = 0;
    for (int64_t j = 0; j < tokens_of(s); j++)
        make_row(k, t->x64 + (first + j) * k->hidden, t->positions[first + j],
                 t->rows + (first + j) * k->width);
    for (int64_t j = s->cached; !code && j < tokens_of(s); j++, query++) {
        double *q = t->q + query * k->heads * k->qk;
        const struct ref_rows keys = {.f64 = rows, .count = j + 1};
        make_query(k, t->x64 + (first + j) * k->hidden, t->positions[first + j], t->c_q, q);
        code = attend_query(k, q, &keys, NULL, out, query);
        ref_linear(1, k->heads * k->v, k->hidden, k->w->o_proj, out->o + query * k->heads * k->v,
                   t->y + query * k->hidden, NULL, k->threads);
    }
    return code;
}

/* Where a paged cache has them: pages in random order, some of them nobody's. */
static void add_pages(const struct computation *k)
{
    enum { PAGES = 8, MOST = 2 };
    int64_t sequences = k->c->sequences;
    int32_t pages[PAGES], next = 0;
    int32_t *table = add(k, "block_table", (struct tensor){TENSOR_I32, 2, {sequences, MOST}, NULL});
    int32_t *lengths = add(k, "lengths", (struct tensor){TENSOR_I32, 1, {sequences}, NULL});
    int32_t *cached = add(k, "cached", (struct tensor){TENSOR_I32, 1, {sequences}, NULL});
    for (int32_t i = 0; i < PAGES; i++)
        pages[i] = i;
    random_shuffle(k->seed, RANDOM_PAGES, 0, pages, PAGES);
    for (int64_t s = 0; !k->list->failed && s < sequences; s++) {
        lengths[s] = (int32_t)tokens_of(&k->c->sequence[s]);
        cached[s] = k->c->sequence[s].cached;
        for (int32_t i = 0; i < MOST; i++)
            table[s * MOST + i] = i * k->c->page_size < lengths[s] ? pages[next++] : -1;
    }
}

static int run_layer(const struct computation *k)
{
    int64_t tokens = 0, queries = 0, first = 0, query = 0;
    for (int s = 0; s < k->c->sequences; s++) {
        tokens += tokens_of(&k->c->sequence[s]);
        queries += k->c->sequence[s].new_tokens;
    }
    struct layer_tensors t = {
        .x = add(k, "x", (struct tensor){TENSOR_F32, 2, {tokens, k->hidden}, NULL}),
        .positions = add(k, "positions", (struct tensor){TENSOR_I64, 1, {tokens}, NULL}),
        .q = add(k, "q", (struct tensor){TENSOR_F64, 3, {queries, k->heads, k->qk}, NULL}),
        .rows = add(k, "rows", (struct tensor){TENSOR_F64, 2, {tokens, k->width}, NULL}),
        .y = add(k, "y", (struct tensor){TENSOR_F64, 2, {queries, k->hidden}, NULL}),
        .x64 = malloc((size_t)(tokens * k->hidden + k->dims.q_lora_rank) * sizeof(double)),
    };
    struct outputs out;
    bool room = outputs_begin(k, queries, &out);
    if (k->c->page_size)
        add_pages(k);
    int code = room && t.x64 && !k->list->failed ? 0 : MLA_MACHINE;
    if (!code) {
        t.c_q = t.x64 + tokens * k->hidden;
        fill_tokens(k, tokens, &t);
    }
    for (int s = 0; !code && s < k->c->sequences; s++) {
        code = run_sequence(k, &k->c->sequence[s], first, query, &t, &out);
        first += tokens_of(&k->c->sequence[s]);
        query += k->c->sequence[s].new_tokens;
    }
    outputs_end(k, &out);
    free(t.x64);
    return code;
}

/* --- attention alone, with queries and rows of another case --- */

enum { LISTED = 4, MOST_QUERIES = 3, PARTS = 2 };

/* What each kind attends: its queries, each of which attends all rows up to its own unless listed.
 */
static const struct extra {
    int64_t queries;
    int64_t query[MOST_QUERIES];
    int32_t listed[MOST_QUERIES][LISTED];
} extras[] = {
    [CONFORMANCE_SINKS] = {2, {2, 4}, {{0}}},
    [CONFORMANCE_SPARSE] = {3, {3, 4, 4}, {{0, -1, 3, 1}, {4, -1, 2, -1}, {-1, -1, -1, -1}}},
    [CONFORMANCE_EMPTY] = {1, {4}, {{-1, -1, -1, -1}}},
    [CONFORMANCE_SPLIT] = {1, {4}, {{0}}},
};

static void add_sinks(const struct computation *k, double *sinks)
{
    float *stored = add(k, "sinks", (struct tensor){TENSOR_F32, 1, {k->heads}, NULL});
    if (!stored)
        return;
    random_normal(k->seed, RANDOM_SINKS, 0, k->heads, 2, stored);
    for (int64_t h = 0; h < k->heads; h++)
        sinks[h] = stored[h];
}

/* The keys of a list, in its order; `index` has room for them. */
static struct ref_rows listed_rows(const int32_t list[LISTED], const double *rows, int64_t *index)
{
    struct ref_rows keys = {.f64 = rows, .index = index};
    for (int i = 0; i < LISTED; i++)
        if (list[i] >= 0)
            index[keys.count++] = list[i];
    return keys;
}

static int run_parts(const struct computation *k, const double *q, const double *rows, int64_t keys)
{
    int64_t *split = add(k, "split", (struct tensor){TENSOR_I64, 2, {PARTS, 2}, NULL});
    double *o = add(k, "o_parts", (struct tensor){TENSOR_F64, 3, {PARTS, k->heads, k->v}, NULL});
    double *lse = add(k, "lse_parts", (struct tensor){TENSOR_F64, 2, {PARTS, k->heads}, NULL});
    int code = k->list->failed ? MLA_MACHINE : 0;
    for (int64_t i = 0; !code && i < PARTS; i++) {
        split[2 * i] = keys * i / PARTS;
        split[2 * i + 1] = keys * (i + 1) / PARTS;
        const struct ref_rows part = {.f64 = rows + split[2 * i] * k->width,
                                      .count = split[2 * i + 1] - split[2 * i]};
        const struct ref_output out = {.o = o + i * k->heads * k->v, .lse = lse + i * k->heads};
        code = attend(k, q, &part, NULL, &out);
    }
    return code;
}

static int run_queries(const struct computation *k, const struct extra *extra, const double *sinks,
                       const struct outputs *out)
{
    const double *q = tensor_list_find(k->list, k->c->of, "q")->data;
    const double *rows = tensor_list_find(k->list, k->c->of, "rows")->data;
    bool listed = k->c->kind == CONFORMANCE_SPARSE || k->c->kind == CONFORMANCE_EMPTY;
    int code = 0;
    for (int64_t t = 0; !code && t < extra->queries; t++) {
        int64_t query = extra->query[t], index[LISTED];
        const double *q_t = q + query * k->heads * k->qk;
        struct ref_rows keys = {.f64 = rows, .count = query + 1};
        if (listed)
            keys = listed_rows(extra->listed[t], rows, index);
        code = attend_query(k, q_t, &keys, sinks, out, t);
        if (!code && k->c->kind == CONFORMANCE_SPLIT)
            code = run_parts(k, q_t, rows, query + 1);
    }
    return code;
}

static int run_attention(const struct computation *k)
{
    const struct extra *extra = &extras[k->c->kind];
    struct outputs out;
    bool room = outputs_begin(k, extra->queries, &out), has_sinks = k->c->kind == CONFORMANCE_SINKS;
    int64_t *queries = add(k, "queries", (struct tensor){TENSOR_I64, 1, {extra->queries}, NULL});
    double *sinks = calloc((size_t)k->heads, sizeof *sinks);
    if (queries)
        memcpy(queries, extra->query, (size_t)extra->queries * sizeof *queries);
    if (k->c->kind == CONFORMANCE_SPARSE || k->c->kind == CONFORMANCE_EMPTY) {
        int32_t *top_k =
            add(k, "top_k", (struct tensor){TENSOR_I32, 2, {extra->queries, LISTED}, NULL});
        if (top_k)
            memcpy(top_k, extra->listed, (size_t)extra->queries * sizeof extra->listed[0]);
    }
    if (sinks && has_sinks)
        add_sinks(k, sinks);
    int code = room && sinks && !k->list->failed ? 0 : MLA_MACHINE;
    if (!code)
        code = run_queries(k, extra, has_sinks ? sinks : NULL, &out);
    outputs_end(k, &out);
    free(sinks);
    return code;
}

int conformance_compute(const struct conformance_model *m, const struct conformance_case *c,
                        uint64_t seed, int threads, struct tensor_list *list,
                        struct mla_error *error)
{
    struct computation k = {
        .c = c,
        .m = m,
        .w = &m->weights.named,
        .seed = seed,
        .threads = threads,
        .list = list,
    };
    model_ref_layer_dims(&m->model, &k.dims);
    k.hidden = k.dims.hidden_size;
    k.heads = k.dims.attention.heads;
    k.qk = k.dims.attention.qk_nope_head_dim + k.dims.attention.qk_rope_head_dim;
    k.v = k.dims.attention.v_head_dim;
    k.width = ref_layer_row_width(&k.dims);
    for (int s = 0; s < c->sequences; s++)
        if (tokens_of(&c->sequence[s]) > m->model.max_position_embeddings)
            return mla_fail(error, MLA_BAD_INPUT,
                            "%s: max_position_embeddings is %lld, accepted: %lld or more, which "
                            "the case %s has",
                            m->model.name, (long long)m->model.max_position_embeddings,
                            (long long)tokens_of(&c->sequence[s]), c->name);
    k.frequencies = malloc((size_t)(k.dims.rope.dim / 2) * sizeof *k.frequencies);
    if (k.frequencies)
        ref_rope_frequencies(&k.dims.rope, k.frequencies);
    int code = !k.frequencies                 ? MLA_MACHINE
               : c->kind == CONFORMANCE_LAYER ? run_layer(&k)
                                              : run_attention(&k);
    free(k.frequencies);
    return code ? mla_fail(error, MLA_MACHINE, "no memory for the case %s of %s", c->name,
                           m->model.name)
                : 0;
}
