/* SPDX-License-Identifier: MIT */
#include "harness/model_variants.h"

#include <string.h>

typedef bool harmless(const struct fields *config, const json_t *value);

static bool is_off(const struct fields *config, const json_t *value)
{
    (void)config;
    return json_is_false(value) || (json_is_number(value) && json_number_value(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

static bool is_on(const struct fields *config, const json_t *value)
{
    (void)config;
    return json_is_true(value);
}

static bool is_one(const struct fields *config, const json_t *value)
{
    (void)config;
    return json_is_number(value) && json_number_value(value) == 1;
}

static bool is_window_off(const struct fields *config, const json_t *value)
{
    return is_off(config, value) || json_is_false(fields_get(config, "use_sliding_window"));
}

static bool is_full_attention(const struct fields *config, const json_t *value)
{
    (void)config;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *type = json_string_value(json_array_get(value, i));
        if (!type ||
            (strcmp(type, "full_attention") != 0 && strcmp(type, "deepseek_sparse_attention") != 0))
            return false;
    }
    return json_is_array(value);
}

static const struct {
    const char *field;
    harmless *harmless;
    const char *accepted;
} variants[] = {
    {"attention_bias", is_off, "false: projections with a bias are not supported"},
    {"sliding_window", is_window_off,
     "null or use_sliding_window false: windows are not supported"},
    {"attn_logit_softcapping", is_off, "null: capped scores are not supported"},
    {"qk_norm", is_off, "false: norms of q and k per head are not supported"},
    {"use_qk_norm", is_off, "false: norms of q and k per head are not supported"},
    {"attention_sinks", is_off, "null: sinks belong to a workload, not to a model"},
    {"o_lora_rank", is_off, "null: a compressed output projection is not supported"},
    {"compress_ratios", is_off, "null: compressed token windows are not supported"},
    {"linear_attn_config", is_off, "null: linear attention is not supported"},
    {"mla_use_nope", is_off, "false: attention without RoPE is not supported"},
    {"llama_4_scaling", is_off, "null: scales that depend on the position are not supported"},
    {"query_pre_attn_scalar", is_off, "null: the scale is that of the head dimension"},
    {"layer_types", is_full_attention,
     "a list of \"full_attention\" or \"deepseek_sparse_attention\""},
    {"partial_rotary_factor", is_one, "1: qk_rope_head_dim says what is rotated"},
    {"use_mla", is_on, "true"},
};

int model_refuse_variants(const struct fields *config)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        const json_t *value = fields_get(config, variants[i].field);
        if (value && !variants[i].harmless(config, value))
            return fields_refuse(config, variants[i].field, "%s", variants[i].accepted);
    }
    return 0;
}
