/* SPDX-License-Identifier: MIT */
#include "harness/json_text.h"

#include "harness/out_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 4, FEWEST_DIGITS = 6, MOST_DIGITS = 17 };

static void print_real(FILE *file, double x)
{
    char text[40];
    for (int digits = FEWEST_DIGITS; digits <= MOST_DIGITS; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    fprintf(file, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static void print_scalar(FILE *file, const json_t *value)
{
    if (json_is_real(value)) {
        print_real(file, json_real_value(value));
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    fputs(text ? text : "null", file);
    free(text);
}

static bool is_flat(const json_t *array)
{
    size_t i;
    json_t *element;
    json_array_foreach((json_t *)array, i, element) if (!json_is_number(element)) return false;
    return true;
}

/* The file, the indentation of what is inside a value, and whether nothing is inside so far. */
struct place {
    FILE *file;
    int depth;
    bool flat, first;
};

static void next_line(struct place *at)
{
    if (at->flat) {
        fputs(at->first ? "" : ", ", at->file);
    } else {
        fprintf(at->file, "%s\n%*s", at->first ? "" : ",", INDENT * at->depth, "");
    }
    at->first = false;
}

static void print_value(FILE *file, const json_t *value, int depth) /* NOLINT(misc-no-recursion) */
{
    struct place at = {file, depth + 1, json_is_array(value) && is_flat(value), true};
    if (!json_is_array(value) && !json_is_object(value)) {
        print_scalar(file, value);
        return;
    }
    fputc(json_is_array(value) ? '[' : '{', file);
    size_t i;
    const char *name;
    json_t *inner;
    json_array_foreach((json_t *)value, i, inner)
    {
        next_line(&at);
        print_value(file, inner, at.depth);
    }
    json_object_foreach((json_t *)value, name, inner)
    {
        next_line(&at);
        json_t *key = json_string(name);
        print_scalar(file, key);
        json_decref(key);
        fputs(": ", file);
        print_value(file, inner, at.depth);
    }
    if (!at.flat && !at.first)
        fprintf(file, "\n%*s", INDENT * depth, "");
    fputc(json_is_array(value) ? ']' : '}', file);
}

int json_text_write(const char *folder, const char *name, const json_t *value,
                    struct mla_error *error)
{
    struct out_file out;
    char path[sizeof out.path];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.600s is too long", folder);
    int code = out_replace(&out, path, error);
    if (code)
        return code;
    print_value(out.file, value, 0);
    fputc('\n', out.file);
    return out_close(&out, error);
}
