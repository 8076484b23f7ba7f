/* SPDX-License-Identifier: MIT */
#include "tests/studies.h"

#include "harness/study.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

json_t *study_found(const char *name)
{
    const struct paths paths = {.configs = "configs"};
    const struct study_settings settings = {&paths, 1, 2, true};
    struct mla_error error = {{0}};
    json_t *all = json_object();
    for (int i = 0; studies[i]; i++)
        if (strcmp(studies[i]->name, name) == 0)
            cr_assert(study_run(studies[i], &settings, all, &error) == 0, "%s", error.message);
    json_t *found = json_incref(json_object_get(all, name));
    json_decref(all);
    cr_assert(found != NULL, "no study %s", name);
    return found;
}

static void has_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    cr_assert(text && text[0], "no %s", key);
    cr_assert(!strchr(text, '\n'), "%s", text);
}

static bool has_name(const json_t *column, const char *name)
{
    const char *its = json_string_value(json_object_get(column, "name"));
    return its && name && strcmp(its, name) == 0;
}

void study_is_whole(const json_t *found, size_t rows)
{
    const json_t *columns = json_object_get(found, "columns"), *column, *row;
    const json_t *plot = json_object_get(found, "plot");
    static const char *const words[] = {"panel", "series"};
    size_t i, k;
    has_text(found, "title");
    has_text(found, "about");
    has_text(plot, "caption");
    cr_assert(json_string_length(json_object_get(plot, "caption")) < 1400);
    cr_assert(json_array_size(json_object_get(found, "notes")) > 0);
    cr_assert(json_array_size(json_object_get(found, "rows")) == rows, "%zu rows",
              json_array_size(json_object_get(found, "rows")));
    json_array_foreach(json_object_get(found, "rows"), i, row)
        cr_assert(json_array_size(row) == json_array_size(columns), "row %zu", i);
    json_array_foreach(columns, i, column)
    {
        has_text(column, "name");
        has_text(column, "what");
    }
    for (k = 0; k < 2; k++) {
        const char *wanted = json_string_value(json_object_get(plot, words[k]));
        cr_assert(wanted != NULL, "no %s", words[k]);
        bool known = !wanted || !wanted[0];
        json_array_foreach(columns, i, column) known = known || has_name(column, wanted);
        cr_assert(known, "no column %s", wanted);
    }
}

double row_number(const json_t *row, size_t column)
{
    const json_t *value = json_array_get(row, column);
    cr_assert(json_is_number(value), "column %zu", column);
    return json_number_value(value);
}

double found_figure(const json_t *found, const char *name)
{
    const json_t *value = json_object_get(json_object_get(found, "figures"), name);
    cr_assert(json_is_number(value), "%s", name);
    return json_number_value(value);
}
