/* SPDX-License-Identifier: MIT
 *
 * Checked access to the fields of a JSON object that a user wrote. Every refusal names the file,
 * the field, what was found and what is accepted, and returns MLA_BAD_INPUT. */
#ifndef MLABENCH_JSON_FIELDS_H
#define MLABENCH_JSON_FIELDS_H

#include "harness/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object and its way there. Strings are borrowed. */
struct fields {
    const json_t *object;
    const char *file;
    char path[64];            /* what goes before a field's name: "" or e.g. "cases[2]." */
    const char *const *known; /* [known_count], the names that the reader understands */
    int known_count;
    struct mla_error *error;
};

/* Parses a file of at most 16 MiB that holds one JSON object without repeated keys. The caller
 * owns *root: json_decref. */
int fields_load(const char *file, json_t **root, struct mla_error *error);
/* The same of at most so many bytes. */
int fields_load_larger(const char *file, size_t most, json_t **root, struct mla_error *error);

/* The field's value; NULL if it is absent or null. */
const json_t *fields_get(const struct fields *fields, const char *name);

/* Refuses unknown fields, with the nearest known name if there is one. */
int fields_refuse_unknown(const struct fields *fields);

/* Refuses unknown fields that look like a slip of the hand for a known one that is absent. */
int fields_refuse_misspelt(const struct fields *fields);

/* Refuses a field, absent or not; the format says what is accepted. */
__attribute__((format(printf, 3, 4))) int
fields_refuse(const struct fields *fields, const char *name, const char *accepted, ...);

enum presence { REQUIRED, OPTIONAL }; /* an absent or null optional field leaves *value alone */

/* Whole numbers from least to most; 4096.0 is one. */
int fields_integer(const struct fields *fields, enum presence presence, const char *name,
                   int64_t least, int64_t most, int64_t *value);
int fields_int32(const struct fields *fields, enum presence presence, const char *name,
                 int32_t least, int32_t most, int32_t *value);
int fields_number(const struct fields *fields, enum presence presence, const char *name,
                  double least, double most, double *value);
int fields_flag(const struct fields *fields, enum presence presence, const char *name, bool *value);
/* *value is borrowed from the object; 1 to `longest` bytes. */
int fields_text(const struct fields *fields, enum presence presence, const char *name,
                size_t longest, const char **value);
/* *value is borrowed; an array with at least one element. */
int fields_list(const struct fields *fields, enum presence presence, const char *name,
                const json_t **value);

/* A whole number within bounds, as fields_integer takes it. */
bool json_whole(const json_t *value, int64_t least, int64_t most, int64_t *whole);

/* What was found, for a message: a short value itself, in ASCII, else what kind of thing it is; of
 * NULL "nothing". */
#define JSON_DESCRIPTION_MAX 48
void json_describe(const json_t *value, char text[JSON_DESCRIPTION_MAX]);

#endif
