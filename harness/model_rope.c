/* SPDX-License-Identifier: MIT */
#include "harness/model_rope.h"

#include <stdio.h>
#include <string.h>

static const char *const known[] = {
    "rope_type",
    "type",
    "rope_theta",
    "factor",
    "beta_fast",
    "beta_slow",
    "mscale",
    "mscale_all_dim",
    "original_max_position_embeddings",
    "short_factor",
    "long_factor",
    "short_mscale",
    "long_mscale",
    "attention_factor",
    "truncate",
    "partial_rotary_factor",
};

#define LEAST_THETA 1.0
#define MOST_THETA  1e12

/* The object that describes the rotation, empty fields->object if there is none. */
static int open_parameters(const struct fields *config, struct fields *fields)
{
    const char *name = fields_get(config, "rope_parameters") ? "rope_parameters" : "rope_scaling";
    const json_t *object = fields_get(config, name);
    if (fields_get(config, "rope_parameters") && fields_get(config, "rope_scaling"))
        return fields_refuse(config, "rope_scaling", "null, as there are rope_parameters too");
    if (object && !json_is_object(object))
        return fields_refuse(config, name, "an object, or null for plain RoPE");
    *fields = *config;
    fields->object = object;
    fields->known = known;
    fields->known_count = sizeof known / sizeof known[0];
    snprintf(fields->path, sizeof fields->path, "%.40s%s.", config->path, name);
    return object ? fields_refuse_unknown(fields) : 0;
}

static int read_theta(const struct fields *config, const struct fields *parameters,
                      double default_theta, double *theta)
{
    double outer = default_theta, inner = 0;
    bool has_inner = fields_get(parameters, "rope_theta");
    enum presence needed = has_inner || default_theta > 0 ? OPTIONAL : REQUIRED;
    int code = fields_number(config, needed, "rope_theta", LEAST_THETA, MOST_THETA, &outer);
    if (!code)
        code = fields_number(parameters, OPTIONAL, "rope_theta", LEAST_THETA, MOST_THETA, &inner);
    if (code)
        return code;
    *theta = has_inner ? inner : outer;
    if (has_inner && fields_get(config, "rope_theta") && inner != outer)
        return fields_refuse(parameters, "rope_theta", "%g, as rope_theta outside says", outer);
    if (*theta == LEAST_THETA) /* no angle would differ from the next */
        return fields_refuse(has_inner ? parameters : config, "rope_theta", "more than 1");
    return 0;
}

static int read_type(const struct fields *parameters, bool newer, const char **type)
{
    const char *older = NULL;
    *type = NULL;
    int code = fields_text(parameters, OPTIONAL, "rope_type", 64, type);
    if (!code)
        code = fields_text(parameters, OPTIONAL, "type", 64, &older);
    if (code)
        return code;
    if (older && *type && strcmp(older, *type) != 0)
        return fields_refuse(parameters, "type", "\"%s\", as rope_type says", *type);
    if (!*type)
        *type = older ? older : newer ? "default" : NULL;
    return *type ? 0 : fields_refuse(parameters, "rope_type", "\"default\" or \"yarn\"");
}

static int read_yarn(const struct fields *parameters, int64_t max_position_embeddings,
                     struct ref_rope *rope)
{
    double longest = (double)max_position_embeddings;
    rope->beta_fast = 32;
    rope->beta_slow = 1;
    rope->mscale = 1;
    const struct {
        const char *name;
        enum presence presence;
        double least, most;
        double *value;
    } numbers[] = {
        {"factor", REQUIRED, 1, 1e6, &rope->factor},
        {"original_max_position_embeddings", REQUIRED, 1, longest,
         &rope->original_max_position_embeddings},
        {"beta_fast", OPTIONAL, 0.001, 1e6, &rope->beta_fast},
        {"beta_slow", OPTIONAL, 0.001, 1e6, &rope->beta_slow},
        {"mscale", OPTIONAL, 0, 100, &rope->mscale},
        {"mscale_all_dim", OPTIONAL, 0, 100, &rope->mscale_all_dim},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int code = fields_number(parameters, numbers[i].presence, numbers[i].name, numbers[i].least,
                                 numbers[i].most, numbers[i].value);
        if (code)
            return code;
    }
    if (rope->beta_slow > rope->beta_fast)
        return fields_refuse(parameters, "beta_slow", "at most %g, which is beta_fast",
                             rope->beta_fast);
    return 0;
}

/* Fields that would change the rotation in ways that ref_rope does not know. */
static int refuse_variants(const struct fields *parameters)
{
    double whole = 1;
    bool truncate = true;
    if (fields_get(parameters, "attention_factor"))
        return fields_refuse(parameters, "attention_factor",
                             "null: only mscale and mscale_all_dim are supported");
    int code = fields_flag(parameters, OPTIONAL, "truncate", &truncate);
    if (!code && !truncate)
        code = fields_refuse(parameters, "truncate", "true");
    return code ? code : fields_number(parameters, OPTIONAL, "partial_rotary_factor", 1, 1, &whole);
}

int model_rope_read(const struct fields *config, const struct model_rope_choice *choice,
                    struct ref_rope *rope, bool *replaced)
{
    struct fields parameters = *config;
    *rope = (struct ref_rope){0};
    *replaced = false;
    int code = open_parameters(config, &parameters);
    if (!code)
        code = read_theta(config, &parameters, choice->default_theta, &rope->theta);
    if (code || !parameters.object)
        return code;
    const char *type = NULL;
    code = read_type(&parameters, fields_get(config, "rope_parameters"), &type);
    if (!code)
        code = refuse_variants(&parameters);
    if (code || !type)
        return code;
    if (strcmp(type, "yarn") == 0)
        return read_yarn(&parameters, choice->max_position_embeddings, rope);
    *replaced = choice->replace_longrope && strcmp(type, "longrope") == 0;
    if (*replaced)
        return 0;
    if (strcmp(type, "default") != 0)
        return fields_refuse(
            &parameters, fields_get(&parameters, "rope_type") ? "rope_type" : "type",
            "\"default\" or \"yarn\"%s", choice->replace_longrope ? " or \"longrope\"" : "");
    if (fields_get(&parameters, "factor"))
        return fields_refuse(&parameters, "factor", "none with type \"default\"");
    return 0;
}
