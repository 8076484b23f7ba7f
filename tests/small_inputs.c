/* SPDX-License-Identifier: MIT */
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <math.h>

enum { SEED = 7 };

struct inputs inputs_with(const struct shape *s, const struct extras *extras, int threads)
{
    static const struct extras none;
    const struct extras *e = extras ? extras : &none;
    struct bench_case c = {.cached = s->cached,
                           .new_tokens = s->new_tokens,
                           .batch = s->batch,
                           .ragged = s->ragged,
                           .threads = threads,
                           .page_size = e->page_size,
                           .top_k = e->top_k,
                           .sinks = e->sinks};
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
    for (int32_t i = 0; i < inputs.workload.batch; i++)
        inputs.workload.seqs[i].kv_begin = e->kv_begin;
    inputs_fill(&inputs, 1);
    return inputs;
}

struct inputs inputs_of(const struct shape *shape, int threads)
{
    return inputs_with(shape, NULL, threads);
}
