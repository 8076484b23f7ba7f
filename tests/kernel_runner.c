/* SPDX-License-Identifier: MIT */
#include "tests/kernel_runner.h"

#include "harness/problem.h"
#include "harness/random.h"
#include "harness/verify.h"
#include "reference/reference.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 7, STREAM_SINKS = 900, STREAM_TOP_K = 901, STREAM_PAGES = 902, SPARE_PAGES = 2 };

struct inputs runner_inputs(const struct shape *s, int threads)
{
    struct bench_case c = {.cached = s->cached,
                           .new_tokens = s->new_tokens,
                           .batch = s->batch,
                           .ragged = s->ragged,
                           .threads = threads};
    struct model *m = &c.model;
    m->kind = s->kind == MLA_LATENT ? MODEL_MLA : MODEL_MHA;
    m->num_attention_heads = s->heads;
    m->num_key_value_heads = s->heads_kv;
    m->qk_nope_head_dim = s->nope;
    m->qk_rope_head_dim = s->rope;
    m->v_head_dim = s->v;
    m->kv_lora_rank = s->rank;
    m->causal = s->mask == MLA_CAUSAL;
    m->softmax_scale = 1 / sqrt(s->nope + s->rope);
    struct inputs inputs;
    struct mla_error error;
    cr_assert(inputs_create(&c, SEED, &inputs, &error) == 0, "%s", error.message);
    inputs_fill(&inputs, 1);
    return inputs;
}

static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    cr_assert(memory != NULL, "out of memory");
    return memory;
}

static float *sinks(const struct mla_problem *p)
{
    float *values = allocate(sizeof *values * (size_t)p->heads);
    random_normal(SEED, STREAM_SINKS, 0, p->heads, 2, values);
    return values;
}

/* For each query, distinct positions among its sequence's rows, and -1 in every fifth place. Some
 * lie behind the mask. */
static int32_t *top_k_indices(const struct inputs *inputs, int32_t top_k)
{
    const struct workload *w = &inputs->workload;
    int32_t *indices = allocate(sizeof *indices * (size_t)w->tokens * (size_t)top_k);
    for (int32_t i = 0; i < w->batch; i++)
        for (int64_t t = w->seqs[i].token; t < w->seqs[i].token + w->seqs[i].tokens; t++) {
            int64_t rows = w->seqs[i].kv_end;
            /* A stride that shares no factor with a prime count repeats nothing below it. */
            uint64_t start = random_below(SEED, STREAM_TOP_K, (uint64_t)t, (uint64_t)rows);
            for (int32_t k = 0; k < top_k; k++) {
                bool none = k % 5 == 4 || k >= rows;
                indices[t * top_k + k] =
                    none ? -1 : (int32_t)((start + (uint64_t)k) % (uint64_t)rows);
            }
        }
    return indices;
}

/* Block tables with shuffled pages. *pages receives how many there are. */
static int32_t *block_tables(struct mla_seq *seqs, int32_t batch, int64_t page_size, int64_t *pages)
{
    int64_t count = 0;
    for (int32_t i = 0; i < batch; i++)
        count += (seqs[i].kv_end + page_size - 1) / page_size;
    *pages = count + SPARE_PAGES;
    int32_t *table = allocate(sizeof *table * (size_t)*pages);
    for (int32_t i = 0; i < *pages; i++)
        table[i] = i;
    for (int64_t i = *pages - 1; i > 0; i--) {
        int64_t j = (int64_t)random_below(SEED, STREAM_PAGES, (uint64_t)i, (uint64_t)i + 1);
        int32_t page = table[i];
        table[i] = table[j];
        table[j] = page;
    }
    const int32_t *next = table;
    for (int32_t i = 0; i < batch; i++) {
        seqs[i].pages = next;
        next += (seqs[i].kv_end + page_size - 1) / page_size;
    }
    return table;
}

struct running {
    const struct inputs *inputs;
    const struct mla_kernel *kernel;
    const struct variation *variation;
    struct mla_problem problem;
    struct mla_seq *seqs; /* with all their rows */
    struct mla_memory memory;
    int threads;
};

static void store(const struct running *r)
{
    const struct workload *w = &r->inputs->workload;
    for (int32_t i = 0; i < w->batch; i++) {
        int64_t rows = r->seqs[i].kv_end;
        int64_t chunk = r->variation->chunk ? r->variation->chunk : rows;
        const float *first =
            (const float *)r->inputs->rows.data + workload_first_row(w, i) * r->inputs->width;
        for (int64_t at = 0; at < rows; at += chunk) {
            int64_t count = rows - at < chunk ? rows - at : chunk;
            int status = r->kernel->store(&r->problem, &r->memory, &r->seqs[i], at, count,
                                          first + at * r->inputs->width, r->threads);
            cr_assert(status == 0, "%s: store returned %d", r->kernel->name, status);
        }
    }
}

static void attend(const struct running *r, struct mla_call call, const struct mla_seq *seqs,
                   int32_t batch)
{
    call.seqs = seqs;
    call.batch = batch;
    int status = r->kernel->attend(&r->problem, &r->memory, &call);
    cr_assert(status == 0, "%s: attend returned %d", r->kernel->name, status);
}

static void attend_all(const struct running *r, const struct mla_call *call)
{
    const struct variation *v = r->variation;
    int32_t batch = r->inputs->workload.batch;
    struct mla_seq *seqs = allocate(sizeof *seqs * (size_t)batch);
    memcpy(seqs, r->seqs, sizeof *seqs * (size_t)batch);
    for (int32_t i = 0; i < batch; i++) {
        seqs[i].kv_begin = v->kv_begin;
        if (v->kv_end && v->kv_end < seqs[i].kv_end)
            seqs[i].kv_end = v->kv_end;
    }
    if (!v->query_by_query && !v->sequence_alone)
        attend(r, *call, seqs, batch);
    for (int32_t i = batch - 1; i >= 0 && (v->query_by_query || v->sequence_alone); i--) {
        if (!v->query_by_query) {
            attend(r, *call, &seqs[i], 1);
            continue;
        }
        for (int64_t t = 0; t < seqs[i].tokens; t++) {
            struct mla_seq one = seqs[i];
            one.token += t;
            one.position += t;
            one.tokens = 1;
            attend(r, *call, &one, 1);
        }
    }
    free(seqs);
}

void runner_attend(const struct inputs *inputs, const struct mla_kernel *kernel,
                   const struct variation *v, float *o, float *lse)
{
    struct running r = {.inputs = inputs, .kernel = kernel, .variation = v};
    struct workload placed = inputs->workload;
    r.problem = inputs->problem;
    r.problem.page_size = v->page_size;
    r.threads = v->threads ? v->threads : 1;
    r.problem.max_threads = r.threads;
    r.seqs = allocate(sizeof *r.seqs * (size_t)placed.batch);
    memcpy(r.seqs, placed.seqs, sizeof *r.seqs * (size_t)placed.batch);
    placed.seqs = r.seqs;
    struct mla_plan plan;
    cr_assert(kernel->plan(&r.problem, &plan) == 0, "%s: plan failed", kernel->name);
    workload_place(&placed, plan.slot_align, 1);
    r.problem.slots = placed.slots;
    int32_t *table = NULL;
    if (v->page_size) {
        int64_t pages;
        table = block_tables(r.seqs, placed.batch, v->page_size, &pages);
        r.problem.slots = pages * v->page_size;
    }
    cr_assert(kernel->plan(&r.problem, &plan) == 0, "%s: plan failed", kernel->name);
    void *prepared = allocate(plan.prepared);
    size_t cache_size = plan.cache_payload + plan.cache_padding;
    r.memory = (struct mla_memory){prepared, allocate(cache_size), allocate(plan.workspace)};
    memset(r.memory.cache, 0xFF, cache_size);
    memset(r.memory.workspace, 0xFF, plan.workspace);
    if (kernel->prepare)
        cr_assert(kernel->prepare(&r.problem, prepared, r.threads) == 0, "%s: prepare failed",
                  kernel->name);
    const struct mla_problem *p = &r.problem;
    memset(o, 0xFF, sizeof *o * (size_t)(p->max_tokens * p->heads * p->v_head_dim));
    memset(lse, 0xFF, sizeof *lse * (size_t)(p->max_tokens * p->heads));
    float *sink = v->sinks ? sinks(p) : NULL;
    int32_t *indices = v->top_k ? top_k_indices(inputs, v->top_k) : NULL;
    struct mla_call call = {.threads = r.threads,
                            .q = inputs->q.data,
                            .o = o,
                            .lse = lse,
                            .top_k_indices = indices,
                            .top_k = v->top_k,
                            .sinks = sink};
    store(&r);
    attend_all(&r, &call);
    if (kernel->release)
        kernel->release(p, prepared);
    free(indices);
    free(sink);
    free(prepared);
    free(r.memory.cache);
    free(r.memory.workspace);
    free(table);
    free(r.seqs);
}

bool runner_supports(const struct inputs *inputs, const struct mla_kernel *kernel,
                     const struct variation *v)
{
    struct mla_problem p = inputs->problem;
    p.page_size = v->page_size;
    const char *why = NULL;
    bool can = kernel->supports(&p, v->top_k > 0, v->sinks, &why);
    cr_assert(can || (why && why[0]), "%s refuses without a reason", kernel->name);
    return can;
}

/* The rows that one query attends, as indices into inputs->rows. */
static struct ref_rows attended(const struct inputs *inputs, const struct variation *v, int32_t i,
                                int64_t t, const int32_t *indices, int64_t *list)
{
    struct mla_seq seq = inputs->workload.seqs[i];
    seq.kv_begin = v->kv_begin;
    if (v->kv_end && v->kv_end < seq.kv_end)
        seq.kv_end = v->kv_end;
    int64_t keys = mla_keys(&inputs->problem, &seq, t), count = 0;
    int64_t first = workload_first_row(&inputs->workload, i);
    if (!indices) {
        for (; count < keys; count++)
            list[count] = first + seq.kv_begin + count;
    } else {
        for (int32_t k = 0; k < v->top_k; k++) {
            int64_t position = indices[(seq.token + t) * v->top_k + k];
            if (position >= seq.kv_begin && position < seq.kv_begin + keys)
                list[count++] = first + position;
        }
    }
    return (struct ref_rows){.f32 = inputs->rows.data, .index = list, .count = count};
}

static double ratio(double got, double exact, double allowed)
{
    if (got == exact)
        return 0;
    double r = fabs(got - exact) / allowed;
    return isfinite(got) && isfinite(r) ? r : INFINITY;
}

double runner_error(const struct inputs *inputs, const struct mla_kernel *kernel,
                    const struct variation *v, const float *o, const float *lse)
{
    const struct mla_problem *p = &inputs->problem;
    struct ref_dims dims;
    problem_ref_dims(p, &dims);
    int64_t q_width = (int64_t)p->heads * (p->qk_nope_head_dim + p->qk_rope_head_dim);
    int64_t outputs = (int64_t)p->heads * p->v_head_dim;
    double *memory =
        allocate(sizeof(double) * (size_t)(q_width + 2 * outputs + 3 * (int64_t)p->heads));
    double *q = memory, *sink = q + q_width;
    struct ref_output exact = {.o = sink + p->heads};
    exact.rms_o = exact.o + outputs;
    exact.lse = exact.rms_o + outputs;
    exact.rms_lse = exact.lse + p->heads;
    int64_t *list = allocate(sizeof *list * (size_t)(inputs->workload.max_keys + v->top_k + 1));
    float *sink_values = v->sinks ? sinks(p) : NULL;
    int32_t *indices = v->top_k ? top_k_indices(inputs, v->top_k) : NULL;
    for (int32_t h = 0; h < p->heads && sink_values; h++)
        sink[h] = sink_values[h];
    double worst = 0;
    for (int32_t i = 0; i < inputs->workload.batch; i++)
        for (int64_t t = 0; t < inputs->workload.seqs[i].tokens; t++) {
            int64_t token = inputs->workload.seqs[i].token + t;
            for (int64_t j = 0; j < q_width; j++)
                q[j] = ((const float *)inputs->q.data)[token * q_width + j];
            struct ref_rows rows = attended(inputs, v, i, t, indices, list);
            const double *s = sink_values ? sink : NULL;
            if (p->kind == MLA_LATENT)
                ref_attend_latent(REF_EXPANDED, &dims, p->wkv_b, q, &rows, s, &exact, 1);
            else
                ref_attend_kv(&dims, q, &rows, s, &exact, 1);
            double unit = kernel->unit_roundoff *
                          verify_growth(p, INPUT_RANDOM, kernel->unit_roundoff, rows.count);
            for (int64_t j = 0; j < outputs; j++)
                worst =
                    fmax(worst, ratio(o[token * outputs + j], exact.o[j], unit * exact.rms_o[j]));
            for (int32_t h = 0; h < p->heads; h++)
                worst = fmax(
                    worst, ratio(lse[token * p->heads + h], exact.lse[h], unit * exact.rms_lse[h]));
        }
    free(memory);
    free(list);
    free(sink_values);
    free(indices);
    return worst / VERIFY_LIMIT;
}
