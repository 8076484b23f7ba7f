/* SPDX-License-Identifier: MIT */
#include "harness/model.h"

#include "harness/config_files.h"
#include "harness/json_fields.h"
#include "harness/model_limits.h"
#include "harness/model_rope.h"
#include "harness/model_variants.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ARTICLE_TYPE "article-latent-attention"

/* The norms of c_q and c_kv, by DeepSeek's own code and transformers, whatever rms_norm_eps says.
 */
#define LATENT_NORM_EPS 1e-6

/* A family whose config.json needs more than the common reading. */
struct family {
    const char *prefix; /* of model_type or of architectures[0] */
    bool halves;        /* RoPE pairs are (x[i], x[i + dim/2]) */
    bool replace_longrope;
    double default_theta;          /* of its own code, for files that leave rope_theta out */
    bool v_head_dim_is_even_share; /* absent v_head_dim: hidden_size / num_attention_heads */
    const char *layers;            /* name of the number of layers */
    int attentions_per_layer;
    bool scales_required; /* mla_scale_*: its implementations differ in what absent means */
};
static const struct family families[] = {
    {"minicpm3", true, true, 1e4, true, "num_hidden_layers", 1, false},
    {"longcat", false, false, 0, false, "num_layers", 2, true},
    {"", false, false, 0, false, "num_hidden_layers", 1, false},
};

/* A file being read. */
struct reading {
    struct fields config;
    const struct family *family;
    struct model *model;
};

/* Every field that is understood, in which a slip of the hand is worth a refusal. */
static const char *const known[] = {
    "model_type",
    "architectures",
    "text_config",
    "hidden_size",
    "output_size",
    "num_hidden_layers",
    "num_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "q_lora_rank",
    "kv_lora_rank",
    "qk_nope_head_dim",
    "qk_rope_head_dim",
    "v_head_dim",
    "qk_head_dim",
    "head_dim",
    "max_position_embeddings",
    "rms_norm_eps",
    "rope_theta",
    "rope_scaling",
    "rope_parameters",
    "rope_interleave",
    "mla_scale_q_lora",
    "mla_scale_kv_lora",
    "attention_bias",
    "sliding_window",
    "use_sliding_window",
    "attn_logit_softcapping",
    "qk_norm",
    "use_qk_norm",
    "attention_sinks",
    "o_lora_rank",
    "compress_ratios",
    "linear_attn_config",
    "mla_use_nope",
    "llama_4_scaling",
    "query_pre_attn_scalar",
    "layer_types",
    "partial_rotary_factor",
    "use_mla",
    "index_topk",
};

static const struct family *family_of(const struct fields *config)
{
    const char *names[] = {
        json_string_value(fields_get(config, "model_type")),
        json_string_value(json_array_get(fields_get(config, "architectures"), 0)),
    };
    const struct family *family = families;
    for (; family->prefix[0]; family++) {
        for (int i = 0; i < 2; i++)
            if (names[i] && strncasecmp(names[i], family->prefix, strlen(family->prefix)) == 0)
                return family;
    }
    return family;
}

static void add_note(struct model *model, const char *note)
{
    size_t used = strlen(model->note);
    snprintf(model->note + used, sizeof model->note - used, "%s%s", used ? "; " : "", note);
}

/* What every kind has. */
static int read_common(const struct reading *r)
{
    struct model *m = r->model;
    int code = fields_int32(&r->config, REQUIRED, "hidden_size", 1, MOST_HIDDEN, &m->hidden_size);
    if (!code)
        code = fields_int32(&r->config, REQUIRED, r->family->layers, 1, MOST_LAYERS,
                            &m->num_hidden_layers);
    if (!code)
        code = fields_int32(&r->config, REQUIRED, "num_attention_heads", 1, MOST_HEADS,
                            &m->num_attention_heads);
    if (!code)
        code = fields_int32(&r->config, REQUIRED, "kv_lora_rank", 1, MOST_RANK, &m->kv_lora_rank);
    if (!code)
        code = fields_integer(&r->config, REQUIRED, "max_position_embeddings", 1, MOST_POSITIONS,
                              &m->max_position_embeddings);
    m->num_key_value_heads = m->num_attention_heads;
    m->attentions_per_layer = r->family->attentions_per_layer;
    m->q_lora_gain = m->kv_lora_gain = 1;
    return code;
}

static int check_width(const struct reading *r, const char *field, int64_t head_width)
{
    if (head_width * r->model->num_attention_heads <= MOST_HEADS_WIDTH)
        return 0;
    return fields_refuse(&r->config, field, "heads of at most %d elements together, not %lld",
                         MOST_HEADS_WIDTH, (long long)head_width * r->model->num_attention_heads);
}

static int read_dims(const struct reading *r)
{
    const struct fields *config = &r->config;
    struct model *m = r->model;
    const json_t *rank = json_object_get(config->object, "q_lora_rank");
    int64_t q_lora_rank = 0;
    if (!json_is_null(rank) && !json_whole(rank, 1, MOST_RANK, &q_lora_rank))
        return fields_refuse(config, "q_lora_rank",
                             "a whole number from 1 to %d, or null for no query compression",
                             MOST_RANK);
    m->q_lora_rank = (int32_t)q_lora_rank;
    int code =
        fields_int32(config, REQUIRED, "qk_nope_head_dim", 1, MOST_HEAD_DIM, &m->qk_nope_head_dim);
    if (!code)
        code = fields_int32(config, REQUIRED, "qk_rope_head_dim", 2, MOST_HEAD_DIM,
                            &m->qk_rope_head_dim);
    if (!code && m->qk_rope_head_dim % 2)
        code = fields_refuse(config, "qk_rope_head_dim", "an even number: RoPE turns pairs");
    bool even_share = r->family->v_head_dim_is_even_share &&
                      m->hidden_size % m->num_attention_heads == 0 &&
                      m->hidden_size / m->num_attention_heads <= MOST_HEAD_DIM;
    m->v_head_dim = m->hidden_size / m->num_attention_heads;
    if (!code)
        code = fields_int32(config, even_share ? OPTIONAL : REQUIRED, "v_head_dim", 1,
                            MOST_HEAD_DIM, &m->v_head_dim);
    if (!code)
        code = check_width(r, "qk_nope_head_dim",
                           (int64_t)m->qk_nope_head_dim + m->qk_rope_head_dim + m->v_head_dim);
    return code;
}

/* Fields that repeat what others say. transformers writes the rotated part as head_dim. */
static int check_repeated(const struct reading *r)
{
    const struct fields *config = &r->config;
    const struct model *m = r->model;
    int32_t heads = m->num_attention_heads, rope = m->qk_rope_head_dim;
    int32_t qk = m->qk_nope_head_dim + rope;
    int64_t number;
    const json_t *value = fields_get(config, "num_key_value_heads");
    if (value && !json_whole(value, heads, heads, &number))
        return fields_refuse(config, "num_key_value_heads",
                             "%d like num_attention_heads, or null: each head has its own keys",
                             heads);
    value = fields_get(config, "qk_head_dim");
    if (value && !json_whole(value, qk, qk, &number))
        return fields_refuse(config, "qk_head_dim",
                             "%d, which is qk_nope_head_dim + qk_rope_head_dim, or null", qk);
    value = fields_get(config, "head_dim");
    if (value && !json_whole(value, rope, rope, &number) && !json_whole(value, qk, qk, &number))
        return fields_refuse(config, "head_dim",
                             "%d, which is qk_rope_head_dim, or %d with qk_nope_head_dim, or null",
                             rope, qk);
    value = fields_get(config, "num_hidden_layers");
    int64_t layers = m->num_hidden_layers, attentions = layers * m->attentions_per_layer;
    if (value && !json_whole(value, layers, layers, &number) &&
        !json_whole(value, attentions, attentions, &number))
        return fields_refuse(config, "num_hidden_layers", "%lld like %s, or %lld attentions",
                             (long long)layers, r->family->layers, (long long)attentions);
    double eps = LATENT_NORM_EPS;
    return fields_number(config, OPTIONAL, "rms_norm_eps", 1e-30, 1, &eps);
}

/* LongCat multiplies q by sqrt(hidden / q_lora) and c_kv by sqrt(hidden / kv_lora). */
static int read_gains(const struct reading *r)
{
    const struct fields *config = &r->config;
    struct model *m = r->model;
    enum presence presence = r->family->scales_required ? REQUIRED : OPTIONAL;
    bool scale_q = false, scale_kv = false;
    int code = fields_flag(config, presence, "mla_scale_q_lora", &scale_q);
    if (!code)
        code = fields_flag(config, presence, "mla_scale_kv_lora", &scale_kv);
    if (code)
        return code;
    if (scale_q && !m->q_lora_rank)
        return fields_refuse(config, "mla_scale_q_lora", "false where q_lora_rank is null");
    if (scale_q)
        m->q_lora_gain = sqrt((double)m->hidden_size / m->q_lora_rank);
    if (scale_kv)
        m->kv_lora_gain = sqrt((double)m->hidden_size / m->kv_lora_rank);
    return 0;
}

static int read_rope(const struct reading *r)
{
    struct model *m = r->model;
    struct model_rope_choice choice = {
        .default_theta = r->family->default_theta,
        .replace_longrope = r->family->replace_longrope,
        .max_position_embeddings = m->max_position_embeddings,
    };
    bool replaced, interleaved = !r->family->halves;
    int code = fields_flag(&r->config, OPTIONAL, "rope_interleave", &interleaved);
    if (!code)
        code = model_rope_read(&r->config, &choice, &m->rope, &replaced);
    if (code)
        return code;
    m->rope.dim = m->qk_rope_head_dim;
    m->rope.interleaved = interleaved;
    if (replaced)
        add_note(m, "LongRoPE is replaced by plain RoPE");
    return 0;
}

static int read_sparse_index(const struct reading *r)
{
    int64_t top_k = 0;
    int code = fields_integer(&r->config, OPTIONAL, "index_topk", 1, MOST_POSITIONS, &top_k);
    char note[64];
    snprintf(note, sizeof note, "dense: its sparse index (top %lld) is not applied",
             (long long)top_k);
    if (top_k)
        add_note(r->model, note);
    return code;
}

static int read_mla(const struct reading *r)
{
    struct model *m = r->model;
    static int (*const steps[])(const struct reading *) = {
        read_common, read_dims, check_repeated, read_gains, read_rope, read_sparse_index,
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int code = steps[i](r);
        if (code)
            return code;
    }
    m->kind = MODEL_MLA;
    m->output_size = m->hidden_size;
    m->norm_eps = LATENT_NORM_EPS;
    m->softmax_scale = ref_softmax_scale(m->qk_nope_head_dim + m->qk_rope_head_dim, &m->rope);
    m->causal = true;
    return 0;
}

/* The article's form is ours to spell: hidden_size d, kv_lora_rank k, output_size, head_dim. */
static int read_article(const struct reading *r)
{
    static const char *const article[] = {
        "model_type",   "hidden_size", "output_size",       "num_attention_heads",
        "kv_lora_rank", "head_dim",    "num_hidden_layers", "max_position_embeddings",
    };
    struct model *m = r->model;
    struct fields strict = r->config;
    strict.known = article;
    strict.known_count = sizeof article / sizeof article[0];
    int code = fields_refuse_unknown(&strict);
    if (!code)
        code = read_common(r);
    if (!code)
        code = fields_int32(&r->config, REQUIRED, "output_size", 1, MOST_HIDDEN, &m->output_size);
    if (!code)
        code = fields_int32(&r->config, REQUIRED, "head_dim", 1, MOST_HEAD_DIM, &m->v_head_dim);
    if (!code)
        code = check_width(r, "head_dim", 2 * (int64_t)m->v_head_dim);
    m->kind = MODEL_ARTICLE;
    m->qk_nope_head_dim = m->v_head_dim;
    m->softmax_scale = 1 / sqrt(m->kv_lora_rank);
    return code;
}

/* The language model's part of a file, where it has one. */
static int open_config(const json_t *root, struct fields *config)
{
    config->object = root;
    const json_t *text = fields_get(config, "text_config");
    if (!text || fields_get(config, "kv_lora_rank"))
        return 0;
    if (!json_is_object(text))
        return fields_refuse(config, "text_config", "an object");
    config->object = text;
    snprintf(config->path, sizeof config->path, "text_config.");
    return 0;
}

static int read_root(const char *path, const json_t *root, struct model *model,
                     struct mla_error *error)
{
    struct reading r = {
        .config = {.file = path,
                   .known = known,
                   .known_count = sizeof known / sizeof known[0],
                   .error = error},
        .model = model,
    };
    const char *type = "";
    int code = open_config(root, &r.config);
    if (!code)
        code = fields_text(&r.config, OPTIONAL, "model_type", 256, &type);
    if (code)
        return code;
    r.family = family_of(&r.config);
    if (strcmp(type, ARTICLE_TYPE) == 0)
        return read_article(&r);
    code = fields_refuse_misspelt(&r.config);
    if (!code)
        code = model_refuse_variants(&r.config);
    return code ? code : read_mla(&r);
}

int model_read(const char *path, struct model *model, struct mla_error *error)
{
    *model = (struct model){0};
    json_t *root;
    int code = fields_load(path, &root, error);
    if (code)
        return code;
    code = config_name_of(path, model->name, error);
    if (!code)
        code = read_root(path, root, model, error);
    json_decref(root);
    return code;
}
