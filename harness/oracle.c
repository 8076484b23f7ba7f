/* SPDX-License-Identifier: MIT */
#include "harness/oracle.h"

#include "harness/problem.h"
#include "harness/random.h"
#include "reference/reference.h"

#include <stdlib.h>
#include <string.h>

static int64_t answer_doubles(const struct mla_problem *p)
{
    return 2 * (int64_t)p->heads * (p->v_head_dim + 1);
}

struct oracle_answer oracle_answer(const struct oracle *oracle, const struct mla_problem *p,
                                   int64_t query)
{
    int64_t outputs = (int64_t)p->heads * p->v_head_dim;
    double *o = (double *)oracle->answers.data + query * answer_doubles(p);
    return (struct oracle_answer){.o = o,
                                  .scale_o = o + outputs,
                                  .lse = o + 2 * outputs,
                                  .scale_lse = o + 2 * outputs + p->heads};
}

/* The queries chosen so far, as marks over all of the case's tokens. */
struct choice {
    const struct inputs *inputs;
    bool *chosen; /* [workload.tokens] */
    double pairs; /* head-key pairs chosen */
    double budget;
    int64_t count;
};

static void choose(struct choice *choice, int32_t seq_index, int64_t token, bool always)
{
    const struct mla_problem *p = &choice->inputs->problem;
    const struct mla_seq *seq = &choice->inputs->workload.seqs[seq_index];
    if (token < 0 || token >= seq->tokens || choice->chosen[seq->token + token])
        return;
    double pairs = (double)p->heads * (double)mla_keys(p, seq, token);
    if (!always && choice->pairs + pairs > choice->budget)
        return;
    choice->chosen[seq->token + token] = true;
    choice->pairs += pairs;
    choice->count++;
}

static void choose_all(struct choice *choice)
{
    enum { BLOCK = 64, BLOCKS = 4, TRIES_PER_TOKEN = 2 };
    const struct workload *w = &choice->inputs->workload;
    for (int32_t i = 0; i < w->batch; i++) {
        choose(choice, i, 0, true);
        choose(choice, i, w->seqs[i].tokens - 1, true);
    }
    for (int32_t i = 0; i < w->batch; i++)
        for (int block = 1; block <= BLOCKS; block++)
            for (int offset = -1; offset <= 1; offset++)
                choose(choice, i, block * BLOCK + offset - 1 - w->seqs[i].position, false);
    uint64_t counter = 0;
    for (int64_t tries = TRIES_PER_TOKEN * w->tokens; tries > 0; tries--) {
        uint64_t seed = choice->inputs->seed;
        int32_t i = (int32_t)random_below(seed, RANDOM_SAMPLE, counter++, (uint64_t)w->batch);
        if (w->seqs[i].tokens == 0)
            continue;
        uint64_t tokens = (uint64_t)w->seqs[i].tokens;
        choose(choice, i, (int64_t)random_below(seed, RANDOM_SAMPLE, counter++, tokens), false);
    }
    /* Random draws repeat themselves: where all of them fit, take all of them. */
    for (int32_t i = 0; i < w->batch; i++)
        for (int64_t t = 0; t < w->seqs[i].tokens; t++)
            choose(choice, i, t, false);
}

static int64_t most_keys(const struct inputs *inputs, int32_t seq, int64_t token)
{
    int64_t keys = mla_keys(&inputs->problem, &inputs->workload.seqs[seq], token);
    return inputs->listed && inputs->listed < keys ? inputs->listed : keys;
}

int oracle_create(const struct inputs *inputs, double budget, struct oracle *oracle,
                  struct mla_error *error)
{
    const struct workload *w = &inputs->workload;
    *oracle = (struct oracle){.total = w->tokens};
    struct choice choice = {.inputs = inputs, .budget = budget};
    choice.chosen = calloc((size_t)w->tokens + 1, sizeof *choice.chosen);
    if (!choice.chosen)
        return mla_fail(error, MLA_MACHINE, "no memory to choose among %ld queries",
                        (long)w->tokens);
    choose_all(&choice);
    oracle->queries = calloc((size_t)choice.count + 1, sizeof *oracle->queries);
    if (!oracle->queries) {
        free(choice.chosen);
        return mla_fail(error, MLA_MACHINE, "no memory for %ld queries", (long)choice.count);
    }
    for (int32_t i = 0; i < w->batch; i++)
        for (int64_t t = 0; t < w->seqs[i].tokens; t++)
            if (choice.chosen[w->seqs[i].token + t])
                oracle->queries[oracle->count++] =
                    (struct oracle_query){.seq = i, .token = t, .keys = most_keys(inputs, i, t)};
    free(choice.chosen);
    size_t doubles = (size_t)oracle->count * (size_t)answer_doubles(&inputs->problem);
    int code = buffer_create(&oracle->answers, BUFFER_SHARED, sizeof(double) * doubles,
                             "the reference's answers", error);
    if (code)
        oracle_destroy(oracle);
    return code;
}

int oracle_like(const struct oracle *other, const struct inputs *inputs, struct oracle *oracle,
                struct mla_error *error)
{
    size_t count = (size_t)other->count;
    *oracle = (struct oracle){.count = other->count, .total = other->total};
    oracle->queries = malloc(sizeof *oracle->queries * (count + 1));
    if (!oracle->queries)
        return mla_fail(error, MLA_MACHINE, "no memory for %zu queries", count);
    memcpy(oracle->queries, other->queries, sizeof *oracle->queries * count);
    return buffer_create(&oracle->answers, BUFFER_PLAIN,
                         sizeof(double) * count * (size_t)answer_doubles(&inputs->problem),
                         "the reference's answers", error);
}

void oracle_destroy(struct oracle *oracle)
{
    free(oracle->queries);
    buffer_destroy(&oracle->answers);
    *oracle = (struct oracle){0};
}

/* What computing needs beside the inputs. */
struct computing {
    const struct inputs *inputs;
    struct ref_dims dims;
    int64_t q_width;
    double *q, *sinks;
    int64_t *index; /* [listed] */
    int threads;
};

/* The rows that the query's list names, of those that the mask leaves; as keys_of in
 * kernels/keys.h. */
static int64_t listed_rows(const struct inputs *inputs, const struct oracle_query *query,
                           int64_t *index)
{
    const struct mla_seq *seq = &inputs->workload.seqs[query->seq];
    const int32_t *list =
        (const int32_t *)inputs->top_k.data + (seq->token + query->token) * inputs->listed;
    int64_t end = seq->kv_begin + mla_keys(&inputs->problem, seq, query->token), count = 0;
    int64_t first = workload_first_row(&inputs->workload, query->seq);
    for (int32_t k = 0; k < inputs->listed; k++)
        if (list[k] >= seq->kv_begin && list[k] < end)
            index[count++] = first + list[k];
    return count;
}

static struct ref_rows rows_of(const struct computing *c, const struct oracle_query *query)
{
    const struct inputs *inputs = c->inputs;
    const struct mla_seq *seq = &inputs->workload.seqs[query->seq];
    if (inputs->listed)
        return (struct ref_rows){.f32 = inputs->rows.data,
                                 .index = c->index,
                                 .count = listed_rows(inputs, query, c->index)};
    return (struct ref_rows){.f32 = inputs_row(inputs, query->seq, seq->kv_begin),
                             .count = query->keys};
}

static int answer(const struct computing *c, struct oracle *oracle, int64_t number)
{
    const struct inputs *inputs = c->inputs;
    const struct mla_problem *p = &inputs->problem;
    const struct oracle_query *query = &oracle->queries[number];
    const struct mla_seq *seq = &inputs->workload.seqs[query->seq];
    const float *q = (const float *)inputs->q.data + (seq->token + query->token) * c->q_width;
    for (int64_t i = 0; i < c->q_width; i++)
        c->q[i] = q[i];
    struct ref_rows rows = rows_of(c, query);
    struct oracle_answer a = oracle_answer(oracle, p, number);
    struct ref_output out = {.o = a.o, .lse = a.lse};
    if (input_kind_arranged(inputs->kind)) {
        out.scale_o = a.scale_o;
        out.scale_lse = a.scale_lse;
    } else {
        out.rms_o = a.scale_o;
        out.rms_lse = a.scale_lse;
    }
    if (p->kind == MLA_LATENT)
        return ref_attend_latent(REF_ABSORBED, &c->dims, p->wkv_b, c->q, &rows, c->sinks, &out,
                                 c->threads);
    return ref_attend_kv(&c->dims, c->q, &rows, c->sinks, &out, c->threads);
}

int oracle_compute(struct oracle *oracle, const struct inputs *inputs, int threads,
                   struct mla_error *error)
{
    const struct mla_problem *p = &inputs->problem;
    struct computing c = {.inputs = inputs, .threads = threads};
    problem_ref_dims(p, &c.dims);
    c.q_width = (int64_t)p->heads * (p->qk_nope_head_dim + p->qk_rope_head_dim);
    double *memory = malloc(sizeof *memory * (size_t)(c.q_width + p->heads));
    c.index = malloc(sizeof *c.index * ((size_t)inputs->listed + 1));
    int code = memory && c.index ? 0 : -1;
    c.q = memory;
    if (!code && inputs->sinks.data) {
        c.sinks = memory + c.q_width;
        for (int32_t h = 0; h < p->heads; h++)
            c.sinks[h] = ((const float *)inputs->sinks.data)[h];
    }
    for (int64_t i = 0; i < oracle->count && code == 0; i++)
        code = answer(&c, oracle, i);
    free(memory);
    free(c.index);
    return code ? mla_fail(error, MLA_MACHINE, "no memory for the reference") : 0;
}
