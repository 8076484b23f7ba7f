/* SPDX-License-Identifier: MIT
 *
 * A layer in training: its stages, which arrays their derivatives read, and which of those are kept
 * or computed again. What is kept follows from the stages; nobody lists it. */
#ifndef MLABENCH_TRAIN_PLAN_H
#define MLABENCH_TRAIN_PLAN_H

#include "harness/layer_stages.h"
#include "harness/model.h"

#include <stdbool.h>
#include <stdint.h>

/* Activations, each [tokens][width], but for the cache. Those that a layer has not are 0 wide. */
enum train_array {
    TRAIN_X,          /* hidden_size */
    TRAIN_C_Q_RAW,    /* Wq_a x: q_lora_rank */
    TRAIN_C_Q,        /* its norm */
    TRAIN_Q_RAW,      /* before RoPE: [heads][qk_nope_head_dim + qk_rope_head_dim] */
    TRAIN_Q,          /* what attention gets */
    TRAIN_C_KV_RAW,   /* Wkv_a x, the first kv_lora_rank of it */
    TRAIN_K_ROPE_RAW, /* the rest: qk_rope_head_dim */
    TRAIN_C_KV,       /* the norm of c_kv_raw, expanded form: kv_lora_rank */
    TRAIN_K_ROPE,     /* k_rope_raw after RoPE, expanded form */
    TRAIN_KV_UP,      /* Wkv_b c_kv, expanded form: [heads][qk_nope_head_dim k | v_head_dim v] */
    TRAIN_K_RAW,      /* MHA's Wk x: [heads_kv][qk_nope_head_dim + qk_rope_head_dim] */
    TRAIN_V_RAW,      /* MHA's Wv x: [heads_kv][v_head_dim] */
    TRAIN_ROWS,       /* what attention caches: latents, or keys and values */
    TRAIN_CACHE,      /* the same as the kernel stores them */
    TRAIN_O,          /* [heads][v_head_dim] */
    TRAIN_LSE,        /* [heads] */
    TRAIN_Y,          /* output_size */
    TRAIN_ARRAYS,
};
extern const char *const train_array_names[TRAIN_ARRAYS]; /* e.g. "c_q_raw" */

enum train_op {
    TRAIN_LINEAR, /* out = weight in, the weight being [out width][in width] */
    TRAIN_NORM,   /* RMSNorm of each vector, with `weight` and `gain` */
    TRAIN_ROPE,   /* copies each vector, its last qk_rope_head_dim elements rotated */
    TRAIN_COPY,   /* copies each vector; an in_stride of 0 copies one to many */
    TRAIN_STORE,  /* TRAIN_ROWS -> TRAIN_CACHE */
    TRAIN_ATTEND, /* TRAIN_Q and TRAIN_CACHE -> TRAIN_O and TRAIN_LSE */
};

struct train_stage {
    const char *name;
    enum train_op op;
    enum train_array in, out;
    const float *weight; /* LINEAR, NORM */
    struct layer_vectors vectors;
    double gain; /* NORM */
    bool again;  /* the backward pass runs it once more, before all derivatives */
};

/* In which form MLA attends. MHA has one. */
enum train_form {
    TRAIN_EXPANDED, /* keys and values of every head are made by a projection, as by Wk and Wv: how
                       frameworks train */
    TRAIN_LATENT,   /* the latents are cached, Wkv_b is the kernel's to apply */
    TRAIN_FORMS,
};
extern const char *const train_form_names[TRAIN_FORMS];

/* What the backward pass computes again instead of reading it from the tape. */
enum train_again {
    TRAIN_AGAIN_NONE,
    TRAIN_AGAIN_UP,          /* norms of c_q and c_kv and the projections up from them, with all
                                that is made of these: DeepSeek-V3's report (2024), 3.2.3 */
    TRAIN_AGAIN_PROJECTIONS, /* all that is made of x, but for attention's output */
    TRAIN_AGAIN_LAYER,       /* all: only x is kept */
    TRAIN_AGAINS,
};
extern const char *const train_again_names[TRAIN_AGAINS]; /* "none", "up-projections", ... */

enum { TRAIN_STAGES_MAX = 16 };

struct train_plan {
    int64_t width[TRAIN_ARRAYS]; /* TRAIN_CACHE: that of TRAIN_ROWS */
    bool kept[TRAIN_ARRAYS];     /* on the tape: what derivatives or the stages run again read */
    bool remade[TRAIN_ARRAYS];   /* written by stages that are run again */
    int count;
    struct train_stage stages[TRAIN_STAGES_MAX];
};

/* Weights are borrowed: those of the layer or, for where their gradients are added, others of the
 * same shapes. The model is MLA or MHA (GQA, MQA), not the article's. */
void train_plan(const struct model *model, const struct ref_layer_weights *weights,
                enum train_form form, enum train_again again, struct train_plan *plan);

/* Bytes of fp32 that are kept, per token, by the widths of the kept arrays alone. */
int64_t train_plan_bytes(const struct train_plan *plan);
/* Bytes of what is made again, which one layer at a time needs while its gradients are computed. */
int64_t train_plan_remade_bytes(const struct train_plan *plan);
/* Multiplications and additions, per token, of the projections that are made again; attention,
 * made again with TRAIN_AGAIN_LAYER, apart. */
int64_t train_plan_again_flops(const struct train_plan *plan);

#endif
