/* SPDX-License-Identifier: MIT */
#include "harness/train_plan.h"

#include "harness/problem.h"

const char *const train_array_names[TRAIN_ARRAYS] = {
    [TRAIN_X] = "x",
    [TRAIN_C_Q_RAW] = "c_q_raw",
    [TRAIN_C_Q] = "c_q",
    [TRAIN_Q_RAW] = "q_raw",
    [TRAIN_Q] = "q",
    [TRAIN_C_KV_RAW] = "c_kv_raw",
    [TRAIN_K_ROPE_RAW] = "k_rope_raw",
    [TRAIN_C_KV] = "c_kv",
    [TRAIN_K_ROPE] = "k_rope",
    [TRAIN_KV_UP] = "kv_up",
    [TRAIN_K_RAW] = "k_raw",
    [TRAIN_V_RAW] = "v_raw",
    [TRAIN_ROWS] = "rows",
    [TRAIN_CACHE] = "cache",
    [TRAIN_O] = "o",
    [TRAIN_LSE] = "lse",
    [TRAIN_Y] = "y",
};

const char *const train_form_names[TRAIN_FORMS] = {"expanded", "latent"};
const char *const train_again_names[TRAIN_AGAINS] = {"none", "up-projections", "projections",
                                                     "layer"};

static void add(struct train_plan *plan, struct train_stage stage)
{
    plan->stages[plan->count++] = stage;
}

static void add_linear(struct train_plan *plan, const char *name, enum train_array in,
                       enum train_array out, const float *weight)
{
    add(plan, (struct train_stage){
                  .name = name, .op = TRAIN_LINEAR, .in = in, .out = out, .weight = weight});
}

static void add_copy(struct train_plan *plan, const char *name, enum train_array in,
                     struct layer_vectors vectors)
{
    add(plan, (struct train_stage){
                  .name = name, .op = TRAIN_COPY, .in = in, .out = TRAIN_ROWS, .vectors = vectors});
}

static void add_queries(struct train_plan *plan, const struct ref_layer_dims *dims,
                        const struct ref_layer_weights *w)
{
    int64_t rank = dims->q_lora_rank, heads = dims->attention.heads;
    int64_t qk = plan->width[TRAIN_Q] / heads;
    if (rank) {
        add_linear(plan, "q_a_proj", TRAIN_X, TRAIN_C_Q_RAW, w->q_a_proj);
        add(plan, (struct train_stage){.name = "q_a_layernorm",
                                       .op = TRAIN_NORM,
                                       .in = TRAIN_C_Q_RAW,
                                       .out = TRAIN_C_Q,
                                       .weight = w->q_a_layernorm,
                                       .vectors = {1, rank, 0, rank, 0, rank},
                                       .gain = dims->q_lora_gain});
        add_linear(plan, "q_b_proj", TRAIN_C_Q, TRAIN_Q_RAW, w->q_b_proj);
    } else {
        add_linear(plan, "q_proj", TRAIN_X, TRAIN_Q_RAW, w->q_proj);
    }
    add(plan, (struct train_stage){.name = "q_rope",
                                   .op = TRAIN_ROPE,
                                   .in = TRAIN_Q_RAW,
                                   .out = TRAIN_Q,
                                   .vectors = {heads, qk, 0, qk, 0, qk}});
}

/* kv_a_proj's two parts apart, as only one has a norm, whose derivative reads what it took in. In
 * latent form both go straight into the rows. */
static void add_latents(struct train_plan *plan, const struct ref_layer_dims *dims,
                        const struct ref_layer_weights *w, enum train_form form)
{
    int64_t rank = dims->attention.kv_lora_rank, rope = dims->attention.qk_rope_head_dim;
    bool latent = form == TRAIN_LATENT;
    int64_t row = latent ? rank + rope : 0;
    const float *k_rope_proj = w->kv_a_proj ? w->kv_a_proj + rank * dims->hidden_size : NULL;
    add_linear(plan, "kv_a_proj", TRAIN_X, TRAIN_C_KV_RAW, w->kv_a_proj);
    add_linear(plan, "k_rope_proj", TRAIN_X, TRAIN_K_ROPE_RAW, k_rope_proj);
    add(plan, (struct train_stage){.name = "kv_a_layernorm",
                                   .op = TRAIN_NORM,
                                   .in = TRAIN_C_KV_RAW,
                                   .out = latent ? TRAIN_ROWS : TRAIN_C_KV,
                                   .weight = w->kv_a_layernorm,
                                   .vectors = {1, rank, 0, rank, 0, row},
                                   .gain = dims->kv_lora_gain});
    add(plan, (struct train_stage){.name = "k_rope",
                                   .op = TRAIN_ROPE,
                                   .in = TRAIN_K_ROPE_RAW,
                                   .out = latent ? TRAIN_ROWS : TRAIN_K_ROPE,
                                   .vectors = {1, rope, 0, rope, latent ? rank : 0, row}});
}

/* Rows [heads][k_nope | k_rope | v]. */
static void add_expanded_rows(struct train_plan *plan, const struct ref_layer_dims *dims,
                              const struct ref_layer_weights *w)
{
    int64_t heads = dims->attention.heads, nope = dims->attention.qk_nope_head_dim;
    int64_t rope = dims->attention.qk_rope_head_dim, v = dims->attention.v_head_dim;
    int64_t up = nope + v, row = nope + rope + v;
    add_linear(plan, "kv_b_proj", TRAIN_C_KV, TRAIN_KV_UP, w->kv_b_proj);
    add_copy(plan, "k_nope", TRAIN_KV_UP, (struct layer_vectors){heads, nope, 0, up, 0, row});
    add_copy(plan, "k_rope to heads", TRAIN_K_ROPE,
             (struct layer_vectors){heads, rope, 0, 0, nope, row});
    add_copy(plan, "v", TRAIN_KV_UP, (struct layer_vectors){heads, v, nope, up, nope + rope, row});
}

static void add_kv_rows(struct train_plan *plan, const struct ref_layer_dims *dims,
                        const struct ref_layer_weights *w)
{
    int64_t heads = dims->attention.heads_kv, v = dims->attention.v_head_dim;
    int64_t qk = dims->attention.qk_nope_head_dim + dims->attention.qk_rope_head_dim;
    add_linear(plan, "k_proj", TRAIN_X, TRAIN_K_RAW, w->k_proj);
    add(plan, (struct train_stage){.name = "k_rope",
                                   .op = TRAIN_ROPE,
                                   .in = TRAIN_K_RAW,
                                   .out = TRAIN_ROWS,
                                   .vectors = {heads, qk, 0, qk, 0, qk + v}});
    add_linear(plan, "v_proj", TRAIN_X, TRAIN_V_RAW, w->v_proj);
    add_copy(plan, "v", TRAIN_V_RAW, (struct layer_vectors){heads, v, 0, v, qk, qk + v});
}

static void set_widths(struct train_plan *plan, const struct ref_layer_dims *dims,
                       enum train_form form)
{
    const struct ref_dims *a = &dims->attention;
    int64_t nope = a->qk_nope_head_dim, rope = a->qk_rope_head_dim, v = a->v_head_dim;
    int64_t qk = nope + rope, rank = a->kv_lora_rank;
    bool mla = dims->kind == REF_LAYER_MLA, expanded = mla && form == TRAIN_EXPANDED;
    int64_t row = expanded ? a->heads * (qk + v) : ref_layer_row_width(dims);
    const int64_t width[TRAIN_ARRAYS] = {
        [TRAIN_X] = dims->hidden_size,
        [TRAIN_C_Q_RAW] = dims->q_lora_rank,
        [TRAIN_C_Q] = dims->q_lora_rank,
        [TRAIN_Q_RAW] = a->heads * qk,
        [TRAIN_Q] = a->heads * qk,
        [TRAIN_C_KV_RAW] = mla ? rank : 0,
        [TRAIN_K_ROPE_RAW] = mla ? rope : 0,
        [TRAIN_C_KV] = expanded ? rank : 0,
        [TRAIN_K_ROPE] = expanded ? rope : 0,
        [TRAIN_KV_UP] = expanded ? a->heads * (nope + v) : 0,
        [TRAIN_K_RAW] = mla ? 0 : a->heads_kv * qk,
        [TRAIN_V_RAW] = mla ? 0 : a->heads_kv * v,
        [TRAIN_ROWS] = row,
        [TRAIN_CACHE] = row,
        [TRAIN_O] = a->heads * v,
        [TRAIN_LSE] = a->heads,
        [TRAIN_Y] = dims->output_size,
    };
    for (int i = 0; i < TRAIN_ARRAYS; i++)
        plan->width[i] = width[i];
}

/* What a derivative reads beside the gradient: a projection's and a norm's what they took in, that
 * of attention all that went in and came out. */
static void mark_read(const struct train_stage *stage, bool read[TRAIN_ARRAYS])
{
    if (stage->op == TRAIN_LINEAR || stage->op == TRAIN_NORM)
        read[stage->in] = true;
    if (stage->op == TRAIN_ATTEND)
        read[TRAIN_Q] = read[TRAIN_CACHE] = read[TRAIN_O] = read[TRAIN_LSE] = true;
}

static bool is_remade(const struct train_plan *plan, enum train_again again, enum train_array array)
{
    bool latent = plan->width[TRAIN_C_KV_RAW] > 0, compressed = plan->width[TRAIN_C_Q] > 0;
    bool output = array == TRAIN_O || array == TRAIN_LSE;
    if (array == TRAIN_X || again == TRAIN_AGAIN_NONE)
        return false;
    if (again == TRAIN_AGAIN_LAYER)
        return true;
    if (again == TRAIN_AGAIN_PROJECTIONS)
        return !output;
    switch (array) {
    case TRAIN_Q_RAW:
    case TRAIN_Q:
        return compressed;
    case TRAIN_C_Q:
    case TRAIN_C_KV:
    case TRAIN_K_ROPE:
    case TRAIN_KV_UP:
        return true;
    case TRAIN_ROWS:
    case TRAIN_CACHE:
        return latent;
    default:
        return false;
    }
}

/* From the last stage to the first: one whose output is read but made again is run again, and its
 * input is read then. Arrays that only pass through such stages are made again with them. */
static void decide(struct train_plan *plan, enum train_again again)
{
    bool read[TRAIN_ARRAYS] = {false};
    for (int i = 0; i < plan->count; i++)
        mark_read(&plan->stages[i], read);
    for (int i = plan->count - 1; i >= 0; i--) {
        struct train_stage *stage = &plan->stages[i];
        bool attend = stage->op == TRAIN_ATTEND;
        stage->again = read[stage->out] && is_remade(plan, again, stage->out);
        if (!stage->again)
            continue;
        plan->remade[stage->out] = read[stage->in] = true;
        if (attend)
            plan->remade[TRAIN_LSE] = read[TRAIN_CACHE] = true;
    }
    for (int i = 0; i < TRAIN_ARRAYS; i++)
        plan->kept[i] = read[i] && !plan->remade[i];
}

void train_plan(const struct model *model, const struct ref_layer_weights *weights,
                enum train_form form, enum train_again again, struct train_plan *plan)
{
    struct ref_layer_dims dims;
    model_ref_layer_dims(model, &dims);
    *plan = (struct train_plan){0};
    set_widths(plan, &dims, form);
    add_queries(plan, &dims, weights);
    if (dims.kind == REF_LAYER_MLA) {
        add_latents(plan, &dims, weights, form);
        if (form == TRAIN_EXPANDED)
            add_expanded_rows(plan, &dims, weights);
    } else {
        add_kv_rows(plan, &dims, weights);
    }
    add(plan, (struct train_stage){
                  .name = "store", .op = TRAIN_STORE, .in = TRAIN_ROWS, .out = TRAIN_CACHE});
    add(plan, (struct train_stage){
                  .name = "attention", .op = TRAIN_ATTEND, .in = TRAIN_Q, .out = TRAIN_O});
    add_linear(plan, "o_proj", TRAIN_O, TRAIN_Y, weights->o_proj);
    decide(plan, again);
}

int64_t train_plan_bytes(const struct train_plan *plan)
{
    int64_t elements = 0;
    for (int i = 0; i < TRAIN_ARRAYS; i++)
        elements += plan->kept[i] ? plan->width[i] : 0;
    return (int64_t)sizeof(float) * elements;
}

int64_t train_plan_remade_bytes(const struct train_plan *plan)
{
    int64_t elements = 0;
    for (int i = 0; i < TRAIN_ARRAYS; i++)
        elements += plan->remade[i] ? plan->width[i] : 0;
    return (int64_t)sizeof(float) * elements;
}

int64_t train_plan_again_flops(const struct train_plan *plan)
{
    int64_t flops = 0;
    for (int i = 0; i < plan->count; i++) {
        const struct train_stage *stage = &plan->stages[i];
        if (stage->op == TRAIN_LINEAR && stage->again)
            flops += 2 * plan->width[stage->in] * plan->width[stage->out];
    }
    return flops;
}
