/* SPDX-License-Identifier: MIT */
#include "harness/oracle.h"

#include "harness/problem.h"
#include "harness/random.h"
#include "reference/reference.h"

#include <stdlib.h>

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
                                  .rms_o = o + outputs,
                                  .lse = o + 2 * outputs,
                                  .rms_lse = o + 2 * outputs + p->heads};
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
                oracle->queries[oracle->count++] = (struct oracle_query){
                    .seq = i, .token = t, .keys = mla_keys(&inputs->problem, &w->seqs[i], t)};
    free(choice.chosen);
    size_t doubles = (size_t)oracle->count * (size_t)answer_doubles(&inputs->problem);
    int code = buffer_create(&oracle->answers, BUFFER_SHARED, sizeof(double) * doubles,
                             "the reference's answers", error);
    if (code)
        oracle_destroy(oracle);
    return code;
}

void oracle_destroy(struct oracle *oracle)
{
    free(oracle->queries);
    buffer_destroy(&oracle->answers);
    *oracle = (struct oracle){0};
}

int oracle_compute(struct oracle *oracle, const struct inputs *inputs, int threads,
                   struct mla_error *error)
{
    const struct mla_problem *p = &inputs->problem;
    struct ref_dims dims;
    problem_ref_dims(p, &dims);
    int64_t q_width = (int64_t)p->heads * (p->qk_nope_head_dim + p->qk_rope_head_dim);
    double *q = malloc(sizeof *q * (size_t)q_width);
    int code = q ? 0 : -1;
    for (int64_t i = 0; i < oracle->count && code == 0; i++) {
        const struct oracle_query *query = &oracle->queries[i];
        const struct mla_seq *seq = &inputs->workload.seqs[query->seq];
        const float *given = (const float *)inputs->q.data + (seq->token + query->token) * q_width;
        for (int64_t j = 0; j < q_width; j++)
            q[j] = given[j];
        int64_t first = workload_first_row(&inputs->workload, query->seq) + seq->kv_begin;
        struct ref_rows rows = {.f32 = (const float *)inputs->rows.data + first * inputs->width,
                                .count = query->keys};
        struct oracle_answer a = oracle_answer(oracle, p, i);
        struct ref_output out = {.o = a.o, .lse = a.lse, .rms_o = a.rms_o, .rms_lse = a.rms_lse};
        if (p->kind == MLA_LATENT)
            code = ref_attend_latent(REF_ABSORBED, &dims, p->wkv_b, q, &rows, NULL, &out, threads);
        else
            code = ref_attend_kv(&dims, q, &rows, NULL, &out, threads);
    }
    free(q);
    if (code)
        return mla_fail(error, MLA_MACHINE, "no memory for the reference");
    return 0;
}
