/* SPDX-License-Identifier: MIT
 *
 * A suite from lists on the command line. */
#include "harness/axes.h"
#include "harness/suite.h"
#include "harness/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_LIST 4096

/* Suits a case that someone waits for. */
#define TIME_LIMIT_S        3600
#define KERNEL_TIME_LIMIT_S 120
#define REPETITIONS         10
#define REPETITION_MS       50

struct reading {
    const char *folder;
    int cpus;
    struct axes axes;
    struct mla_error *error;
};

struct list {
    const char *option;
    size_t offset;      /* of its text in struct case_options */
    const char *absent; /* its default, NULL if the option is needed */
    struct axis_bounds bounds;
    const char *all; /* what stands for the number of CPUs, or NULL */
    size_t axis;     /* in struct axes, of numbers */
    int (*take)(struct reading *, const struct list *, const char *text);
};

static int take_number(struct reading *r, const struct list *list, const char *text)
{
    struct axis *axis = (struct axis *)((char *)&r->axes + list->axis);
    int64_t number = r->cpus;
    bool all = list->all && strcmp(text, list->all) == 0;
    if (!all &&
        (!parse_tokens(text, &number) || number < list->bounds.least || number > list->bounds.most))
        return mla_fail(r->error, MLA_BAD_INPUT,
                        "%s has '%.40s', accepted: whole numbers from %lld to %lld, also as 4k%s",
                        list->option, text, (long long)list->bounds.least,
                        (long long)list->bounds.most, list->all ? ", or all" : "");
    return axis_add(axis, number, list->option, r->error);
}

static int take_format(struct reading *r, const struct list *list, const char *text)
{
    return axis_add_format(&r->axes.formats, text, list->option, r->error);
}

static int take_inputs(struct reading *r, const struct list *list, const char *text)
{
    return axis_add_inputs(&r->axes.inputs, text, list->option, r->error);
}

static int take_glob(struct reading *r, const struct list *list, const char *text)
{
    return globs_add(r->axes.kernels, text, list->option, r->error);
}

static int add_model(struct reading *r, const char *option, const char *name)
{
    struct model model;
    int code = model_find(r->folder, name, &model, r->error);
    if (code) {
        struct mla_error inner = *r->error;
        return mla_fail(r->error, code, "%s: %.900s", option, inner.message);
    }
    return axes_add_model(&r->axes, &model, option, r->error);
}

static int take_model(struct reading *r, const struct list *list, const char *text)
{
    if (strcmp(text, "all") != 0)
        return add_model(r, list->option, text);
    char **names;
    int count;
    int code = model_names(r->folder, &names, &count, r->error);
    if (code)
        return code;
    for (int i = 0; !code && i < count; i++)
        code = add_model(r, list->option, names[i]);
    model_names_free(names, count);
    return code;
}

static int read_list(struct reading *r, const struct list *list, const char *text)
{
    if (!text || !*text)
        text = list->absent;
    if (!text)
        return mla_fail(r->error, MLA_BAD_INPUT,
                        "%s is missing, accepted: names in %s/models, paths to a config.json, or "
                        "all",
                        list->option, r->folder);
    char copy[LONGEST_LIST], *rest = copy;
    if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy)
        return mla_fail(r->error, MLA_BAD_INPUT,
                        "%s has a list of %zu characters, accepted: fewer than %d", list->option,
                        strlen(text), LONGEST_LIST);
    for (char *one; (one = strsep(&rest, ","));) {
        if (!*one)
            return mla_fail(r->error, MLA_BAD_INPUT,
                            "%s is '%.80s' with an empty element, accepted: a comma-separated list",
                            list->option, text);
        int code = list->take(r, list, one);
        if (code)
            return code;
    }
    return 0;
}

#define TEXT(member) offsetof(struct case_options, member)
#define AXIS(member) offsetof(struct axes, member)

int suite_by_hand(const char *folder, const struct case_options *options, int cpus,
                  struct suite *suite, struct mla_error *error)
{
    const struct list lists[] = {
        /* the model's first */
        {.option = "--model", .offset = TEXT(models), .take = take_model},
        {"--cached", TEXT(cached), "4096", cached_bounds, NULL, AXIS(cached), take_number},
        {"--new", TEXT(new_tokens), "1", new_bounds, NULL, AXIS(new_tokens), take_number},
        {"--batch", TEXT(batch), "1", batch_bounds, NULL, AXIS(batch), take_number},
        {"--threads", TEXT(threads), "1", threads_bounds, "all", AXIS(threads), take_number},
        {.option = "--format", .offset = TEXT(formats), .absent = "fp32", .take = take_format},
        {"--page-size", TEXT(page_sizes), "0", page_size_bounds, NULL, AXIS(page_sizes),
         take_number},
        {"--shared-prefix", TEXT(shared_prefix), "0", prefix_bounds, NULL, AXIS(shared_prefix),
         take_number},
        {"--split", TEXT(split), "0", split_bounds, NULL, AXIS(split), take_number},
        {"--top-k", TEXT(top_k), "0", top_k_bounds, NULL, AXIS(top_k), take_number},
        {.option = "--inputs", .offset = TEXT(inputs), .absent = "random", .take = take_inputs},
        {.option = "--kernel", .offset = TEXT(kernels), .absent = "*", .take = take_glob},
    };
    *suite = (struct suite){
        .name = "by-hand",
        .summary = "cases given on the command line",
        .time_limit_s = TIME_LIMIT_S,
        .kernel_time_limit_s = KERNEL_TIME_LIMIT_S,
        .repetitions = REPETITIONS,
        .repetition_ms = REPETITION_MS,
    };
    struct reading r = {.folder = folder, .cpus = cpus, .error = error};
    r.axes.ragged = options->ragged;
    r.axes.layer = options->layer;
    r.axes.certificate = options->certificate;
    r.axes.sinks = options->sinks;
    int code = options->model ? axes_add_model(&r.axes, options->model, "the model", error) : 0;
    for (size_t i = options->model ? 1 : 0; !code && i < sizeof lists / sizeof lists[0]; i++)
        code = read_list(&r, &lists[i],
                         *(const char *const *)((const char *)options + lists[i].offset));
    if (!code)
        code = axes_expand(&r.axes, "the case", suite, error);
    axes_free(&r.axes);
    if (code)
        suite_free(suite);
    return code;
}
