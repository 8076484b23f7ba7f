/* SPDX-License-Identifier: MIT
 *
 * An attention layer x -> y as a list of stages, each from one array of activations to another. The
 * layer runs the list, and verification repeats each of its stages in double. */
#ifndef MLABENCH_LAYER_STAGES_H
#define MLABENCH_LAYER_STAGES_H

#include "harness/model.h"
#include "reference/reference.h"

#include <stdint.h>

/* Activations, each [tokens][width]. Those that a model's layer has not are 0 wide. */
enum layer_array {
    LAYER_X,          /* hidden_size */
    LAYER_C_Q_RAW,    /* Wq_a x: q_lora_rank */
    LAYER_C_Q,        /* its norm */
    LAYER_Q_RAW,      /* before RoPE: [heads][qk_nope_head_dim + qk_rope_head_dim] */
    LAYER_Q,          /* what the kernel gets */
    LAYER_LATENT_RAW, /* Wkv_a x: kv_lora_rank | qk_rope_head_dim */
    LAYER_K_RAW,      /* Wk x: [heads_kv][qk_nope_head_dim + qk_rope_head_dim] */
    LAYER_V_RAW,      /* Wv x: [heads_kv][v_head_dim] */
    LAYER_ROWS,       /* what the kernel caches: latents or keys and values */
    LAYER_O,          /* [heads][v_head_dim] */
    LAYER_LSE,        /* [heads] */
    LAYER_Y,          /* output_size */
    LAYER_ARRAYS,
};

enum layer_op {
    LAYER_LINEAR, /* out = weight in, the weight being [out width][in width] */
    LAYER_NORM,   /* RMSNorm of each vector, with `weight` and `gain` */
    LAYER_ROPE,   /* copies each vector, its last qk_rope_head_dim elements rotated */
    LAYER_COPY,   /* copies each vector */
    LAYER_ATTEND, /* LAYER_Q and LAYER_ROWS -> LAYER_O and LAYER_LSE */
};

/* `count` vectors, `width` long, in each token's part of an array: the first begins at element
 * `first`, the next ones `stride` further on. Unused by LINEAR and ATTEND. */
struct layer_vectors {
    int64_t count, width;
    int64_t in_first, in_stride;
    int64_t out_first, out_stride;
};

struct layer_stage {
    const char *name;
    enum layer_op op;
    enum layer_array in, out;
    const float *weight; /* LINEAR, NORM */
    struct layer_vectors vectors;
    double gain; /* NORM */
};

enum { LAYER_STAGES_MAX = 10 };

struct layer_plan {
    int64_t width[LAYER_ARRAYS];
    int count;
    struct layer_stage stages[LAYER_STAGES_MAX];
};

/* The weights are borrowed. FACTS of the model's family: c_q and c_kv are normed, RoPE is on the
 * last qk_rope_head_dim elements of each query head and on k_rope, or on those of each key head. */
void layer_plan(const struct model *model, const struct ref_layer_weights *weights,
                struct layer_plan *plan);

#endif
