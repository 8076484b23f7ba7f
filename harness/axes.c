/* SPDX-License-Identifier: MIT */
#include "harness/axes.h"

#include "harness/model_json.h"
#include "harness/nearest.h"
#include "harness/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_CASES  20000
#define MOST_TOKENS ((int64_t)1 << 26)

const struct axis_bounds cached_bounds = {0, MOST_TOKENS};
const struct axis_bounds new_bounds = {1, MOST_TOKENS};
const struct axis_bounds batch_bounds = {1, 1 << 16};
const struct axis_bounds threads_bounds = {1, 1024};
const struct axis_bounds page_size_bounds = {0, 1 << 20};
const struct axis_bounds prefix_bounds = {0, MOST_TOKENS};
const struct axis_bounds split_bounds = {0, SPLIT_MOST};
const struct axis_bounds top_k_bounds = {0, 1 << 20};

static bool same_model(const struct model *a, const struct model *b)
{
    json_t *one = model_json(a), *other = model_json(b);
    bool same = json_equal(one, other);
    json_decref(one);
    json_decref(other);
    return same;
}

/* Where the names of cases are told apart by the model's, another one's cases would be taken for
 * its. */
static int check_twin(const struct model *known, const struct model *model, const char *where,
                      struct mla_error *error)
{
    if (same_model(known, model))
        return 0;
    return mla_fail(error, MLA_BAD_INPUT,
                    "%s: two models are called %s, accepted: one of each name; rename a file",
                    where, model->name);
}

int axes_add_model(struct axes *axes, const struct model *model, const char *where,
                   struct mla_error *error)
{
    for (int i = 0; i < axes->model_count; i++)
        if (strcmp(axes->models[i].name, model->name) == 0)
            return check_twin(&axes->models[i], model, where, error);
    struct model *larger =
        realloc(axes->models, ((size_t)axes->model_count + 1) * sizeof *axes->models);
    if (!larger)
        return mla_fail(error, MLA_MACHINE, "%s: no memory for %s", where, model->name);
    axes->models = larger;
    axes->models[axes->model_count++] = *model;
    return 0;
}

int axis_add(struct axis *axis, int64_t value, const char *where, struct mla_error *error)
{
    for (int i = 0; i < axis->count; i++)
        if (axis->values[i] == value)
            return 0;
    if (axis->count == AXIS_MAX)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: has more than %d different elements, accepted: at most "
                        "that",
                        where, AXIS_MAX);
    axis->values[axis->count++] = value;
    return 0;
}

/* Adds the index of one of `count` names; `what` they are, for the message. */
static int add_named(struct axis *axis, const char *what, const char *const *names, int count,
                     const char *name, const char *where, struct mla_error *error)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return axis_add(axis, i, where, error);
    char all[320];
    names_in_words(names, count, all, sizeof all);
    const char *near = nearest_name(name, names, count);
    return mla_fail(error, MLA_BAD_INPUT, "%s: there is no %s '%.40s', accepted: %s%s%s%s", where,
                    what, name, all, near ? "; did you mean " : "", near ? near : "",
                    near ? "?" : "");
}

int axis_add_format(struct axis *axis, const char *name, const char *where, struct mla_error *error)
{
    enum { FORMATS = sizeof format_names / sizeof format_names[0] };
    return add_named(axis, "format", format_names, FORMATS, name, where, error);
}

int axis_add_inputs(struct axis *axis, const char *name, const char *where, struct mla_error *error)
{
    int code = 0;
    if (strcmp(name, "all") != 0)
        return add_named(axis, "kind of inputs", input_kind_names, INPUT_KINDS, name, where, error);
    for (int kind = 0; kind < INPUT_KINDS && !code; kind++)
        code = axis_add(axis, kind, where, error);
    return code;
}

int axis_add_cache_state(struct axis *axis, const char *name, const char *where,
                         struct mla_error *error)
{
    return add_named(axis, "cache state", cache_state_names, 2, name, where, error);
}

static bool has_glob(const char *globs, const char *glob, size_t length)
{
    while (*globs) {
        size_t other = strcspn(globs, ",");
        if (other == length && memcmp(globs, glob, length) == 0)
            return true;
        globs += other + (globs[other] == ',');
    }
    return false;
}

int globs_add(char *globs, const char *glob, const char *where, struct mla_error *error)
{
    const size_t size = sizeof((struct axes *)0)->kernels;
    size_t length = strlen(glob), used = strlen(globs);
    if (has_glob(globs, glob, length))
        return 0;
    if (used + 1 + length >= size)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: the globs take more than %zu characters together, accepted: at most "
                        "that",
                        where, size - 1);
    snprintf(globs + used, size - used, "%s%s", used ? "," : "", glob);
    return 0;
}

/* Adds each of a case's globs to those that another case of the same name has. */
static int merge_globs(char *into, const char *globs, const char *where, struct mla_error *error)
{
    int code = 0;
    while (*globs && !code && !has_glob(into, "*", 1)) {
        size_t length = strcspn(globs, ",");
        char one[sizeof((struct axes *)0)->kernels];
        snprintf(one, sizeof one, "%.*s", (int)length, globs);
        code = globs_add(into, one, where, error);
        globs += length + (globs[length] == ',');
    }
    return code;
}

static int check_case(const struct bench_case *c, const char *where, struct mla_error *error)
{
    int64_t tokens = c->cached + c->new_tokens, most = c->model.max_position_embeddings;
    if (tokens > most)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: %lld cached and %lld new are %lld tokens, accepted: up to the %lld of "
                        "%s's max_position_embeddings",
                        where, (long long)c->cached, (long long)c->new_tokens, (long long)tokens,
                        (long long)most, c->model.name);
    if (c->ragged && (c->batch == 1 || c->cached == 0))
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: ragged with batch %d and %lld cached, accepted: batches of 2 or more "
                        "with 1 or more cached",
                        where, c->batch, (long long)c->cached);
    if (c->shared_prefix && (c->page_size == 0 || c->batch == 1 || c->shared_prefix > c->cached ||
                             c->about != ABOUT_KERNEL || c->inputs != INPUT_RANDOM))
        return mla_fail(
            error, MLA_BAD_INPUT,
            "%s: a shared prefix of %lld, accepted: with pages, a batch of 2 or more, as "
            "many tokens cached, random inputs, and neither layer nor certificate",
            where, (long long)c->shared_prefix);
    if (c->split && (c->split == 1 || c->about != ABOUT_KERNEL))
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: keys split in %d, accepted: 0 for none or 2 and more, and neither "
                        "layer nor certificate",
                        where, c->split);
    if (c->about == ABOUT_LAYER && c->batch != 1)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: layer with batch %d, accepted: layer cases of batch 1", where,
                        c->batch);
    if (c->about == ABOUT_LAYER &&
        (c->page_size || c->top_k || c->sinks || c->inputs != INPUT_RANDOM))
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: layer with pages, top-k, sinks or special inputs, accepted: none of "
                        "them",
                        where);
    if (c->about != ABOUT_KERNEL && c->cache_state == CACHE_COLD)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: layer or certificate with cold caches, accepted: cold cases that are "
                        "timed",
                        where);
    return 0;
}

/* Whether they have the same name. There may be thousands: none is spelt out. */
static bool same_case(const struct bench_case *a, const struct bench_case *b)
{
    return a->cached == b->cached && a->new_tokens == b->new_tokens && a->batch == b->batch &&
           a->ragged == b->ragged && a->threads == b->threads && a->format == b->format &&
           a->page_size == b->page_size && a->shared_prefix == b->shared_prefix &&
           a->split == b->split && a->top_k == b->top_k && a->sinks == b->sinks &&
           a->inputs == b->inputs && a->cache_state == b->cache_state && a->about == b->about &&
           strcmp(a->model.name, b->model.name) == 0;
}

static int refuse_count(const char *where, struct mla_error *error)
{
    return mla_fail(error, MLA_BAD_INPUT, "%s: more than %d cases, accepted: at most that", where,
                    MOST_CASES);
}

/* `before`: how many of the suite's cases it may be one of. */
static int add_case(const struct bench_case *c, int before, const char *where, struct suite *suite,
                    struct mla_error *error)
{
    int code = check_case(c, where, error);
    if (code)
        return code;
    for (int i = 0; i < before; i++)
        if (same_case(c, &suite->cases[i])) {
            code = check_twin(&suite->cases[i].model, &c->model, where, error);
            return code ? code : merge_globs(suite->cases[i].kernels, c->kernels, where, error);
        }
    if (suite->count == MOST_CASES)
        return refuse_count(where, error);
    if ((suite->count & (suite->count - 1)) == 0) {
        size_t capacity = suite->count ? 2 * (size_t)suite->count : 1;
        struct bench_case *larger = realloc(suite->cases, capacity * sizeof *larger);
        if (!larger)
            return mla_fail(error, MLA_MACHINE, "%s: no memory for %d cases", where, suite->count);
        suite->cases = larger;
    }
    suite->cases[suite->count++] = *c;
    return 0;
}

int suite_add_cold(struct suite *suite, struct mla_error *error)
{
    int code = 0;
    for (int i = 0, count = suite->count; i < count && !code; i++) {
        struct bench_case c = suite->cases[i];
        c.cache_state = CACHE_COLD;
        if (c.about == ABOUT_KERNEL)
            code = add_case(&c, count, "--cold", suite, error);
    }
    return code;
}

int axes_expand(const struct axes *axes, const char *where, struct suite *suite,
                struct mla_error *error)
{
    struct bench_case c = {.ragged = axes->ragged, .sinks = axes->sinks};
    if (axes->layer && axes->certificate)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: about the layer and the certificate, accepted: one of the two", where);
    c.about = axes->layer ? ABOUT_LAYER : axes->certificate ? ABOUT_CERTIFICATE : ABOUT_KERNEL;
    snprintf(c.kernels, sizeof c.kernels, "%s", axes->kernels);
    const struct axis warm = {.values = {CACHE_WARM}, .count = 1};
    const struct axis none = {.values = {0}, .count = 1};
    const struct axis *lists[] = {&axes->cached,
                                  &axes->new_tokens,
                                  &axes->batch,
                                  &axes->threads,
                                  &axes->formats,
                                  &axes->page_sizes,
                                  &axes->top_k,
                                  &axes->inputs,
                                  axes->cache_states.count ? &axes->cache_states : &warm,
                                  axes->shared_prefix.count ? &axes->shared_prefix : &none,
                                  axes->split.count ? &axes->split : &none};
    enum { LISTS = sizeof lists / sizeof lists[0] };
    int64_t product = axes->model_count;
    for (int l = 0; l < LISTS; l++) {
        product *= lists[l]->count;
        if (product > MOST_CASES)
            return refuse_count(where, error);
    }
    const int before = suite->count; /* those of the product differ from each other */
    for (int64_t i = 0; i < product; i++) {
        int64_t rest = i, values[LISTS];
        for (int l = LISTS - 1; l >= 0; l--) {
            values[l] = lists[l]->values[rest % lists[l]->count];
            rest /= lists[l]->count;
        }
        c.model = axes->models[rest];
        c.cached = values[0];
        c.new_tokens = values[1];
        c.batch = (int32_t)values[2];
        c.threads = (int32_t)values[3];
        c.format = (enum mla_format)values[4];
        c.page_size = values[5];
        c.top_k = (int32_t)values[6];
        c.inputs = (enum input_kind)values[7];
        c.cache_state = (enum cache_state)values[8];
        c.shared_prefix = values[9];
        c.split = (int32_t)values[10];
        int code = add_case(&c, before, where, suite, error);
        if (code)
            return code;
    }
    return 0;
}

void axes_free(struct axes *axes)
{
    free(axes->models);
    *axes = (struct axes){0};
}
