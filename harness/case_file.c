/* SPDX-License-Identifier: MIT */
#include "harness/case_file.h"

#include "harness/axes.h"
#include "harness/json_fields.h"
#include "harness/model_json.h"
#include "harness/workload.h"

#include <stdio.h>
#include <string.h>

#define SCHEMA_VERSION 1

static const char *const subjects[] = {
    [ABOUT_KERNEL] = "kernel",
    [ABOUT_LAYER] = "layer",
    [ABOUT_CERTIFICATE] = "certificate",
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

/* How the rows are shared out among the sequences: [{cached, new}, ...]. NULL without memory. */
static json_t *sequences_json(const struct bench_case *c, uint64_t seed, struct mla_error *error)
{
    struct workload workload;
    if (workload_create(c, seed, &workload, error))
        return NULL;
    json_t *list = json_array();
    for (int32_t i = 0; i < workload.batch; i++)
        json_array_append_new(list, json_pack("{s:I, s:I}", "cached",
                                              (json_int_t)workload.seqs[i].position, "new",
                                              (json_int_t)workload.seqs[i].tokens));
    workload_destroy(&workload);
    return list;
}

int case_file_fill(json_t *root, const struct bench_case *c, uint64_t seed, const char *kernel,
                   double kernel_time_limit_s, struct mla_error *error)
{
    char name[CASE_NAME_MAX];
    case_name(c, name);
    json_t *sequences = sequences_json(c, seed, error);
    if (!sequences)
        return MLA_MACHINE;
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"name", json_string(name)},
        {"about", json_string(subjects[c->about])},
        {"cached", json_integer(c->cached)},
        {"new", json_integer(c->new_tokens)},
        {"batch", json_integer(c->batch)},
        {"ragged", json_boolean(c->ragged)},
        {"threads", json_integer(c->threads)},
        {"format", json_string(format_names[c->format])},
        {"page_size", json_integer(c->page_size)},
        {"shared_prefix", json_integer(c->shared_prefix)},
        {"split", json_integer(c->split)},
        {"top_k", json_integer(c->top_k)},
        {"sinks", json_boolean(c->sinks)},
        {"inputs", json_string(input_kind_names[c->inputs])},
        {"sequences", sequences},
    };
    json_t *fields = json_object();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set_new(fields, members[i].name, members[i].value);
    json_object_set_new(root, "schema_version", json_integer(SCHEMA_VERSION));
    json_object_set_new(root, "seed", json_integer((json_int_t)seed));
    json_object_set_new(root, "kernel", json_string(kernel));
    json_object_set_new(root, "kernel_time_limit_s", json_real(kernel_time_limit_s));
    json_object_set_new(root, "case", fields);
    json_object_set_new(root, "model", model_json(&c->model));
    return 0;
}

/* A case.json being read. */
struct reading {
    struct fields root;
    struct axes axes; /* one value each */
    uint64_t seed;
    double kernel_time_limit_s;
    const json_t *sequences;
};

/* The object under a name, as fields of its own. */
static int open_object(const struct fields *root, const char *name, struct fields *fields)
{
    *fields = *root;
    fields->object = fields_get(root, name);
    snprintf(fields->path, sizeof fields->path, "%s.", name);
    return json_is_object(fields->object) ? 0 : fields_refuse(root, name, "an object");
}

static int read_number(const struct fields *fields, const char *name, struct axis_bounds bounds,
                       struct axis *axis)
{
    int64_t number = 0;
    int code = fields_integer(fields, REQUIRED, name, bounds.least, bounds.most, &number);
    return code ? code : axis_add(axis, number, name, fields->error);
}

static int read_name(const struct fields *fields, const char *name, struct axis *axis,
                     int (*add)(struct axis *, const char *text, const char *where,
                                struct mla_error *error))
{
    const char *text = NULL;
    char place[512];
    int code = fields_text(fields, REQUIRED, name, 64, &text);
    snprintf(place, sizeof place, "%.400s: %s%s", fields->file, fields->path, name);
    return code ? code : add(axis, text, place, fields->error);
}

static int read_subject(const struct fields *fields, struct axes *axes)
{
    const char *text = NULL;
    int code = fields_text(fields, REQUIRED, "about", 16, &text), subject = 0;
    if (code)
        return code;
    while (subject < SUBJECTS && strcmp(text, subjects[subject]) != 0)
        subject++;
    if (subject == SUBJECTS)
        return fields_refuse(fields, "about", "\"kernel\", \"layer\" or \"certificate\"");
    axes->layer = subject == ABOUT_LAYER;
    axes->certificate = subject == ABOUT_CERTIFICATE;
    return 0;
}

static int read_case(struct reading *r)
{
    static const char *const known[] = {"name",    "about",  "cached",    "new",           "batch",
                                        "ragged",  "format", "page_size", "top_k",         "sinks",
                                        "threads", "inputs", "sequences", "shared_prefix", "split"};
    struct fields fields;
    struct axes *axes = &r->axes;
    int code = open_object(&r->root, "case", &fields);
    fields.known = known;
    fields.known_count = sizeof known / sizeof known[0];
    if (!code)
        code = fields_refuse_unknown(&fields);
    if (!code)
        code = read_subject(&fields, axes);
    if (!code)
        code = read_number(&fields, "cached", cached_bounds, &axes->cached);
    if (!code)
        code = read_number(&fields, "new", new_bounds, &axes->new_tokens);
    if (!code)
        code = read_number(&fields, "batch", batch_bounds, &axes->batch);
    if (!code)
        code = read_number(&fields, "threads", threads_bounds, &axes->threads);
    if (!code)
        code = read_number(&fields, "page_size", page_size_bounds, &axes->page_sizes);
    if (!code && json_object_get(fields.object, "shared_prefix"))
        code = read_number(&fields, "shared_prefix", prefix_bounds, &axes->shared_prefix);
    if (!code && json_object_get(fields.object, "split"))
        code = read_number(&fields, "split", split_bounds, &axes->split);
    if (!code)
        code = read_number(&fields, "top_k", top_k_bounds, &axes->top_k);
    if (!code)
        code = fields_flag(&fields, REQUIRED, "ragged", &axes->ragged);
    if (!code)
        code = fields_flag(&fields, REQUIRED, "sinks", &axes->sinks);
    if (!code)
        code = read_name(&fields, "format", &axes->formats, axis_add_format);
    if (!code)
        code = read_name(&fields, "inputs", &axes->inputs, axis_add_inputs);
    if (!code)
        code = fields_list(&fields, REQUIRED, "sequences", &r->sequences);
    return code;
}

static int read_model(struct reading *r)
{
    struct fields fields;
    struct model model;
    int code = open_object(&r->root, "model", &fields);
    if (!code)
        code = model_json_read(&fields, r->axes.layer, &model);
    return code ? code : axes_add_model(&r->axes, &model, r->root.file, r->root.error);
}

/* A kernel's name, of which no glob can be made. */
static int read_kernel(struct reading *r, const char *kernels)
{
    const char *kernel = NULL;
    size_t room = sizeof r->axes.kernels;
    int code = fields_text(&r->root, REQUIRED, "kernel", room - 1, &kernel);
    if (code)
        return code;
    if (kernel[strspn(kernel, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return fields_refuse(&r->root, "kernel", "a name of small letters, digits and '-'");
    if (kernels && strlen(kernels) >= room)
        return mla_fail(r->root.error, MLA_BAD_INPUT, "--kernel is longer than %zu characters",
                        room - 1);
    snprintf(r->axes.kernels, room, "%s", kernels ? kernels : kernel);
    return 0;
}

static int read_root(struct reading *r, const char *kernels)
{
    static const char *const known[] = {
        "schema_version", "seed",  "kernel",    "kernel_time_limit_s", "case", "model",    "check",
        "reason",         "error", "reproduce", "command_line",        "cpu",  "mlabench", "isa"};
    struct fields *root = &r->root;
    int64_t version = 0, seed = 0;
    root->known = known;
    root->known_count = sizeof known / sizeof known[0];
    int code =
        fields_integer(root, REQUIRED, "schema_version", SCHEMA_VERSION, SCHEMA_VERSION, &version);
    if (!code)
        code = fields_refuse_unknown(root);
    if (!code)
        code = fields_integer(root, REQUIRED, "seed", INT64_MIN, INT64_MAX, &seed);
    if (!code)
        code = fields_number(root, REQUIRED, "kernel_time_limit_s", 0.001, 604800,
                             &r->kernel_time_limit_s);
    if (!code)
        code = read_kernel(r, kernels);
    if (!code)
        code = read_case(r);
    if (!code)
        code = read_model(r);
    r->seed = (uint64_t)seed;
    return code;
}

/* That no size overflows, and that the sequences are those that this version draws. */
static int check_workload(const struct reading *r, const struct bench_case *c)
{
    const struct model *m = &c->model;
    double tokens = (double)c->batch * (double)(c->cached + c->new_tokens);
    double width = (double)m->num_attention_heads *
                       (m->qk_nope_head_dim + m->qk_rope_head_dim + m->v_head_dim) +
                   m->kv_lora_rank + c->top_k;
    if (tokens * width > 0x1p50)
        return mla_fail(r->root.error, MLA_BAD_INPUT,
                        "%s: case.batch is %d, accepted: a case of at most 2^50 numbers",
                        r->root.file, c->batch);
    json_t *drawn = sequences_json(c, r->seed, r->root.error);
    if (!drawn)
        return MLA_MACHINE;
    bool same = json_equal(drawn, r->sequences);
    json_decref(drawn);
    if (same)
        return 0;
    return mla_fail(r->root.error, MLA_BAD_INPUT,
                    "%s: case.sequences are others than this version gives such a case, accepted: "
                    "files of a version that gives the same",
                    r->root.file);
}

int suite_replay(const char *folder, const char *kernels, struct suite *suite, uint64_t *seed,
                 struct mla_error *error)
{
    char path[1100];
    json_t *json;
    *suite = (struct suite){.name = "replay", .summary = "a saved case", .time_limit_s = 604800};
    if (snprintf(path, sizeof path, "%s/" CASE_FILE_NAME, folder) >= (int)sizeof path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.900s is too long", folder);
    int code = fields_load(path, &json, error);
    if (code)
        return code;
    struct reading r = {.root = {.object = json, .file = path, .error = error}};
    code = read_root(&r, kernels);
    if (!code)
        code = axes_expand(&r.axes, path, suite, error);
    if (!code && suite->count != 1)
        code =
            mla_fail(error, MLA_BAD_INPUT, "%s: holds %d cases, accepted: one", path, suite->count);
    if (!code)
        code = check_workload(&r, &suite->cases[0]);
    suite->kernel_time_limit_s = r.kernel_time_limit_s;
    *seed = r.seed;
    axes_free(&r.axes);
    json_decref(json);
    if (code)
        suite_free(suite);
    return code;
}
