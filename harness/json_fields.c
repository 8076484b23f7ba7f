/* SPDX-License-Identifier: MIT */
#include "harness/json_fields.h"

#include "harness/nearest.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_file(const char *file, size_t most, char **text, size_t *size,
                     struct mla_error *error)
{
    FILE *stream = fopen(file, "rb");
    if (!stream)
        return mla_fail(error, errno == ENOENT ? MLA_BAD_INPUT : MLA_MACHINE,
                        "%s: cannot be read: %s", file, strerror(errno));
    size_t capacity = 0;
    *text = NULL;
    *size = 0;
    for (size_t got = 1; got > 0 && *size <= most; *size += got) {
        if (*size == capacity) {
            capacity = capacity ? 2 * capacity : 8192;
            char *larger = realloc(*text, capacity);
            if (!larger) {
                fclose(stream);
                free(*text);
                return mla_fail(error, MLA_MACHINE, "%s: no memory to read it", file);
            }
            *text = larger;
        }
        got = fread(*text + *size, 1, capacity - *size, stream);
    }
    int failure = ferror(stream) ? errno : 0;
    fclose(stream);
    if (!failure && *size <= most)
        return 0;
    free(*text);
    if (failure)
        return mla_fail(error, MLA_MACHINE, "%s: cannot be read: %s", file, strerror(failure));
    return mla_fail(error, MLA_BAD_INPUT,
                    "%s: has more than %zu bytes, accepted: a JSON file of "
                    "at most that",
                    file, most);
}

int fields_load(const char *file, json_t **root, struct mla_error *error)
{
    return fields_load_larger(file, (size_t)16 << 20, root, error);
}

int fields_load_larger(const char *file, size_t most, json_t **root, struct mla_error *error)
{
    char *text = NULL;
    size_t size = 0;
    int code = read_file(file, most, &text, &size, error);
    if (code)
        return code;
    json_error_t fault;
    *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &fault);
    free(text);
    if (!*root)
        return mla_fail(error, MLA_BAD_INPUT, "%s:%d:%d: not valid JSON: %s", file, fault.line,
                        fault.column, fault.text);
    if (json_is_object(*root))
        return 0;
    char found[JSON_DESCRIPTION_MAX];
    json_describe(*root, found);
    json_decref(*root);
    return mla_fail(error, MLA_BAD_INPUT, "%s: holds %s, accepted: an object", file, found);
}

void json_describe(const json_t *value, char text[JSON_DESCRIPTION_MAX])
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    char *dump = NULL;
    if (!value) {
        snprintf(text, JSON_DESCRIPTION_MAX, "nothing");
        return;
    }
    if (json_is_real(value)) {
        snprintf(text, JSON_DESCRIPTION_MAX, "%.15g", json_real_value(value));
        return;
    }
    if (!json_is_object(value) && !json_is_array(value))
        dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!dump)
        snprintf(text, JSON_DESCRIPTION_MAX, "%s", kinds[json_typeof(value)]);
    else if (strlen(dump) < JSON_DESCRIPTION_MAX)
        snprintf(text, JSON_DESCRIPTION_MAX, "%s", dump);
    else
        snprintf(text, JSON_DESCRIPTION_MAX, "%.40s...", dump);
    free(dump);
}

static void describe_key(const char *key, char text[JSON_DESCRIPTION_MAX])
{
    json_t *string = json_string(key);
    snprintf(text, JSON_DESCRIPTION_MAX, "a name");
    if (string)
        json_describe(string, text);
    json_decref(string);
}

const json_t *fields_get(const struct fields *fields, const char *name)
{
    const json_t *value = json_object_get(fields->object, name);
    return json_is_null(value) ? NULL : value;
}

static bool is_known(const struct fields *fields, const char *name)
{
    for (int i = 0; i < fields->known_count; i++)
        if (strcmp(fields->known[i], name) == 0)
            return true;
    return false;
}

/* The absent known name that an unknown one probably stands for, or NULL. */
static const char *meant(const struct fields *fields, const char *name)
{
    const char *near = nearest_name(name, fields->known, fields->known_count);
    return near && !json_object_get(fields->object, near) ? near : NULL;
}

int fields_refuse_unknown(const struct fields *fields)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)fields->object, key, value)
    {
        if (is_known(fields, key))
            continue;
        char found[JSON_DESCRIPTION_MAX], accepted[512];
        describe_key(key, found);
        const char *near = meant(fields, key);
        if (near)
            return mla_fail(fields->error, MLA_BAD_INPUT,
                            "%s: unknown field %s%s, did you mean %s?", fields->file, fields->path,
                            found, near);
        names_in_words(fields->known, fields->known_count, accepted, sizeof accepted);
        return mla_fail(fields->error, MLA_BAD_INPUT, "%s: unknown field %s%s, accepted: %s",
                        fields->file, fields->path, found, accepted);
    }
    return 0;
}

int fields_refuse_misspelt(const struct fields *fields)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)fields->object, key, value)
    {
        const char *near = is_known(fields, key) ? NULL : meant(fields, key);
        if (!near)
            continue;
        char found[JSON_DESCRIPTION_MAX];
        describe_key(key, found);
        return mla_fail(fields->error, MLA_BAD_INPUT,
                        "%s: %s%s is absent but there is %s, did you mean %s?", fields->file,
                        fields->path, near, found, near);
    }
    return 0;
}

int fields_refuse(const struct fields *fields, const char *name, const char *accepted, ...)
{
    char what[512], found[JSON_DESCRIPTION_MAX];
    va_list arguments;
    va_start(arguments, accepted);
    vsnprintf(what, sizeof what, accepted, arguments);
    va_end(arguments);
    const json_t *value = json_object_get(fields->object, name);
    if (!value)
        return mla_fail(fields->error, MLA_BAD_INPUT, "%s: %s%s is missing, accepted: %s",
                        fields->file, fields->path, name, what);
    json_describe(value, found);
    return mla_fail(fields->error, MLA_BAD_INPUT, "%s: %s%s is %s, accepted: %s", fields->file,
                    fields->path, name, found, what);
}

bool json_whole(const json_t *value, int64_t least, int64_t most, int64_t *whole)
{
    int64_t candidate;
    double real = json_is_real(value) ? json_real_value(value) : 0;
    if (json_is_integer(value))
        candidate = json_integer_value(value);
    else if (json_is_real(value) && fabs(real) <= 0x1p53 && real == floor(real))
        candidate = (int64_t)real;
    else
        return false;
    if (candidate < least || candidate > most)
        return false;
    *whole = candidate;
    return true;
}

int fields_integer(const struct fields *fields, enum presence presence, const char *name,
                   int64_t least, int64_t most, int64_t *value)
{
    const json_t *found = fields_get(fields, name);
    if ((!found && presence == OPTIONAL) || json_whole(found, least, most, value))
        return 0;
    return fields_refuse(fields, name, "a whole number from %lld to %lld", (long long)least,
                         (long long)most);
}

int fields_int32(const struct fields *fields, enum presence presence, const char *name,
                 int32_t least, int32_t most, int32_t *value)
{
    int64_t wide = *value;
    int code = fields_integer(fields, presence, name, least, most, &wide);
    *value = (int32_t)wide;
    return code;
}

int fields_number(const struct fields *fields, enum presence presence, const char *name,
                  double least, double most, double *value)
{
    const json_t *found = fields_get(fields, name);
    if (!found && presence == OPTIONAL)
        return 0;
    double number = json_number_value(found);
    if (!json_is_number(found) || !(number >= least && number <= most))
        return fields_refuse(fields, name, "a number from %g to %g", least, most);
    *value = number;
    return 0;
}

int fields_flag(const struct fields *fields, enum presence presence, const char *name, bool *value)
{
    const json_t *found = fields_get(fields, name);
    if (!found && presence == OPTIONAL)
        return 0;
    if (!json_is_boolean(found))
        return fields_refuse(fields, name, "true or false");
    *value = json_is_true(found);
    return 0;
}

int fields_text(const struct fields *fields, enum presence presence, const char *name,
                size_t longest, const char **value)
{
    const json_t *found = fields_get(fields, name);
    if (!found && presence == OPTIONAL)
        return 0;
    size_t length = json_string_length(found);
    if (!json_is_string(found) || length == 0 || length > longest)
        return fields_refuse(fields, name, "a text of 1 to %zu characters", longest);
    *value = json_string_value(found);
    return 0;
}

int fields_list(const struct fields *fields, enum presence presence, const char *name,
                const json_t **value)
{
    const json_t *found = fields_get(fields, name);
    if (!found && presence == OPTIONAL)
        return 0;
    if (json_array_size(found) == 0)
        return fields_refuse(fields, name, "a list with at least one element");
    *value = found;
    return 0;
}
