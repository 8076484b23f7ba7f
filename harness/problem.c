/* SPDX-License-Identifier: MIT */
#include "harness/problem.h"

static const enum ref_layer_kind layer_kinds[] = {
    [MODEL_MLA] = REF_LAYER_MLA,
    [MODEL_MHA] = REF_LAYER_MHA,
    [MODEL_ARTICLE] = REF_LAYER_ARTICLE,
};

void model_problem(const struct model *model, enum mla_format format, struct mla_problem *problem)
{
    bool latent = model->kind != MODEL_MHA;
    *problem = (struct mla_problem){
        .kind = latent ? MLA_LATENT : MLA_KV,
        .format = format,
        .mask = model->causal ? MLA_CAUSAL : MLA_MASK_NONE,
        .heads = model->num_attention_heads,
        .heads_kv = latent ? model->num_attention_heads : model->num_key_value_heads,
        .qk_nope_head_dim = model->qk_nope_head_dim,
        .qk_rope_head_dim = model->qk_rope_head_dim,
        .v_head_dim = model->v_head_dim,
        .kv_lora_rank = latent ? model->kv_lora_rank : 0,
        .scale = (float)model->softmax_scale,
    };
}

void problem_ref_dims(const struct mla_problem *problem, struct ref_dims *dims)
{
    *dims = (struct ref_dims){
        .heads = problem->heads,
        .heads_kv = problem->heads_kv,
        .qk_nope_head_dim = problem->qk_nope_head_dim,
        .qk_rope_head_dim = problem->qk_rope_head_dim,
        .v_head_dim = problem->v_head_dim,
        .kv_lora_rank = problem->kv_lora_rank,
        .scale = problem->scale,
    };
}

void model_ref_dims(const struct model *model, struct ref_dims *dims)
{
    struct mla_problem problem;
    model_problem(model, MLA_FP32, &problem);
    problem_ref_dims(&problem, dims);
    dims->scale = model->softmax_scale;
}

void model_ref_layer_dims(const struct model *model, struct ref_layer_dims *dims)
{
    *dims = (struct ref_layer_dims){
        .kind = layer_kinds[model->kind],
        .hidden_size = model->hidden_size,
        .output_size = model->output_size,
        .q_lora_rank = model->kind == MODEL_MLA ? model->q_lora_rank : 0,
        .rope = model->rope,
        .norm_eps = model->norm_eps,
        .q_lora_gain = model->q_lora_gain,
        .kv_lora_gain = model->kv_lora_gain,
        .causal = model->causal,
    };
    model_ref_dims(model, &dims->attention);
}
