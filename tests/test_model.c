/* SPDX-License-Identifier: MIT
 *
 * Models as their config.json states them, and every way in which a file may be wrong. Run in the
 * top folder. */
#include "harness/model.h"
#include "harness/nearest.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIGS "configs"

static struct model found(const char *name)
{
    struct model model;
    struct mla_error error = {""};
    int code = model_find(CONFIGS, name, &model, &error);
    cr_assert(code == 0, "%s: %s", name, error.message);
    return model;
}

/* Writes bytes to a new file, reads them as a model, removes the file. */
static int read_bytes(const void *bytes, size_t size, struct model *model, struct mla_error *error)
{
    char path[] = "/tmp/mlabench-model-XXXXXX";
    int file = mkstemp(path);
    cr_assert(file >= 0 && write(file, bytes, size) == (ssize_t)size, "cannot write %s", path);
    close(file);
    int code = model_read(path, model, error);
    unlink(path);
    return code;
}

static int read_text(const char *text, struct model *model, struct mla_error *error)
{
    return read_bytes(text, strlen(text), model, error);
}

static json_t *load(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, CONFIGS "/models/%s.json", name);
    json_t *root = json_load_file(path, 0, NULL);
    cr_assert(root != NULL, "cannot load %s", path);
    return root;
}

static int read_json(json_t *root, struct model *model, struct mla_error *error)
{
    char *text = json_dumps(root, 0);
    int code = read_text(text, model, error);
    free(text);
    json_decref(root);
    return code;
}

/* Sets "field" or "object.field" to the JSON text, or removes it if that is NULL. */
static void set(json_t *root, const char *field, const char *value)
{
    const char *dot = strchr(field, '.');
    if (dot) {
        char outer[64];
        snprintf(outer, sizeof outer, "%.*s", (int)(dot - field), field);
        root = json_object_get(root, outer);
        field = dot + 1;
        cr_assert(root != NULL, "no object %s", outer);
    }
    if (value)
        json_object_set_new(root, field, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(root, field);
}

/* FACTS' table. */
static const struct {
    const char *name;
    int32_t hidden, heads, q_lora, kv_lora, nope, rope, v;
    double theta, factor, mscale;
    int64_t positions;
    int32_t layers;
} facts[] = {
    {"deepseek-v2-lite", 2048, 16, 0, 512, 128, 64, 128, 1e4, 40, 0.707, 163840, 27},
    {"deepseek-v2", 5120, 128, 1536, 512, 128, 64, 128, 1e4, 40, 0.707, 163840, 60},
    {"deepseek-v3", 7168, 128, 1536, 512, 128, 64, 128, 1e4, 40, 1, 163840, 61},
    {"kimi-k2", 7168, 64, 1536, 512, 128, 64, 128, 5e4, 32, 1, 131072, 61},
    {"moonlight", 2048, 16, 0, 512, 128, 64, 128, 5e4, 0, 0, 8192, 27},
    {"longcat-flash", 6144, 64, 1536, 512, 128, 64, 128, 1e7, 0, 0, 131072, 28},
    {"glm-4.7-flash", 2048, 20, 768, 512, 192, 64, 256, 1e6, 0, 0, 202752, 47},
    {"glm-5", 6144, 64, 2048, 512, 192, 64, 256, 1e6, 0, 0, 202752, 78},
    {"minicpm3", 2560, 40, 768, 256, 64, 32, 64, 1e4, 0, 0, 32768, 62},
};
enum { FACTS = sizeof facts / sizeof facts[0] };

Test(model, dimensions)
{
    for (int i = 0; i < FACTS; i++) {
        struct model m = found(facts[i].name);
        cr_assert(m.kind == MODEL_MLA && m.causal && m.norm_eps == 1e-6, "%s: kind", m.name);
        cr_assert(strcmp(m.name, facts[i].name) == 0, "%s is called %s", facts[i].name, m.name);
        cr_assert(m.hidden_size == facts[i].hidden && m.output_size == facts[i].hidden,
                  "%s: hidden %d", m.name, m.hidden_size);
        cr_assert(m.num_attention_heads == facts[i].heads &&
                      m.num_key_value_heads == facts[i].heads,
                  "%s: heads %d", m.name, m.num_attention_heads);
        cr_assert(m.q_lora_rank == facts[i].q_lora && m.kv_lora_rank == facts[i].kv_lora,
                  "%s: ranks %d, %d", m.name, m.q_lora_rank, m.kv_lora_rank);
        cr_assert(m.qk_nope_head_dim == facts[i].nope && m.qk_rope_head_dim == facts[i].rope &&
                      m.v_head_dim == facts[i].v,
                  "%s: head dimensions", m.name);
        cr_assert(m.max_position_embeddings == facts[i].positions, "%s: positions", m.name);
        cr_assert(m.num_hidden_layers == facts[i].layers, "%s: layers", m.name);
        cr_assert(m.attentions_per_layer == (strstr(m.name, "longcat") ? 2 : 1), "%s: attentions",
                  m.name);
    }
}

Test(model, rope)
{
    for (int i = 0; i < FACTS; i++) {
        struct model m = found(facts[i].name);
        bool kimi = strcmp(m.name, "kimi-k2") == 0, yarn = facts[i].factor != 0;
        cr_assert(m.rope.dim == facts[i].rope && m.rope.theta == facts[i].theta, "%s: theta %g",
                  m.name, m.rope.theta);
        cr_assert(m.rope.factor == facts[i].factor && m.rope.mscale == facts[i].mscale &&
                      m.rope.mscale_all_dim == facts[i].mscale,
                  "%s: YaRN %g, %g", m.name, m.rope.factor, m.rope.mscale);
        cr_assert(m.rope.original_max_position_embeddings == (yarn ? 4096 : 0), "%s: original",
                  m.name);
        cr_assert(m.rope.beta_slow == yarn && m.rope.beta_fast == (kimi   ? 1
                                                                   : yarn ? 32
                                                                          : 0),
                  "%s: betas %g, %g", m.name, m.rope.beta_fast, m.rope.beta_slow);
        cr_assert(m.rope.interleaved == (strcmp(m.name, "minicpm3") != 0), "%s: pairs", m.name);
    }
}

Test(model, softmax_scale)
{
    static const struct {
        const char *name;
        double scale;
    } scales[] = {
        {"deepseek-v2-lite", 0.11472139}, {"deepseek-v2", 0.11472139},
        {"deepseek-v3", 0.13523378},      {"kimi-k2", 0.13086080},
        {"moonlight", 0.07216878},        {"longcat-flash", 0.07216878},
        {"glm-4.7-flash", 0.0625},        {"glm-5", 0.0625},
        {"minicpm3", 0.10206207},
    };
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        double scale = found(scales[i].name).softmax_scale;
        cr_assert(fabs(scale - scales[i].scale) <= 0.5e-8, "%s: %.10f", scales[i].name, scale);
    }
}

Test(model, cache_elements)
{
    struct model v3 = found("deepseek-v3");
    cr_assert(v3.kv_lora_rank + v3.qk_rope_head_dim == 576, "latent");
    cr_assert(v3.num_attention_heads *
                      (v3.qk_nope_head_dim + v3.qk_rope_head_dim + v3.v_head_dim) ==
                  40960,
              "expanded");
    static const int32_t elements[BASELINES] = {32768, 2048, 256};
    for (int b = 0; b < BASELINES; b++) {
        struct model m;
        struct mla_error error;
        cr_assert(model_baseline(&v3, (enum baseline)b, &m, &error) == 0, "%s", error.message);
        int32_t width = m.qk_nope_head_dim + m.qk_rope_head_dim + m.v_head_dim;
        cr_assert(m.num_key_value_heads * width == elements[b], "%s: %d", m.name,
                  m.num_key_value_heads * width);
    }
}

Test(model, gains_and_notes)
{
    struct model longcat = found("longcat-flash");
    cr_assert(longcat.q_lora_gain == 2 && fabs(longcat.kv_lora_gain - sqrt(12)) <= 1e-15,
              "LongCat's gains %g, %g", longcat.q_lora_gain, longcat.kv_lora_gain);
    for (int i = 0; i < FACTS; i++) {
        struct model m = found(facts[i].name);
        const char *note = strcmp(m.name, "minicpm3") == 0 ? "LongRoPE"
                           : strcmp(m.name, "glm-5") == 0  ? "sparse index"
                                                           : NULL;
        cr_assert(note ? strstr(m.note, note) != NULL : m.note[0] == '\0', "%s: note '%s'", m.name,
                  m.note);
        if (strcmp(m.name, "longcat-flash") != 0)
            cr_assert(m.q_lora_gain == 1 && m.kv_lora_gain == 1, "%s: gains", m.name);
    }
}

Test(model, article)
{
    struct model m = found("article-784");
    cr_assert(m.kind == MODEL_ARTICLE && !m.causal && m.rope.dim == 0, "kind");
    cr_assert(m.hidden_size == 784 && m.output_size == 128 && m.num_attention_heads == 4, "widths");
    cr_assert(m.kv_lora_rank == 128 && m.q_lora_rank == 0, "ranks");
    cr_assert(m.qk_nope_head_dim == 32 && m.qk_rope_head_dim == 0 && m.v_head_dim == 32, "heads");
    cr_assert(fabs(m.softmax_scale - 1 / sqrt(128)) <= 1e-16, "scale %g", m.softmax_scale);
}

Test(model, baselines)
{
    static const struct {
        const char *name;
        int32_t heads_kv, head_dim, v;
    } expected[] = {
        {"deepseek-v2-lite-mha", 16, 128, 128},
        {"deepseek-v2-lite-gqa8", 8, 128, 128},
        {"deepseek-v2-lite-mqa", 1, 128, 128},
        {"glm-4.7-flash-gqa8", 5, 192, 256},
        {"tiny-gqa8", 3, 12, 10},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct model m = found(expected[i].name);
        cr_assert(strcmp(m.name, expected[i].name) == 0, "called %s", m.name);
        cr_assert(m.kind == MODEL_MHA && m.causal && m.output_size == m.hidden_size, "%s: kind",
                  m.name);
        cr_assert(m.num_key_value_heads == expected[i].heads_kv, "%s: %d key-value heads", m.name,
                  m.num_key_value_heads);
        cr_assert(m.qk_nope_head_dim == 0 && m.qk_rope_head_dim == expected[i].head_dim &&
                      m.rope.dim == expected[i].head_dim && m.v_head_dim == expected[i].v,
                  "%s: head dimensions", m.name);
        cr_assert(m.rope.factor == 0 && m.kv_lora_rank == 0 && m.q_lora_rank == 0, "%s: plain",
                  m.name);
        cr_assert(fabs(m.softmax_scale - 1 / sqrt(expected[i].head_dim)) <= 1e-16, "%s: scale",
                  m.name);
    }
    struct model article = found("article-784"), out;
    struct mla_error error = {""};
    cr_assert(model_baseline(&article, BASELINE_MHA, &out, &error) == MLA_BAD_INPUT, "article");
    cr_assert(strstr(error.message, "article-784 has no -mha"), "%s", error.message);
}

Test(model, names)
{
    char **names;
    int count;
    struct mla_error error;
    cr_assert(model_names(CONFIGS, &names, &count, &error) == 0, "%s", error.message);
    cr_assert(count == FACTS + 3, "%d models", count); /* article-784, tiny, tiny-16 */
    for (int i = 0; i < count; i++) {
        found(names[i]);
        cr_assert(i == 0 || strcmp(names[i - 1], names[i]) < 0, "%s is out of order", names[i]);
    }
    model_names_free(names, count);
    cr_assert(model_names("/nowhere", &names, &count, &error) == MLA_MACHINE, "no folder");
}

Test(model, found_by_path)
{
    struct model by_name = found("deepseek-v3"),
                 by_path = found(CONFIGS "/models/deepseek-v3.json");
    cr_assert(strcmp(by_path.name, by_name.name) == 0, "called %s", by_path.name);
    cr_assert(by_path.softmax_scale == by_name.softmax_scale, "another model");
    cr_assert(found(CONFIGS "/models/tiny.json-mqa").kind == MODEL_MHA, "a path's baseline");

    char folder[] = "/tmp/My Model-XXXXXX", path[64];
    cr_assert(mkdtemp(folder) != NULL, "no folder");
    snprintf(path, sizeof path, "%s/config.json", folder);
    json_t *root = load("tiny");
    json_dump_file(root, path, 0);
    json_decref(root);
    struct model downloaded = found(path);
    unlink(path);
    rmdir(folder);
    cr_assert(strncmp(downloaded.name, "My-Model-", 9) == 0, "called %s", downloaded.name);
}

Test(model, unknown_names)
{
    static const struct {
        const char *name, *expected;
    } unknown[] = {
        {"deepsek-v3", "did you mean deepseek-v3?"},
        {"deepseek-v2-light", "did you mean deepseek-v2-lite?"},
        {"kimi_k2-mha", "did you mean kimi-k2?"},
        {"tniy", "did you mean tiny?"},
        {"llama", "article-784, deepseek-v2, "},
        {"", "article-784, deepseek-v2, "},
        {"/nowhere/config.json", "/nowhere/config.json: cannot be read: No such file"},
        {"/nowhere/x.json-mha", "/nowhere/x.json: cannot be read"},
    };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct model m;
        struct mla_error error = {""};
        cr_assert(model_find(CONFIGS, unknown[i].name, &m, &error) == MLA_BAD_INPUT, "%s is known",
                  unknown[i].name);
        cr_assert(strstr(error.message, unknown[i].expected), "%s: %s", unknown[i].name,
                  error.message);
    }
}

Test(model, nearest_name)
{
    static const char *const known[] = {"hidden_size", "head_dim", "v_head_dim", "q_lora_rank"};
    static const struct {
        const char *name, *nearest;
    } expected[] = {
        {"hiden_size", "hidden_size"},  {"hidden_szie", "hidden_size"},
        {"v_heaad_dim", "v_head_dim"},  {"heads_dim", "head_dim"},
        {"intermediate_size", NULL},    {"", NULL},
        {"q_lora_rnak", "q_lora_rank"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *near = nearest_name(expected[i].name, known, 4), *right = expected[i].nearest;
        cr_assert(near == right || (near && right && strcmp(near, right) == 0), "%s: %s",
                  expected[i].name, near ? near : "none");
    }
    char name[4096];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cr_assert(nearest_name(name, known, 4) == NULL, "a very long name");
}

/* The same model in the newer spelling, and with what is redundant. */
Test(model, both_spellings)
{
    static const struct {
        const char *name, *parameters;
    } newer[] = {
        {"deepseek-v3", "{\"rope_type\": \"yarn\", \"rope_theta\": 10000.0, \"factor\": 40.0,"
                        "\"original_max_position_embeddings\": 4096, \"beta_fast\": 32.0,"
                        "\"beta_slow\": 1.0, \"mscale\": 1.0, \"mscale_all_dim\": 1.0}"},
        {"moonlight", "{\"rope_type\": \"default\", \"rope_theta\": 50000.0}"},
        {"moonlight", "{\"rope_theta\": 50000.0}"},
    };
    for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++) {
        struct model m, expected = found(newer[i].name);
        struct mla_error error = {""};
        json_t *root = load(newer[i].name);
        set(root, "rope_theta", NULL);
        set(root, "rope_scaling", NULL);
        set(root, "rope_parameters", newer[i].parameters);
        cr_assert(read_json(root, &m, &error) == 0, "%s", error.message);
        cr_assert(memcmp(&m.rope, &expected.rope, sizeof m.rope) == 0, "%s: another RoPE",
                  newer[i].name);
        cr_assert(m.softmax_scale == expected.softmax_scale, "%s: another scale", newer[i].name);
    }
}

static void check_accepted(const char *base, const char *field, const char *value)
{
    struct model m;
    struct mla_error error = {""};
    json_t *root = load(base);
    set(root, field, value);
    cr_assert(read_json(root, &m, &error) == 0, "%s = %s: %s", field, value, error.message);
}

Test(model, equivalent_files)
{
    check_accepted("deepseek-v3", "hidden_size", "7168.0");
    check_accepted("deepseek-v3", "rope_scaling.rope_type", "\"yarn\"");
    check_accepted("deepseek-v3", "rope_scaling.beta_fast", NULL);
    check_accepted("deepseek-v3", "head_dim", "64");
    check_accepted("deepseek-v3", "head_dim", "192");
    check_accepted("deepseek-v3", "head_dim", "null");
    check_accepted("deepseek-v3", "num_key_value_heads", NULL);
    check_accepted("deepseek-v3", "sliding_window", "null");
    check_accepted("deepseek-v3", "layer_types", "[\"full_attention\"]");
    check_accepted("moonlight", "rope_scaling", "null");
    check_accepted("longcat-flash", "num_hidden_layers", "28");
    check_accepted("longcat-flash", "num_hidden_layers", "56");

    struct model m;
    struct mla_error error = {""};
    json_t *root = load("deepseek-v3");
    set(root, "sliding_window", "4096");
    set(root, "use_sliding_window", "false");
    set(root, "rope_interleave", "false");
    cr_assert(read_json(root, &m, &error) == 0 && !m.rope.interleaved, "%s", error.message);
    root = load("deepseek-v3");
    static const char *const optional[] = {"mscale", "mscale_all_dim", "beta_fast", "beta_slow"};
    for (int i = 0; i < 4; i++)
        json_object_del(json_object_get(root, "rope_scaling"), optional[i]);
    cr_assert(read_json(root, &m, &error) == 0, "%s", error.message);
    cr_assert(m.rope.mscale == 1 && m.rope.mscale_all_dim == 0, "YaRN's default mscales");
    cr_assert(m.rope.beta_fast == 32 && m.rope.beta_slow == 1, "YaRN's default betas");
    cr_assert(fabs(m.softmax_scale - 1 / sqrt(192)) <= 1e-16, "mscale_all_dim 0: no m^2");
}

/* As downloaded: many fields that attention does not need, and a language model inside another. */
Test(model, downloaded)
{
    static const char extra[] =
        "{\"architectures\": [\"DeepseekV3ForCausalLM\"], \"attention_bias\": false,"
        "\"attention_dropout\": 0.0, \"auto_map\": {\"AutoConfig\": \"configuration_deepseek\"},"
        "\"aux_loss_alpha\": 0.001, \"bos_token_id\": 0, \"eos_token_id\": 1, \"ep_size\": 1,"
        "\"first_k_dense_replace\": 3, \"hidden_act\": \"silu\", \"initializer_range\": 0.02,"
        "\"intermediate_size\": 18432, \"moe_intermediate_size\": 2048, \"moe_layer_freq\": 1,"
        "\"n_group\": 8, \"n_routed_experts\": 256, \"n_shared_experts\": 1,"
        "\"norm_topk_prob\": true, \"num_experts_per_tok\": 8, \"num_nextn_predict_layers\": 1,"
        "\"pretraining_tp\": 1, \"quantization_config\": {\"activation_scheme\": \"dynamic\","
        "\"fmt\": \"e4m3\", \"quant_method\": \"fp8\", \"weight_block_size\": [128, 128]},"
        "\"routed_scaling_factor\": 2.5, \"scoring_func\": \"sigmoid\", \"seq_aux\": true,"
        "\"tie_word_embeddings\": false, \"topk_group\": 4, \"topk_method\": \"noaux_tc\","
        "\"torch_dtype\": \"bfloat16\", \"transformers_version\": \"4.33.1\", \"use_cache\": true,"
        "\"vocab_size\": 129280, \"index_head_dim\": 128, \"index_n_heads\": 64,"
        "\"index_topk\": 2048, \"mlp_layer_types\": [\"dense\", \"sparse\"], \"mlp_bias\": false,"
        "\"scale_emb\": 12, \"scale_depth\": 1.4, \"dim_model_base\": 256, \"moe_topk\": 12,"
        "\"indexer_rope_interleave\": true, \"ffn_hidden_size\": 12288, \"dtype\": \"bfloat16\","
        "\"zero_expert_num\": 256, \"zero_expert_type\": \"identity\", \"pad_token_id\": null,"
        "\"expert_ffn_hidden_size\": 2048, \"num_experts\": 64, \"num_local_experts\": 64}";
    json_t *root = load("deepseek-v3"), *more = json_loads(extra, 0, NULL);
    struct model m;
    struct mla_error error = {""};
    json_object_update(root, more);
    json_decref(more);
    json_t *outer = json_pack("{s:s, s:O}", "model_type", "kimi_vl", "text_config", root);
    cr_assert(read_json(root, &m, &error) == 0, "%s", error.message);
    cr_assert(strstr(m.note, "top 2048") != NULL, "note '%s'", m.note);
    cr_assert(m.softmax_scale == found("deepseek-v3").softmax_scale, "scale");
    json_t *inner = json_object_get(outer, "text_config");
    cr_assert(read_json(json_incref(outer), &m, &error) == 0, "text_config: %s", error.message);
    set(inner, "kv_lora_rank", "0");
    cr_assert(read_json(outer, &m, &error) == MLA_BAD_INPUT, "text_config: no check");
    cr_assert(strstr(error.message, "text_config.kv_lora_rank is 0"), "%s", error.message);
}

static const struct {
    const char *base, *field, *value; /* value NULL: the field is removed */
    const char *expected[3];          /* in the message, beside the file */
} refusals[] = {
    {"deepseek-v3", "hidden_size", NULL, {"hidden_size is missing", "from 1 to 1048576"}},
    {"deepseek-v3", "hidden_size", "0", {"hidden_size is 0", "from 1 to 1048576"}},
    {"deepseek-v3", "hidden_size", "-7168", {"hidden_size is -7168", "whole number"}},
    {"deepseek-v3", "hidden_size", "1000000000", {"hidden_size is 1000000000", "1048576"}},
    {"deepseek-v3", "hidden_size", "1e300", {"hidden_size is 1e+300", "whole number"}},
    {"deepseek-v3", "hidden_size", "7168.5", {"hidden_size is 7168.5", "whole number"}},
    {"deepseek-v3", "hidden_size", "\"7168\"", {"hidden_size is \"7168\"", "whole number"}},
    {"deepseek-v3", "hidden_size", "[7168]", {"hidden_size is an array", "whole number"}},
    {"deepseek-v3", "hidden_size", "null", {"hidden_size is null", "whole number"}},
    {"deepseek-v3", "hidden_size", "true", {"hidden_size is true", "whole number"}},
    {"deepseek-v3", "num_attention_heads", "100000", {"num_attention_heads is 100000", "16384"}},
    {"deepseek-v3", "q_lora_rank", NULL, {"q_lora_rank is missing", "null for no query"}},
    {"deepseek-v3", "q_lora_rank", "0", {"q_lora_rank is 0", "null for no query"}},
    {"deepseek-v3", "kv_lora_rank", "1.5", {"kv_lora_rank is 1.5", "whole number"}},
    {"deepseek-v3", "kv_lora_rank", NULL, {"kv_lora_rank is missing", "whole number"}},
    {"deepseek-v3", "qk_rope_head_dim", "63", {"qk_rope_head_dim is 63", "even"}},
    {"deepseek-v3", "qk_rope_head_dim", "0", {"qk_rope_head_dim is 0", "from 2"}},
    {"deepseek-v3", "qk_nope_head_dim", NULL, {"qk_nope_head_dim is missing", "from 1"}},
    {"deepseek-v3", "v_head_dim", NULL, {"v_head_dim is missing", "from 1"}},
    {"deepseek-v3", "max_position_embeddings", "0", {"max_position_embeddings is 0", "from 1"}},
    {"deepseek-v3", "num_hidden_layers", "0", {"num_hidden_layers is 0", "from 1"}},
    {"deepseek-v3", "num_key_value_heads", "7", {"num_key_value_heads is 7", "128"}},
    {"deepseek-v3", "num_key_value_heads", "8", {"num_key_value_heads is 8", "128"}},
    {"deepseek-v3", "qk_head_dim", "128", {"qk_head_dim is 128", "192"}},
    {"deepseek-v3", "head_dim", "100", {"head_dim is 100", "64", "192"}},
    {"deepseek-v3", "rms_norm_eps", "0", {"rms_norm_eps is 0", "to 1"}},
    {"deepseek-v3", "rms_norm_eps", "-1e-6", {"rms_norm_eps is -1e-06", "to 1"}},
    {"deepseek-v3", "model_type", "3", {"model_type is 3", "a text"}},
    {"deepseek-v3", "rope_theta", NULL, {"rope_theta is missing", "a number"}},
    {"deepseek-v3", "rope_theta", "0", {"rope_theta is 0", "a number from 1"}},
    {"deepseek-v3", "rope_theta", "1", {"rope_theta is 1", "more than 1"}},
    {"deepseek-v3", "rope_theta", "\"1e4\"", {"rope_theta is \"1e4\"", "a number"}},
    {"deepseek-v3", "rope_interleave", "1", {"rope_interleave is 1", "true or false"}},
    {"deepseek-v3", "rope_scaling", "\"yarn\"", {"rope_scaling is \"yarn\"", "an object"}},
    {"deepseek-v3", "rope_scaling.type", "\"linear\"", {"type is \"linear\"", "\"yarn\""}},
    {"deepseek-v3", "rope_scaling.type", "\"dynamic\"", {"type is \"dynamic\"", "\"yarn\""}},
    {"deepseek-v3", "rope_scaling.type", "\"llama3\"", {"type is \"llama3\"", "\"yarn\""}},
    {"deepseek-v3", "rope_scaling.type", "\"longrope\"", {"type is \"longrope\"", "\"yarn\""}},
    {"deepseek-v3", "rope_scaling.type", "\"default\"", {"rope_scaling.factor is 40", "none"}},
    {"deepseek-v3", "rope_scaling.type", NULL, {"rope_scaling.rope_type is missing", "yarn"}},
    {"deepseek-v3", "rope_scaling.rope_type", "\"default\"", {"type is \"yarn\"", "rope_type"}},
    {"deepseek-v3", "rope_scaling.factor", NULL, {"rope_scaling.factor is missing", "a number"}},
    {"deepseek-v3", "rope_scaling.factor", "0.5", {"rope_scaling.factor is 0.5", "from 1"}},
    {"deepseek-v3", "rope_scaling.factor", "-40", {"rope_scaling.factor is -40", "from 1"}},
    {"deepseek-v3", "rope_scaling.beta_fast", "0", {"beta_fast is 0", "0.001"}},
    {"deepseek-v3", "rope_scaling.beta_slow", "64", {"beta_slow is 64", "32"}},
    {"deepseek-v3", "rope_scaling.mscale", "-1", {"mscale is -1", "from 0"}},
    {"deepseek-v3",
     "rope_scaling.original_max_position_embeddings",
     NULL,
     {"original_max_position_embeddings is missing", "163840"}},
    {"deepseek-v3",
     "rope_scaling.original_max_position_embeddings",
     "200000",
     {"original_max_position_embeddings is 200000", "163840"}},
    {"deepseek-v3", "rope_scaling.attention_factor", "1.2", {"attention_factor is 1.2", "null"}},
    {"deepseek-v3", "rope_scaling.truncate", "false", {"truncate is false", "true"}},
    {"deepseek-v3", "rope_scaling.mrope_section", "[1]", {"\"mrope_section\"", "accepted"}},
    {"deepseek-v3", "rope_scaling.beta_fats", "32", {"\"beta_fats\"", "accepted"}},
    {"deepseek-v3", "rope_parameters", "{}", {"rope_scaling is an object", "null"}},
    {"deepseek-v3", "rope_scaling.rope_theta", "5e4", {"rope_theta is 50000", "10000"}},
    {"glm-5", "rope_theta", "1e4", {"rope_parameters.rope_theta is 1000000", "10000"}},
    {"glm-5", "rope_parameters.rope_theta", NULL, {"rope_theta is missing", "a number"}},
    {"glm-5", "index_topk", "0", {"index_topk is 0", "from 1"}},
    {"longcat-flash", "mla_scale_q_lora", NULL, {"mla_scale_q_lora is missing", "true or false"}},
    {"longcat-flash", "mla_scale_kv_lora", "2", {"mla_scale_kv_lora is 2", "true or false"}},
    {"longcat-flash", "q_lora_rank", "null", {"mla_scale_q_lora is true", "false"}},
    {"longcat-flash", "num_layers", NULL, {"num_layers is missing", "from 1"}},
    {"longcat-flash", "num_hidden_layers", "30", {"num_hidden_layers is 30", "28", "56"}},
    {"deepseek-v3", "attention_bias", "true", {"attention_bias is true", "false"}},
    {"deepseek-v3", "sliding_window", "4096", {"sliding_window is 4096", "null"}},
    {"deepseek-v3", "attn_logit_softcapping", "50.0", {"softcapping is 50", "null"}},
    {"deepseek-v3", "qk_norm", "true", {"qk_norm is true", "false"}},
    {"deepseek-v3", "attention_sinks", "true", {"attention_sinks is true", "null"}},
    {"deepseek-v3", "o_lora_rank", "1024", {"o_lora_rank is 1024", "null"}},
    {"deepseek-v3", "use_mla", "false", {"use_mla is false", "true"}},
    {"deepseek-v3", "partial_rotary_factor", "0.5", {"partial_rotary_factor is 0.5", "1"}},
    {"deepseek-v3",
     "layer_types",
     "[\"full_attention\", \"sliding_attention\"]",
     {"layer_types is an array", "\"full_attention\""}},
    {"article-784", "head_dim", "0", {"head_dim is 0", "from 1"}},
    {"article-784", "output_size", NULL, {"output_size is missing", "from 1"}},
    {"article-784", "ouput_size", "128", {"\"ouput_size\"", "accepted"}},
    {"article-784", "rope_theta", "1e4", {"\"rope_theta\"", "accepted: model_type, hidden_size"}},
};

Test(model, refusals)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct model m;
        struct mla_error error = {""};
        json_t *root = load(refusals[i].base);
        set(root, refusals[i].field, refusals[i].value);
        int code = read_json(root, &m, &error);
        const char *value = refusals[i].value ? refusals[i].value : "(none)";
        cr_assert(code == MLA_BAD_INPUT, "%s = %s gives %d", refusals[i].field, value, code);
        cr_assert(strncmp(error.message, "/tmp/mlabench-model-", 20) == 0, "no file in: %s",
                  error.message);
        for (int e = 0; e < 3 && refusals[i].expected[e]; e++)
            cr_assert(strstr(error.message, refusals[i].expected[e]), "%s = %s: no '%s' in: %s",
                      refusals[i].field, value, refusals[i].expected[e], error.message);
    }
}

Test(model, misspelt_fields)
{
    static const char *const fields[][2] = {
        {"hidden_size", "hiden_size"},
        {"kv_lora_rank", "kv_lora_rnak"},
        {"rope_scaling", "rope_scalling"},
        {"max_position_embeddings", "max_position_embedding"},
        {"rms_norm_eps", "rms_norm_epsi"},
        {"q_lora_rank", "q_lora-rank"},
        {"num_attention_heads", "num_attention_head"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct model m;
        struct mla_error error = {""};
        json_t *root = load("deepseek-v3");
        json_object_set(root, fields[i][1], json_object_get(root, fields[i][0]));
        json_object_del(root, fields[i][0]);
        cr_assert(read_json(root, &m, &error) == MLA_BAD_INPUT, "%s is accepted", fields[i][1]);
        char expected[96];
        snprintf(expected, sizeof expected, "\"%s\", did you mean %s?", fields[i][1], fields[i][0]);
        cr_assert(strstr(error.message, expected), "no '%s' in: %s", expected, error.message);
    }
}

Test(model, widths_that_are_absurd_together)
{
    struct model m;
    struct mla_error error = {""};
    json_t *root = load("deepseek-v3");
    set(root, "num_attention_heads", "16384");
    set(root, "num_key_value_heads", "16384");
    set(root, "qk_nope_head_dim", "65536");
    cr_assert(read_json(root, &m, &error) == MLA_BAD_INPUT, "a head of 1 G elements");
    cr_assert(strstr(error.message, "qk_nope_head_dim is 65536, accepted: heads of at most"), "%s",
              error.message);
}

Test(model, files_that_are_not_json)
{
    static const struct {
        const char *text, *expected;
    } files[] = {
        {"", "not valid JSON"},
        {"   \n", "not valid JSON"},
        {"{\"hidden_size\": 1", "not valid JSON"},
        {"{\"hidden_size\": NaN}", ":1:"},
        {"{\"hidden_size\": 1e999}", "not valid JSON"},
        {"{\"hidden_size\": 99999999999999999999999}", "not valid JSON"},
        {"{\"hidden_size\": 1,\n\"hidden_size\": 2}", ":2:"},
        {"{} {}", "not valid JSON"},
        {"[1, 2]", "holds an array, accepted: an object"},
        {"{\"a\": \"\\ud800\"}", "not valid JSON"},
        {"{\"a\": \"\xff\xfe\"}", "not valid JSON"},
        {"{}", "hidden_size is missing"},
        {"{\"text_config\": 3}", "text_config is 3, accepted: an object"},
        {"{\"text_config\": {}}", "text_config.hidden_size is missing"},
        {"{\"model_type\": \"\"}", "model_type is \"\""},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct model m;
        struct mla_error error = {""};
        cr_assert(read_text(files[i].text, &m, &error) == MLA_BAD_INPUT, "accepted: %s",
                  files[i].text);
        cr_assert(strstr(error.message, files[i].expected), "%s: %s", files[i].text, error.message);
    }
    struct model m;
    struct mla_error error = {""};
    cr_assert(model_read("/tmp", &m, &error) == MLA_MACHINE, "a folder: %s", error.message);
    cr_assert(model_read("/dev/zero", &m, &error) == MLA_BAD_INPUT, "no end: %s", error.message);
}

Test(model, deep_nesting)
{
    enum { DEPTH = 200000 };
    char *text = calloc(DEPTH + 6, 1);
    struct model m;
    struct mla_error error = {""};
    snprintf(text, DEPTH, "{\"a\":");
    memset(text + 5, '[', DEPTH);
    int code = read_bytes(text, DEPTH + 5, &m, &error);
    free(text);
    cr_assert(code == MLA_BAD_INPUT && strstr(error.message, "not valid JSON"), "%s",
              error.message);
}

/* Found values and names are shown short and in ASCII, whatever the file holds. */
Test(model, messages_are_printable)
{
    char text[8192], longest[6000];
    struct model m;
    struct mla_error error = {""};
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    snprintf(text, sizeof text, "{\"hidden_size\": \"\\u001b[31m\xc3\xa9%s\"}", longest);
    cr_assert(read_text(text, &m, &error) == MLA_BAD_INPUT, "a text for a number");
    cr_assert(strlen(error.message) < 200, "%zu characters", strlen(error.message));
    for (const char *c = error.message; *c; c++)
        cr_assert(*c >= ' ' && *c <= '~', "character %d in: %s", *c, error.message);
    /* What is no JSON is shown by the parser. */
    cr_assert(read_text("{\"hidden_size\": \033[31m\n}", &m, &error) == MLA_BAD_INPUT, "an escape");
    for (const char *c = error.message; *c; c++)
        cr_assert(*c >= ' ' && *c <= '~', "character %d in: %s", *c, error.message);
}

/* No prefix of a file and no changed byte may do worse than a refusal. */
Test(model, damaged_files)
{
    json_t *root = load("tiny");
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    size_t length = strlen(text);
    struct model m;
    struct mla_error error = {""};
    for (size_t i = 0; i < length; i++)
        cr_assert(read_bytes(text, i, &m, &error) == MLA_BAD_INPUT, "%zu bytes accepted", i);
    static const char bytes[] = {'\0', '"', '9', '-', '{', ']', ' ', '\xff'};
    for (size_t i = 0; i < length; i++) {
        char was = text[i];
        for (size_t b = 0; b < sizeof bytes; b++) {
            text[i] = bytes[b];
            int code = read_bytes(text, length, &m, &error);
            cr_assert(code == 0 || code == MLA_BAD_INPUT, "byte %zu: %d", i, code);
            cr_assert(code != 0 || isfinite(m.softmax_scale), "byte %zu: scale", i);
        }
        text[i] = was;
    }
    free(text);
}
