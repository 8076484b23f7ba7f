/* SPDX-License-Identifier: MIT
 *
 * `mlabench dump`: small models with what they compute, for other implementations to be held to. A
 * folder for each: config.json, model.safetensors, vectors.safetensors and, written last,
 * manifest.json. */
#include "harness/commands.h"
#include "harness/config_files.h"
#include "harness/conformance_cases.h"
#include "harness/conformance_manifest.h"
#include "harness/json_text.h"
#include "harness/units.h"

#include <errno.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIND "models"

/* A set without a manifest is one that is not whole. */
static int remove_manifest(const char *folder, struct mla_error *error)
{
    char path[PATH_LENGTH];
    if (snprintf(path, sizeof path, "%s/manifest.json", folder) >= (int)sizeof path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.600s is too long", folder);
    if (unlink(path) && errno != ENOENT)
        return mla_fail(error, MLA_MACHINE, "%s: cannot be replaced: %s", path, strerror(errno));
    return 0;
}

static int write_vectors(const struct conformance_model *m, const char *folder,
                         const struct options *options, int threads, struct tensor_list *vectors,
                         struct mla_error *error)
{
    int code = 0;
    for (int i = 0; i < CONFORMANCE_CASES && !code; i++)
        code =
            conformance_compute(m, &conformance_cases[i], options->seed, threads, vectors, error);
    return code ? code
                : safetensors_write(folder, "vectors.safetensors", vectors->items, vectors->count,
                                    NULL, error);
}

static int write_manifest(const struct conformance_model *m, const char *folder, uint64_t seed,
                          const struct tensor_list *vectors, struct mla_error *error)
{
    json_t *manifest = conformance_manifest(m, seed, vectors);
    int code =
        manifest ? json_text_write(folder, "manifest.json", manifest, error)
                 : mla_fail(error, MLA_MACHINE, "no memory for the manifest of %s", m->model.name);
    json_decref(manifest);
    return code;
}

static int write_set(const char *path, const char *folder, const struct options *options,
                     struct mla_error *error)
{
    int threads = omp_get_max_threads();
    struct conformance_model m;
    struct tensor_list vectors = {0};
    int code = remove_manifest(folder, error);
    if (!code)
        code = conformance_model_create(path, folder, options->full, options->seed, threads, &m,
                                        error);
    if (code)
        return code;
    code = conformance_model_write(&m, folder, error);
    if (!code)
        code = write_vectors(&m, folder, options, threads, &vectors, error);
    if (!code)
        code = write_manifest(&m, folder, options->seed, &vectors, error);
    if (!code && !options->quiet)
        printf("%s: %d cases in %s, weights %s\n", m.model.name, CONFORMANCE_CASES, folder,
               unit_bytes((double)m.weights.memory.size / (m.full ? 1 : 2)).s);
    tensor_list_free(&vectors);
    conformance_model_destroy(&m);
    return code;
}

static int dump_model(const char *path, const struct options *options, struct mla_error *error)
{
    char name[CONFIG_NAME_MAX], folder[PATH_LENGTH];
    int code = config_name_of(path, name, error);
    if (code)
        return code;
    if (snprintf(folder, sizeof folder, "%s/%s", options->out, name) >= (int)sizeof folder)
        return mla_fail(error, MLA_BAD_INPUT, "--out: the path %.600s is too long", options->out);
    code = make_folder(folder, error);
    return code ? code : write_set(path, folder, options, error);
}

static int dump_named(const struct options *options, const char *configs, const char *name,
                      struct mla_error *error)
{
    char path[CONFIG_PATH_MAX];
    int code = config_path(configs, KIND, name, path, error);
    if (code)
        return code;
    if (!config_is_path(name) && !config_exists(path))
        return config_refuse_name(configs, KIND, "--model", name, error);
    /* Before anything is made for it. */
    struct model model;
    code = model_read(path, &model, error);
    if (!code && model.kind != MODEL_MLA)
        code =
            mla_fail(error, MLA_BAD_INPUT,
                     "%.600s: its kind of attention has no vectors, accepted: MLA, a config.json "
                     "with kv_lora_rank and qk_rope_head_dim",
                     path);
    return code ? code : dump_model(path, options, error);
}

/* Every MLA model. */
static int dump_all(const struct options *options, const char *configs, struct mla_error *error)
{
    char **names;
    int count, code = model_names(configs, &names, &count, error);
    if (code)
        return code;
    for (int i = 0; i < count && !code; i++) {
        struct model model;
        code = model_find(configs, names[i], &model, error);
        if (!code && model.kind == MODEL_MLA)
            code = dump_named(options, configs, names[i], error);
    }
    model_names_free(names, count);
    return code;
}

static int dump_list(const struct options *options, const char *configs, struct mla_error *error)
{
    char *list = strdup(options->by_hand.models), *rest = list;
    int code = list ? 0 : mla_fail(error, MLA_MACHINE, "no memory for the list of models");
    for (const char *name; !code && (name = strsep(&rest, ","));)
        code = *name ? dump_named(options, configs, name, error)
                     : mla_fail(error, MLA_BAD_INPUT,
                                "--model is '%.80s' with an empty element, accepted: a "
                                "comma-separated list",
                                options->by_hand.models);
    free(list);
    return code;
}

int command_dump(const struct options *options, const struct paths *paths, int count,
                 char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    if (!options->by_hand.models)
        return mla_fail(error, MLA_BAD_INPUT,
                        "--model is missing, accepted: names in %s/models, paths to a config.json, "
                        "or all",
                        paths->configs);
    if (!options->out)
        return mla_fail(error, MLA_BAD_INPUT, "--out is missing, accepted: a folder for the sets");
    if (strcmp(options->by_hand.models, "all") == 0)
        return dump_all(options, paths->configs, error);
    return dump_list(options, paths->configs, error);
}
