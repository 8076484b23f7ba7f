/* SPDX-License-Identifier: MIT
 *
 * Models by name, and the baselines derived from them. */
#include "harness/config_files.h"
#include "harness/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KIND "models"

const char *const baseline_suffixes[BASELINES] = {"mha", "gqa8", "mqa"};

int model_names(const char *folder, char ***names, int *count, struct mla_error *error)
{
    return config_names(folder, KIND, names, count, error);
}

void model_names_free(char **names, int count)
{
    config_names_free(names, count);
}

/* Splits "NAME-mha" into its stem and which baseline; BASELINES if there is no such suffix. */
static enum baseline split(const char *name, char *stem, size_t size)
{
    snprintf(stem, size, "%s", name);
    char *dash = strrchr(stem, '-');
    for (int b = 0; dash && b < BASELINES; b++) {
        if (strcmp(dash + 1, baseline_suffixes[b]) == 0) {
            *dash = '\0';
            return (enum baseline)b;
        }
    }
    return BASELINES;
}

int model_find(const char *folder, const char *name, struct model *model, struct mla_error *error)
{
    char path[CONFIG_PATH_MAX], stem[CONFIG_PATH_MAX];
    int code = config_path(folder, KIND, name, path, error);
    if (code)
        return code;
    enum baseline baseline = split(name, stem, sizeof stem);
    if (config_exists(path) || (baseline == BASELINES && config_is_path(name)))
        return model_read(path, model, error);
    code = config_path(folder, KIND, stem, path, error);
    if (code)
        return code;
    if (baseline == BASELINES || (!config_is_path(stem) && !config_exists(path)))
        return config_refuse_name(folder, KIND, "", stem, error);
    struct model mla;
    code = model_read(path, &mla, error);
    return code ? code : model_baseline(&mla, baseline, model, error);
}

/* The most groups, at most 8, that divide the heads. */
static int32_t groups_of_8(int32_t heads)
{
    int32_t groups = heads < 8 ? heads : 8;
    while (heads % groups)
        groups--;
    return groups;
}

int model_baseline(const struct model *mla, enum baseline baseline, struct model *out,
                   struct mla_error *error)
{
    if (mla->kind != MODEL_MLA)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s has no -%s baseline, accepted: one of a model with latent attention",
                        mla->name, baseline_suffixes[baseline]);
    int32_t heads = mla->num_attention_heads, head_dim = mla->qk_nope_head_dim;
    if (head_dim % 2)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s has no -%s baseline: it rotates the whole head, whose dimension "
                        "qk_nope_head_dim is %d, accepted: an even one",
                        mla->name, baseline_suffixes[baseline], head_dim);
    const int32_t heads_kv[BASELINES] = {
        [BASELINE_MHA] = heads, [BASELINE_GQA8] = groups_of_8(heads), [BASELINE_MQA] = 1};
    *out = (struct model){
        .kind = MODEL_MHA,
        .hidden_size = mla->hidden_size,
        .output_size = mla->output_size,
        .num_hidden_layers = mla->num_hidden_layers,
        .attentions_per_layer = mla->attentions_per_layer,
        .num_attention_heads = heads,
        .num_key_value_heads = heads_kv[baseline],
        .qk_rope_head_dim = head_dim,
        .v_head_dim = mla->v_head_dim,
        .max_position_embeddings = mla->max_position_embeddings,
        .norm_eps = mla->norm_eps,
        .softmax_scale = 1 / sqrt(head_dim),
        .q_lora_gain = 1,
        .kv_lora_gain = 1,
        .rope = {.dim = head_dim, .theta = mla->rope.theta, .interleaved = mla->rope.interleaved},
        .causal = true,
    };
    snprintf(out->name, sizeof out->name, "%.*s-%s", CONFIG_NAME_MAX - 1, mla->name,
             baseline_suffixes[baseline]);
    _Static_assert(CONFIG_NAME_MAX + sizeof "-gqa8" <= sizeof out->name + 1, "room for a suffix");
    if (baseline == BASELINE_GQA8 && heads_kv[baseline] != 8)
        snprintf(out->note, sizeof out->note, "%d key-value heads: 8 do not divide %d heads",
                 heads_kv[baseline], heads);
    return 0;
}
