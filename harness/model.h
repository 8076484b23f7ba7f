/* SPDX-License-Identifier: MIT
 *
 * A model's attention, as its config.json states it. */
#ifndef MLABENCH_MODEL_H
#define MLABENCH_MODEL_H

#include "harness/error.h"
#include "reference/reference.h"

#include <stdbool.h>
#include <stdint.h>

enum model_kind {
    MODEL_MLA,
    MODEL_MHA,     /* MHA, GQA or MQA: derived from an MLA model, as a baseline */
    MODEL_ARTICLE, /* the article's latent attention */
};

struct model {
    char name[64]; /* the file's name without .json; a baseline's ends in -mha, -gqa8 or -mqa */
    enum model_kind kind;
    int32_t hidden_size, output_size; /* output_size equals hidden_size but in the article's form */
    int32_t num_hidden_layers;
    int32_t attentions_per_layer; /* 2 in LongCat-Flash, else 1 */
    int32_t num_attention_heads, num_key_value_heads;
    int32_t q_lora_rank; /* 0: null in the file, no query compression */
    int32_t kv_lora_rank;
    int32_t qk_nope_head_dim, qk_rope_head_dim, v_head_dim;
    int64_t max_position_embeddings;
    double norm_eps;      /* of the norms of c_q and c_kv: 1e-6 whatever rms_norm_eps says */
    double softmax_scale; /* FACTS: (nope + rope)^-0.5 m^2 */
    double q_lora_gain, kv_lora_gain; /* LongCat's mla_scale_*; else 1 */
    struct ref_rope rope;
    bool causal;
    char note[160]; /* what a reader of results must know, e.g. that LongRoPE is replaced; or "" */
};

/* Reads a config.json (ours or a downloaded one). Refuses what it cannot honour: the message names
 * file, field, what was found and what is accepted. */
int model_read(const char *path, struct model *model, struct mla_error *error);

/* Finds configs/models/NAME.json below `folder` (a configs folder), or reads NAME itself if it
 * holds a '/' or ends in .json. A baseline's suffix (-mha, -gqa8, -mqa) is taken off and the
 * baseline derived. An unknown name is refused with the nearest known one. */
int model_find(const char *folder, const char *name, struct model *model, struct mla_error *error);

/* The sorted names in configs/models. *names is malloc'ed, as is each of its *count strings; free
 * with model_names_free. */
int model_names(const char *folder, char ***names, int *count, struct mla_error *error);
void model_names_free(char **names, int count);

enum baseline { BASELINE_MHA, BASELINE_GQA8, BASELINE_MQA, BASELINES };
extern const char *const baseline_suffixes[BASELINES]; /* "mha", "gqa8", "mqa" */

/* The MHA, GQA (8 groups, or as many as divide the heads if fewer) or MQA layer of the same width:
 * same hidden size and heads, head dimension qk_nope_head_dim for keys with RoPE on all of it,
 * v_head_dim for values, plain RoPE, scale (head dimension)^-0.5. */
int model_baseline(const struct model *mla, enum baseline baseline, struct model *out,
                   struct mla_error *error);

#endif
