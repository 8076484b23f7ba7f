/* SPDX-License-Identifier: MIT */
#include "harness/suite.h"

#include "harness/axes.h"
#include "harness/config_files.h"
#include "harness/json_fields.h"
#include "harness/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND                  "suites"
#define DEFAULT_REPETITIONS   10
#define DEFAULT_REPETITION_MS 50
#define MOST_SECONDS          604800.0 /* a week */

/* A suite being read. */
struct reading {
    const char *folder;
    int cpus;
    struct suite *suite;
    struct fields fields; /* of the case at hand */
    struct axes axes;
};

/* "FILE: cases[2].threads[0]" for a message; index -1: the list as a whole. */
static void where(const struct reading *r, const char *field, int index, char *text, size_t size)
{
    int length = snprintf(text, size, "%.400s: %s%s", r->fields.file, r->fields.path, field);
    if (index >= 0 && length > 0 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, "[%d]", index);
}

/* Refuses an element of a list. */
static int refuse_element(const struct reading *r, const char *field, int index,
                          const json_t *value, const char *accepted)
{
    char place[512], found[JSON_DESCRIPTION_MAX];
    where(r, field, index, place, sizeof place);
    json_describe(value, found);
    return mla_fail(r->fields.error, MLA_BAD_INPUT, "%s is %s, accepted: %s", place, found,
                    accepted);
}

/* `absent`: what the list is when it is not there. */
static int read_numbers(struct reading *r, enum presence presence, const char *field,
                        int64_t absent, struct axis_bounds bounds, const char *all,
                        struct axis *axis)
{
    const json_t *list = NULL;
    int code = fields_list(&r->fields, presence, field, &list);
    char place[512], accepted[96];
    where(r, field, -1, place, sizeof place);
    if (!code && !list)
        code = axis_add(axis, absent, place, r->fields.error);
    snprintf(accepted, sizeof accepted, "a whole number from %lld to %lld%s",
             (long long)bounds.least, (long long)bounds.most, all ? " or \"all\"" : "");
    for (size_t i = 0; !code && i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const char *text = json_string_value(value);
        int64_t number = r->cpus;
        if (!(all && text && strcmp(text, all) == 0) &&
            !json_whole(value, bounds.least, bounds.most, &number))
            return refuse_element(r, field, (int)i, value, accepted);
        code = axis_add(axis, number, place, r->fields.error);
    }
    return code;
}

/* Calls `take` with each text of a list. */
static int read_texts(struct reading *r, enum presence presence, const char *field,
                      const char *absent,
                      int (*take)(struct reading *, const char *text, const char *place))
{
    const json_t *list = NULL;
    char place[512];
    int code = fields_list(&r->fields, presence, field, &list);
    if (!code && !list && absent)
        code = take(r, absent, field);
    for (size_t i = 0; !code && i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const char *text = json_string_value(value);
        where(r, field, (int)i, place, sizeof place);
        code = text && *text ? take(r, text, place)
                             : refuse_element(r, field, (int)i, value, "a name");
    }
    return code;
}

static int take_format(struct reading *r, const char *text, const char *place)
{
    return axis_add_format(&r->axes.formats, text, place, r->fields.error);
}

static int take_inputs(struct reading *r, const char *text, const char *place)
{
    return axis_add_inputs(&r->axes.inputs, text, place, r->fields.error);
}

static int take_cache_state(struct reading *r, const char *text, const char *place)
{
    return axis_add_cache_state(&r->axes.cache_states, text, place, r->fields.error);
}

static int take_glob(struct reading *r, const char *text, const char *place)
{
    if (strchr(text, ','))
        return mla_fail(r->fields.error, MLA_BAD_INPUT, "%s is '%.60s', accepted: one glob each",
                        place, text);
    return globs_add(r->axes.kernels, text, place, r->fields.error);
}

/* Puts a place before what a message says. */
static int prefixed(struct mla_error *error, int code, const char *place)
{
    if (code) {
        struct mla_error inner = *error;
        mla_fail(error, code, "%.500s: %.500s", place, inner.message);
    }
    return code;
}

/* Adds a model, followed by the baselines that the case at hand derives from each. */
static int add_model(struct reading *r, const char *name, const char *place)
{
    struct model model, derived;
    struct mla_error *error = r->fields.error;
    int code = prefixed(error, model_find(r->folder, name, &model, error), place);
    if (!code)
        code = axes_add_model(&r->axes, &model, place, error);
    const json_t *list = fields_get(&r->fields, "baselines");
    for (size_t i = 0; !code && i < json_array_size(list); i++) {
        int b = 0;
        const json_t *value = json_array_get(list, i);
        const char *text = json_is_string(value) ? json_string_value(value) : "";
        while (b < BASELINES && strcmp(text, baseline_suffixes[b]) != 0)
            b++;
        if (b == BASELINES)
            return refuse_element(r, "baselines", (int)i, value, "\"mha\", \"gqa8\" or \"mqa\"");
        code = prefixed(error, model_baseline(&model, (enum baseline)b, &derived, error), place);
        if (!code)
            code = axes_add_model(&r->axes, &derived, place, error);
    }
    return code;
}

static int take_model(struct reading *r, const char *text, const char *place)
{
    if (strcmp(text, "all") != 0)
        return add_model(r, text, place);
    char **names;
    int count;
    int code = model_names(r->folder, &names, &count, r->fields.error);
    if (code)
        return code;
    for (int i = 0; !code && i < count; i++)
        code = add_model(r, names[i], place);
    model_names_free(names, count);
    return code;
}

static int read_case(struct reading *r)
{
    static const char *const known[] = {
        "models",  "baselines", "cached",  "new",         "batch",         "ragged",
        "threads", "formats",   "kernels", "layer",       "certificate",   "page_size",
        "top_k",   "sinks",     "inputs",  "cache_state", "shared_prefix", "split"};
    struct fields *fields = &r->fields;
    struct axes *axes = &r->axes;
    const json_t *baselines;
    fields->known = known;
    fields->known_count = sizeof known / sizeof known[0];
    int code = fields_refuse_unknown(fields);
    if (!code)
        code = fields_list(fields, OPTIONAL, "baselines", &baselines);
    if (!code)
        code = read_texts(r, REQUIRED, "models", NULL, take_model);
    if (!code)
        code = read_numbers(r, REQUIRED, "cached", 0, cached_bounds, NULL, &axes->cached);
    if (!code)
        code = read_numbers(r, OPTIONAL, "new", 1, new_bounds, NULL, &axes->new_tokens);
    if (!code)
        code = read_numbers(r, OPTIONAL, "batch", 1, batch_bounds, NULL, &axes->batch);
    if (!code)
        code = read_numbers(r, OPTIONAL, "threads", 1, threads_bounds, "all", &axes->threads);
    if (!code)
        code = read_numbers(r, OPTIONAL, "page_size", 0, page_size_bounds, NULL, &axes->page_sizes);
    if (!code)
        code = read_numbers(r, OPTIONAL, "shared_prefix", 0, prefix_bounds, NULL,
                            &axes->shared_prefix);
    if (!code)
        code = read_numbers(r, OPTIONAL, "split", 0, split_bounds, NULL, &axes->split);
    if (!code)
        code = read_numbers(r, OPTIONAL, "top_k", 0, top_k_bounds, NULL, &axes->top_k);
    if (!code)
        code = read_texts(r, OPTIONAL, "formats", format_names[MLA_FP32], take_format);
    if (!code)
        code = read_texts(r, OPTIONAL, "inputs", input_kind_names[INPUT_RANDOM], take_inputs);
    if (!code)
        code =
            read_texts(r, OPTIONAL, "cache_state", cache_state_names[CACHE_WARM], take_cache_state);
    if (!code)
        code = read_texts(r, OPTIONAL, "kernels", "*", take_glob);
    if (!code)
        code = fields_flag(fields, OPTIONAL, "ragged", &axes->ragged);
    if (!code)
        code = fields_flag(fields, OPTIONAL, "layer", &axes->layer);
    if (!code)
        code = fields_flag(fields, OPTIONAL, "certificate", &axes->certificate);
    if (!code)
        code = fields_flag(fields, OPTIONAL, "sinks", &axes->sinks);
    if (code)
        return code;
    char place[512];
    where(r, "", -1, place, sizeof place);
    place[strlen(place) - 1] = '\0'; /* the path's '.' */
    return axes_expand(axes, place, r->suite, fields->error);
}

static int read_limits(const struct fields *fields, struct suite *suite)
{
    const char *summary = "";
    suite->repetitions = DEFAULT_REPETITIONS;
    suite->repetition_ms = DEFAULT_REPETITION_MS;
    int code = fields_text(fields, REQUIRED, "summary", sizeof suite->summary - 1, &summary);
    if (!code)
        code =
            fields_number(fields, REQUIRED, "time_limit_s", 1, MOST_SECONDS, &suite->time_limit_s);
    if (!code)
        code = fields_number(fields, REQUIRED, "kernel_time_limit_s", 0.001, MOST_SECONDS,
                             &suite->kernel_time_limit_s);
    if (!code && suite->kernel_time_limit_s > suite->time_limit_s)
        code = fields_refuse(fields, "kernel_time_limit_s", "at most %g, which is time_limit_s",
                             suite->time_limit_s);
    if (!code)
        code = fields_int32(fields, OPTIONAL, "repetitions", 10, 100000, &suite->repetitions);
    if (!code)
        code = fields_number(fields, OPTIONAL, "repetition_ms", 0.01, 60000, &suite->repetition_ms);
    snprintf(suite->summary, sizeof suite->summary, "%s", summary);
    return code;
}

static int read_root(struct reading *r)
{
    static const char *const known[] = {"summary",     "time_limit_s",  "kernel_time_limit_s",
                                        "repetitions", "repetition_ms", "cases"};
    struct fields root = r->fields;
    const json_t *cases;
    root.known = known;
    root.known_count = sizeof known / sizeof known[0];
    int code = fields_refuse_unknown(&root);
    if (!code)
        code = read_limits(&root, r->suite);
    if (!code)
        code = fields_list(&root, REQUIRED, "cases", &cases);
    if (code)
        return code;
    for (size_t i = 0; !code && i < json_array_size(cases); i++) {
        r->fields.object = json_array_get(cases, i);
        snprintf(r->fields.path, sizeof r->fields.path, "cases[%zu].", i);
        if (!json_is_object(r->fields.object)) {
            r->fields.path[0] = '\0';
            return refuse_element(r, "cases", (int)i, r->fields.object, "an object");
        }
        code = read_case(r);
        axes_free(&r->axes);
    }
    return code;
}

int suite_read(const char *folder, const char *name, int cpus, struct suite *suite,
               struct mla_error *error)
{
    char path[CONFIG_PATH_MAX];
    json_t *root;
    *suite = (struct suite){0};
    int code = config_path(folder, KIND, name, path, error);
    if (!code && !config_is_path(name) && !config_exists(path))
        code = config_refuse_name(folder, KIND, "", name, error);
    if (!code)
        code = config_name_of(path, suite->name, error);
    if (!code)
        code = fields_load(path, &root, error);
    if (code)
        return code;
    struct reading r = {.folder = folder,
                        .cpus = cpus,
                        .suite = suite,
                        .fields = {.object = root, .file = path, .error = error}};
    code = read_root(&r);
    axes_free(&r.axes);
    json_decref(root);
    if (code)
        suite_free(suite);
    return code;
}

void suite_free(struct suite *suite)
{
    free(suite->cases);
    suite->cases = NULL;
    suite->count = 0;
}

static int check_glob(const struct suite *suite, const char *glob, const char *const *names,
                      int count, struct mla_error *error)
{
    struct bench_case one = {0};
    glob += *glob == '!';
    snprintf(one.kernels, sizeof one.kernels, "%s", glob);
    for (int i = 0; i < count; i++)
        if (case_wants(&one, names[i]))
            return 0;
    char all[512];
    const char *near = nearest_name(glob, names, count);
    names_in_words(names, count, all, sizeof all);
    return mla_fail(error, MLA_BAD_INPUT, "suite %s: no kernel matches '%s'; %s%s%s", suite->name,
                    glob, near ? "did you mean " : "accepted: a glob of ", near ? near : all,
                    near ? "?" : "");
}

int suite_check_kernels(const struct suite *suite, const char *const *names, int count,
                        struct mla_error *error)
{
    for (int i = 0; i < suite->count; i++) {
        char globs[sizeof suite->cases[i].kernels], *rest = NULL;
        memcpy(globs, suite->cases[i].kernels, sizeof globs);
        for (char *glob = strtok_r(globs, ",", &rest); glob; glob = strtok_r(NULL, ",", &rest)) {
            int code = check_glob(suite, glob, names, count, error);
            if (code)
                return code;
        }
    }
    return 0;
}
