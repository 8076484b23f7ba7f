/* SPDX-License-Identifier: MIT */
#include "harness/layer_stages.h"

#include "harness/problem.h"

static void add(struct layer_plan *plan, struct layer_stage stage)
{
    plan->stages[plan->count++] = stage;
}

static void add_linear(struct layer_plan *plan, const char *name, enum layer_array in,
                       enum layer_array out, const float *weight)
{
    add(plan, (struct layer_stage){
                  .name = name, .op = LAYER_LINEAR, .in = in, .out = out, .weight = weight});
}

/* Query compression, and RoPE on the queries. */
static void add_queries(struct layer_plan *plan, const struct ref_layer_dims *dims,
                        const struct ref_layer_weights *w)
{
    int64_t rank = dims->q_lora_rank;
    int64_t qk = dims->attention.qk_nope_head_dim + dims->attention.qk_rope_head_dim;
    if (rank) {
        add_linear(plan, "q_a_proj", LAYER_X, LAYER_C_Q_RAW, w->q_a_proj);
        add(plan, (struct layer_stage){.name = "q_a_layernorm",
                                       .op = LAYER_NORM,
                                       .in = LAYER_C_Q_RAW,
                                       .out = LAYER_C_Q,
                                       .weight = w->q_a_layernorm,
                                       .vectors = {1, rank, 0, rank, 0, rank},
                                       .gain = dims->q_lora_gain});
        add_linear(plan, "q_b_proj", LAYER_C_Q, LAYER_Q_RAW, w->q_b_proj);
    } else {
        add_linear(plan, "q_proj", LAYER_X, LAYER_Q_RAW, w->q_proj);
    }
    add(plan, (struct layer_stage){.name = "q_rope",
                                   .op = LAYER_ROPE,
                                   .in = LAYER_Q_RAW,
                                   .out = LAYER_Q,
                                   .vectors = {dims->attention.heads, qk, 0, qk, 0, qk}});
}

static void add_latent_rows(struct layer_plan *plan, const struct ref_layer_dims *dims,
                            const struct ref_layer_weights *w)
{
    int64_t rank = dims->attention.kv_lora_rank, rope = dims->attention.qk_rope_head_dim;
    int64_t row = rank + rope;
    add_linear(plan, "kv_a_proj", LAYER_X, LAYER_LATENT_RAW, w->kv_a_proj);
    add(plan, (struct layer_stage){.name = "kv_a_layernorm",
                                   .op = LAYER_NORM,
                                   .in = LAYER_LATENT_RAW,
                                   .out = LAYER_ROWS,
                                   .weight = w->kv_a_layernorm,
                                   .vectors = {1, rank, 0, row, 0, row},
                                   .gain = dims->kv_lora_gain});
    add(plan, (struct layer_stage){.name = "k_rope",
                                   .op = LAYER_ROPE,
                                   .in = LAYER_LATENT_RAW,
                                   .out = LAYER_ROWS,
                                   .vectors = {1, rope, rank, row, rank, row}});
}

static void add_kv_rows(struct layer_plan *plan, const struct ref_layer_dims *dims,
                        const struct ref_layer_weights *w)
{
    int64_t heads = dims->attention.heads_kv, v = dims->attention.v_head_dim;
    int64_t qk = dims->attention.qk_nope_head_dim + dims->attention.qk_rope_head_dim;
    add_linear(plan, "k_proj", LAYER_X, LAYER_K_RAW, w->k_proj);
    add(plan, (struct layer_stage){.name = "k_rope",
                                   .op = LAYER_ROPE,
                                   .in = LAYER_K_RAW,
                                   .out = LAYER_ROWS,
                                   .vectors = {heads, qk, 0, qk, 0, qk + v}});
    add_linear(plan, "v_proj", LAYER_X, LAYER_V_RAW, w->v_proj);
    add(plan, (struct layer_stage){.name = "v",
                                   .op = LAYER_COPY,
                                   .in = LAYER_V_RAW,
                                   .out = LAYER_ROWS,
                                   .vectors = {heads, v, 0, v, qk, qk + v}});
}

static void set_widths(struct layer_plan *plan, const struct ref_layer_dims *dims)
{
    const struct ref_dims *a = &dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim;
    bool mha = dims->kind == REF_LAYER_MHA, article = dims->kind == REF_LAYER_ARTICLE;
    const int64_t width[LAYER_ARRAYS] = {
        [LAYER_X] = dims->hidden_size,
        [LAYER_C_Q_RAW] = dims->q_lora_rank,
        [LAYER_C_Q] = dims->q_lora_rank,
        [LAYER_Q_RAW] = article ? 0 : a->heads * qk,
        [LAYER_Q] = a->heads * qk,
        [LAYER_LATENT_RAW] = mha || article ? 0 : a->kv_lora_rank + a->qk_rope_head_dim,
        [LAYER_K_RAW] = mha ? a->heads_kv * qk : 0,
        [LAYER_V_RAW] = mha ? (int64_t)a->heads_kv * a->v_head_dim : 0,
        [LAYER_ROWS] = ref_layer_row_width(dims),
        [LAYER_O] = (int64_t)a->heads * a->v_head_dim,
        [LAYER_LSE] = a->heads,
        [LAYER_Y] = dims->output_size,
    };
    for (int i = 0; i < LAYER_ARRAYS; i++)
        plan->width[i] = width[i];
}

void layer_plan(const struct model *model, const struct ref_layer_weights *weights,
                struct layer_plan *plan)
{
    struct ref_layer_dims dims;
    model_ref_layer_dims(model, &dims);
    *plan = (struct layer_plan){0};
    set_widths(plan, &dims);
    if (dims.kind == REF_LAYER_ARTICLE) {
        add_linear(plan, "z_proj", LAYER_X, LAYER_ROWS, weights->kv_a_proj);
        add_linear(plan, "q_proj", LAYER_ROWS, LAYER_Q, weights->q_proj);
    } else {
        add_queries(plan, &dims, weights);
        if (dims.kind == REF_LAYER_MLA)
            add_latent_rows(plan, &dims, weights);
        else
            add_kv_rows(plan, &dims, weights);
    }
    add(plan, (struct layer_stage){
                  .name = "attention", .op = LAYER_ATTEND, .in = LAYER_Q, .out = LAYER_O});
    add_linear(plan, "o_proj", LAYER_O, LAYER_Y, weights->o_proj);
}
