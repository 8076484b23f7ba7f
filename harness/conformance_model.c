/* SPDX-License-Identifier: MIT */
#include "harness/conformance_model.h"

#include "harness/json_fields.h"
#include "harness/json_text.h"
#include "harness/safetensors.h"
#include "kernels/formats/bf16.h"

#include <stdio.h>
#include <stdlib.h>

/* No two alike, so that dimensions taken for one another show, and LongCat's sqrt(hidden_size /
 * q_lora_rank) is not 1. */
enum { CUT_HIDDEN = 64, CUT_Q_LORA = 48, CUT_HEADS = 2 };

/* Room for the vectors within a million bytes. */
enum { MOST_WEIGHT_BYTES = 700000 };

/* The language model's part of a file. */
static json_t *config_of(json_t *root)
{
    json_t *text = json_object_get(root, "text_config");
    return json_is_object(text) && !json_object_get(root, "kv_lora_rank") ? text : root;
}

/* Leaves alone what is absent, null, or small enough. */
static void cut(struct conformance_model *m, json_t *config, const char *field, int64_t to)
{
    const json_t *value = json_object_get(config, field);
    int64_t from;
    if (!json_whole(value, to + 1, INT64_MAX, &from))
        return;
    m->cuts[m->cut_count++] = (struct dimension_cut){field, from, to};
    json_object_set_new(config, field, json_integer(to));
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* kv_lora_rank, halved until the weights are few enough. */
static int32_t rank_to_keep(const struct model *whole)
{
    struct model model = *whole;
    model.hidden_size = model.output_size = smaller(whole->hidden_size, CUT_HIDDEN);
    model.q_lora_rank = smaller(whole->q_lora_rank, CUT_Q_LORA);
    model.num_attention_heads = model.num_key_value_heads =
        smaller(whole->num_attention_heads, CUT_HEADS);
    while (model.kv_lora_rank > 1 &&
           weights_bytes(&model) / sizeof(float) * sizeof(uint16_t) > MOST_WEIGHT_BYTES)
        model.kv_lora_rank /= 2;
    return model.kv_lora_rank;
}

static void cut_all(struct conformance_model *m, const struct model *whole, json_t *config)
{
    cut(m, config, "hidden_size", CUT_HIDDEN);
    cut(m, config, "num_hidden_layers", 1);
    cut(m, config, "num_layers", 1);
    cut(m, config, "num_attention_heads", CUT_HEADS);
    cut(m, config, "num_key_value_heads", CUT_HEADS);
    cut(m, config, "q_lora_rank", CUT_Q_LORA);
    cut(m, config, "kv_lora_rank", rank_to_keep(whole));
    /* MiniCPM3's follows from the others, as they were. */
    if (!json_is_integer(json_object_get(config, "v_head_dim")))
        json_object_set_new(config, "v_head_dim", json_integer(whole->v_head_dim));
}

/* Rounds them, unless full. */
static void round_weights(struct conformance_model *m)
{
    float *weights = m->weights.memory.data;
    size_t count = m->full ? 0 : m->weights.memory.size / sizeof *weights;
    for (size_t i = 0; i < count; i++) {
        uint16_t code;
        bf16_encode(1, &weights[i], &code);
        bf16_decode(1, &code, &weights[i]);
    }
}

int conformance_model_create(const char *path, const char *folder, bool full, uint64_t seed,
                             int threads, struct conformance_model *m, struct mla_error *error)
{
    struct model whole;
    json_t *root = NULL;
    char written[1400];
    *m = (struct conformance_model){.full = full};
    int code = model_read(path, &whole, error);
    if (!code)
        code = fields_load(path, &root, error);
    if (!code) {
        if (!full)
            cut_all(m, &whole, config_of(root));
        code = json_text_write(folder, "config.json", root, error);
    }
    json_decref(root);
    if (code)
        return code;
    snprintf(written, sizeof written, "%s/config.json", folder);
    code = model_read(written, &m->model, error);
    if (!code)
        code = weights_create(&m->model, seed, threads, &m->weights, error);
    if (!code)
        round_weights(m);
    return code;
}

void conformance_model_destroy(struct conformance_model *m)
{
    weights_destroy(&m->weights);
}

const char *conformance_prefix(const struct model *model)
{
    return model->attentions_per_layer > 1 ? "model.layers.0.self_attn.0."
                                           : "model.layers.0.self_attn.";
}

enum { NAME_LENGTH = 80 };

int conformance_model_write(const struct conformance_model *m, const char *folder,
                            struct mla_error *error)
{
    static const char *const metadata[] = {"format", "pt", NULL}; /* transformers insists */
    struct named_weight list[NAMED_WEIGHTS];
    struct named_tensor tensors[NAMED_WEIGHTS];
    char names[NAMED_WEIGHTS][NAME_LENGTH];
    int count = 0;
    const float *weights = m->weights.memory.data;
    int64_t elements = (int64_t)(m->weights.memory.size / sizeof *weights);
    uint16_t *codes = m->full ? NULL : malloc((size_t)elements * sizeof *codes);
    if (!m->full && !codes)
        return mla_fail(error, MLA_MACHINE, "no memory for the weights of %s", m->model.name);
    if (codes)
        bf16_encode(elements, weights, codes);
    int listed = weights_list(&m->model, &m->weights.named, list);
    for (int i = 0; i < listed; i++) {
        snprintf(names[count], NAME_LENGTH, "%s%s.weight", conformance_prefix(&m->model),
                 list[i].name);
        const void *data = codes ? (const void *)(codes + (list[i].data - weights)) : list[i].data;
        tensors[count].name = names[count];
        tensors[count++].tensor =
            (struct tensor){codes ? TENSOR_BF16 : TENSOR_F32,
                            list[i].rows ? 2 : 1,
                            {list[i].rows ? list[i].rows : list[i].columns, list[i].columns},
                            data};
    }
    int code = safetensors_write(folder, "model.safetensors", tensors, count, metadata, error);
    free(codes);
    return code;
}
