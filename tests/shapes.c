/* SPDX-License-Identifier: MIT */
#include "tests/shapes.h"

#include <math.h>
#include <stdio.h>

enum { SEED = 7 };

static const struct extras none;

const struct mla_problem shape_v3 = {.kind = MLA_LATENT,
                                     .mask = MLA_CAUSAL,
                                     .heads = 128,
                                     .heads_kv = 128,
                                     .qk_nope_head_dim = 128,
                                     .qk_rope_head_dim = 64,
                                     .v_head_dim = 128,
                                     .kv_lora_rank = 512};

static struct model model_of(const struct shape *s, const struct extras *e)
{
    struct model m = {.kind = s->kind == MLA_LATENT ? MODEL_MLA : MODEL_MHA,
                      .num_attention_heads = s->heads,
                      .num_key_value_heads = s->heads_kv,
                      .qk_nope_head_dim = s->nope,
                      .qk_rope_head_dim = s->rope,
                      .v_head_dim = s->v,
                      .kv_lora_rank = s->rank,
                      .causal = s->mask == MLA_CAUSAL,
                      .softmax_scale = 1 / sqrt(s->nope + s->rope)};
    char kv_begin[24] = "";
    if (e->kv_begin)
        snprintf(kv_begin, sizeof kv_begin, ",from:%ld", (long)e->kv_begin);
    snprintf(m.name, sizeof m.name, "%s,heads:%d:%d,%d+%d,v:%d,rank:%d%s%s",
             m.kind == MODEL_MLA ? "latent" : "kv", s->heads, s->heads_kv, s->nope, s->rope, s->v,
             s->rank, m.causal ? "" : ",unmasked", kv_begin);
    return m;
}

static struct bench_case case_of(const struct shape *s, const struct extras *e, int threads)
{
    return (struct bench_case){.model = model_of(s, e),
                               .cached = s->cached,
                               .new_tokens = s->new_tokens,
                               .batch = s->batch,
                               .ragged = s->ragged,
                               .threads = threads,
                               .format = e->format,
                               .page_size = e->page_size,
                               .shared_prefix = e->shared_prefix,
                               .top_k = e->top_k,
                               .sinks = e->sinks,
                               .inputs = e->inputs};
}

int shape_inputs(const struct shape *shape, const struct extras *extras, int threads,
                 struct inputs *inputs, struct mla_error *error)
{
    const struct extras *e = extras ? extras : &none;
    struct bench_case c = case_of(shape, e, threads);
    int code = inputs_create(&c, SEED, inputs, error);
    if (code)
        return code;
    for (int32_t i = 0; i < inputs->workload.batch; i++)
        inputs->workload.seqs[i].kv_begin = e->kv_begin;
    inputs_fill(inputs, 1);
    return 0;
}

void shape_name(const struct shape *shape, const struct extras *extras, int threads,
                char name[CASE_NAME_MAX])
{
    struct bench_case c = case_of(shape, extras ? extras : &none, threads);
    case_name(&c, name);
}
