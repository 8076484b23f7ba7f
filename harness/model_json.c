/* SPDX-License-Identifier: MIT */
#include "harness/model_json.h"

#include "harness/model_limits.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
    [MODEL_MLA] = "mla",
    [MODEL_MHA] = "mha",
    [MODEL_ARTICLE] = "article",
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

enum type { INT32, INT64, NUMBER, FLAG };

struct member {
    const char *name;
    enum type type;
    size_t offset;
    double least, most; /* whole numbers are far below 2^53 */
};

#define AT(member) offsetof(struct model, member)

static const struct member members[] = {
    {"hidden_size", INT32, AT(hidden_size), 0, MOST_HIDDEN},
    {"output_size", INT32, AT(output_size), 0, MOST_HIDDEN},
    {"num_hidden_layers", INT32, AT(num_hidden_layers), 1, MOST_LAYERS},
    {"attentions_per_layer", INT32, AT(attentions_per_layer), 1, 2},
    {"num_attention_heads", INT32, AT(num_attention_heads), 1, MOST_HEADS},
    {"num_key_value_heads", INT32, AT(num_key_value_heads), 1, MOST_HEADS},
    {"q_lora_rank", INT32, AT(q_lora_rank), 0, MOST_RANK},
    {"kv_lora_rank", INT32, AT(kv_lora_rank), 0, MOST_RANK},
    {"qk_nope_head_dim", INT32, AT(qk_nope_head_dim), 0, MOST_HEAD_DIM},
    {"qk_rope_head_dim", INT32, AT(qk_rope_head_dim), 0, MOST_HEAD_DIM},
    {"v_head_dim", INT32, AT(v_head_dim), 1, MOST_HEAD_DIM},
    {"max_position_embeddings", INT64, AT(max_position_embeddings), 1, MOST_POSITIONS},
    {"norm_eps", NUMBER, AT(norm_eps), 0, 1},
    {"softmax_scale", NUMBER, AT(softmax_scale), 1e-30, 1e30},
    {"q_lora_gain", NUMBER, AT(q_lora_gain), 1e-6, 1e6},
    {"kv_lora_gain", NUMBER, AT(kv_lora_gain), 1e-6, 1e6},
    {"causal", FLAG, AT(causal), 0, 1},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static const struct member rope_members[] = {
    {"dim", INT32, AT(rope.dim), 0, MOST_HEAD_DIM},
    {"interleaved", FLAG, AT(rope.interleaved), 0, 1},
    {"theta", NUMBER, AT(rope.theta), 0, 1e12},
    {"factor", NUMBER, AT(rope.factor), 0, 1e6},
    {"original_max_position_embeddings", NUMBER, AT(rope.original_max_position_embeddings), 0,
     MOST_POSITIONS},
    {"beta_fast", NUMBER, AT(rope.beta_fast), 0, 1e6},
    {"beta_slow", NUMBER, AT(rope.beta_slow), 0, 1e6},
    {"mscale", NUMBER, AT(rope.mscale), 0, 100},
    {"mscale_all_dim", NUMBER, AT(rope.mscale_all_dim), 0, 100},
};
enum { ROPE_MEMBERS = sizeof rope_members / sizeof rope_members[0] };

static json_t *member_json(const struct model *model, const struct member *member)
{
    const void *value = (const char *)model + member->offset;
    switch (member->type) {
    case INT32:
        return json_integer(*(const int32_t *)value);
    case INT64:
        return json_integer(*(const int64_t *)value);
    case NUMBER:
        return json_real(*(const double *)value);
    case FLAG:
        return json_boolean(*(const bool *)value);
    }
    return NULL;
}

json_t *model_json(const struct model *model)
{
    json_t *object = json_object(), *rope = json_object();
    json_object_set_new(object, "name", json_string(model->name));
    json_object_set_new(object, "kind", json_string(kinds[model->kind]));
    for (int i = 0; i < MEMBERS; i++)
        json_object_set_new(object, members[i].name, member_json(model, &members[i]));
    for (int i = 0; i < ROPE_MEMBERS; i++)
        json_object_set_new(rope, rope_members[i].name, member_json(model, &rope_members[i]));
    json_object_set_new(object, "rope", rope);
    if (model->note[0])
        json_object_set_new(object, "note", json_string(model->note));
    return object;
}

static int read_member(const struct fields *fields, const struct member *m, struct model *model)
{
    void *value = (char *)model + m->offset;
    switch (m->type) {
    case INT32:
        return fields_int32(fields, REQUIRED, m->name, (int32_t)m->least, (int32_t)m->most, value);
    case INT64:
        return fields_integer(fields, REQUIRED, m->name, (int64_t)m->least, (int64_t)m->most,
                              value);
    case NUMBER:
        return fields_number(fields, REQUIRED, m->name, m->least, m->most, value);
    case FLAG:
        return fields_flag(fields, REQUIRED, m->name, value);
    }
    return 0;
}

/* Reads the members, and refuses what is none of them or of `others`. */
static int read_members(const struct fields *fields, const struct member *list, int count,
                        const char *const *others, struct model *model)
{
    const char *known[MEMBERS + 4];
    struct fields strict = *fields;
    int known_count = 0;
    for (; others && *others; others++)
        known[known_count++] = *others;
    for (int i = 0; i < count; i++)
        known[known_count++] = list[i].name;
    strict.known = known;
    strict.known_count = known_count;
    int code = fields_refuse_unknown(&strict);
    for (int i = 0; i < count && !code; i++)
        code = read_member(fields, &list[i], model);
    return code;
}

static int read_kind(const struct fields *fields, struct model *model)
{
    const char *kind = NULL;
    int code = fields_text(fields, REQUIRED, "kind", 16, &kind);
    if (code)
        return code;
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kind, kinds[i]) == 0) {
            model->kind = (enum model_kind)i;
            return 0;
        }
    return fields_refuse(fields, "kind", "\"mla\", \"mha\" or \"article\"");
}

static int read_rope(const struct fields *fields, struct model *model)
{
    struct fields rope = *fields;
    rope.object = fields_get(fields, "rope");
    if (!json_is_object(rope.object))
        return fields_refuse(fields, "rope", "an object");
    snprintf(rope.path, sizeof rope.path, "%.40srope.", fields->path);
    return read_members(&rope, rope_members, ROPE_MEMBERS, NULL, model);
}

/* What kernel.h says of dimensions. */
static int check_dims(const struct fields *fields, const struct model *m)
{
    int64_t qk = (int64_t)m->qk_nope_head_dim + m->qk_rope_head_dim;
    bool latent = m->kind != MODEL_MHA;
    if (qk == 0)
        return fields_refuse(fields, "qk_nope_head_dim", "1 or more where qk_rope_head_dim is 0");
    if ((qk + m->v_head_dim) * m->num_attention_heads > MOST_HEADS_WIDTH)
        return fields_refuse(fields, "num_attention_heads",
                             "as many as have %d elements of keys and values together",
                             MOST_HEADS_WIDTH);
    if (latent && m->num_key_value_heads != m->num_attention_heads)
        return fields_refuse(fields, "num_key_value_heads", "%d like num_attention_heads",
                             m->num_attention_heads);
    if (m->num_attention_heads % m->num_key_value_heads)
        return fields_refuse(fields, "num_key_value_heads", "a divisor of the %d heads",
                             m->num_attention_heads);
    if (latent && m->kv_lora_rank == 0)
        return fields_refuse(fields, "kv_lora_rank", "1 or more");
    return 0;
}

static int check_layer(const struct fields *fields, const struct model *m)
{
    bool article = m->kind == MODEL_ARTICLE;
    if (m->hidden_size == 0 || m->output_size == 0)
        return fields_refuse(fields, m->hidden_size ? "output_size" : "hidden_size",
                             "1 or more in a layer");
    if (article && (m->qk_rope_head_dim || m->qk_nope_head_dim != m->v_head_dim))
        return fields_refuse(fields, "qk_nope_head_dim", "v_head_dim, and no qk_rope_head_dim");
    if (!article && (m->rope.dim != m->qk_rope_head_dim || m->rope.dim % 2))
        return fields_refuse(fields, "rope", "dim %d, as qk_rope_head_dim, and even",
                             m->qk_rope_head_dim);
    if (!article && m->rope.theta <= 1)
        return fields_refuse(fields, "rope", "theta above 1");
    return 0;
}

int model_json_read(const struct fields *fields, bool layer, struct model *model)
{
    static const char *const others[] = {"name", "kind", "rope", "note", NULL};
    const char *name = "", *note = "";
    *model = (struct model){.kind = MODEL_MLA};
    int code = fields_text(fields, REQUIRED, "name", sizeof model->name - 1, &name);
    if (!code)
        code = fields_text(fields, OPTIONAL, "note", sizeof model->note - 1, &note);
    if (!code)
        code = read_kind(fields, model);
    if (!code)
        code = read_members(fields, members, MEMBERS, others, model);
    if (!code)
        code = read_rope(fields, model);
    if (!code)
        code = check_dims(fields, model);
    if (!code && layer)
        code = check_layer(fields, model);
    snprintf(model->name, sizeof model->name, "%s", name);
    snprintf(model->note, sizeof model->note, "%s", note);
    return code;
}
