/* SPDX-License-Identifier: MIT */
#include "harness/shards.h"

#include "harness/json_fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_MOST = 1200, LARGEST_INDEX = 100000000 };
static const char index_name[] = "model.safetensors.index.json",
                  single_name[] = "model.safetensors";

static int path_in(const char *folder, const char *name, char path[PATH_MOST],
                   struct mla_error *error)
{
    if (snprintf(path, PATH_MOST, "%s/%s", folder, name) >= PATH_MOST)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.600s/%.200s is too long", folder, name);
    return 0;
}

/* A file beside the index, and nothing that leads elsewhere. */
static bool is_plain(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 256;
}

static int check_map(const json_t *map, const char *path, struct mla_error *error)
{
    const char *tensor;
    json_t *file;
    if (!json_is_object(map))
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.600s: weight_map is missing, accepted: an object of tensors and the "
                        "files that hold them",
                        path);
    json_object_foreach((json_t *)map, tensor, file)
    {
        char found[JSON_DESCRIPTION_MAX], name[JSON_DESCRIPTION_MAX];
        if (json_is_string(file) && is_plain(json_string_value(file)))
            continue;
        json_t *text = json_string(tensor);
        json_describe(file, found);
        json_describe(text, name);
        json_decref(text);
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.600s: the file of %s is %s, accepted: the name of a file in the same "
                        "folder",
                        path, name, found);
    }
    return 0;
}

static int read_index(struct shards *shards, const char *path, struct mla_error *error)
{
    json_t *root = NULL;
    int code = fields_load_larger(path, LARGEST_INDEX, &root, error);
    if (code)
        return code;
    json_t *map = json_object_get(root, "weight_map");
    code = check_map(map, path, error);
    if (!code)
        shards->index = json_incref(map);
    json_decref(root);
    return code;
}

/* Opens a file and keeps it. */
static int open_file(struct shards *shards, const char *name, struct safetensors **file,
                     struct mla_error *error)
{
    char path[PATH_MOST];
    for (int i = 0; i < shards->count; i++)
        if (strcmp(shards->names[i], name) == 0) {
            *file = &shards->files[i];
            return 0;
        }
    int code = path_in(shards->folder, name, path, error);
    if (code)
        return code;
    if (access(path, F_OK) && errno == ENOENT)
        return shards->index
                   ? mla_fail(error, MLA_BAD_INPUT,
                              "%.400s: is missing, which %.400s/%s names: download it as well",
                              path, shards->folder, index_name)
                   : mla_fail(error, MLA_BAD_INPUT,
                              "%.400s: is missing, accepted: a folder with %s or %s", path,
                              single_name, index_name);
    size_t count = (size_t)shards->count + 1;
    struct safetensors *files = realloc(shards->files, count * sizeof *files);
    if (files)
        shards->files = files;
    char **names = realloc(shards->names, count * sizeof *names);
    if (names)
        shards->names = names;
    char *own = strdup(name);
    if (!files || !names || !own) {
        free(own);
        return mla_fail(error, MLA_MACHINE, "no memory for %zu files", count);
    }
    code = safetensors_open(path, &files[count - 1], error);
    if (code) {
        free(own);
        return code;
    }
    names[count - 1] = own;
    shards->count++;
    *file = &files[count - 1];
    return 0;
}

int shards_open(const char *folder, struct shards *shards, struct mla_error *error)
{
    char path[PATH_MOST];
    struct safetensors *file;
    *shards = (struct shards){.folder = strdup(folder)};
    int code = shards->folder ? path_in(folder, index_name, path, error)
                              : mla_fail(error, MLA_MACHINE, "no memory for a path");
    if (!code && access(path, F_OK) == 0)
        code = read_index(shards, path, error);
    else if (!code)
        code = open_file(shards, single_name, &file, error);
    if (code)
        shards_close(shards);
    return code;
}

void shards_close(struct shards *shards)
{
    for (int i = 0; i < shards->count; i++) {
        safetensors_close(&shards->files[i]);
        free(shards->names[i]);
    }
    free(shards->files);
    free(shards->names);
    free(shards->folder);
    json_decref(shards->index);
    *shards = (struct shards){0};
}

/* Tensors and what they map to: the index, or the head of the one file. */
static json_t *listed(const struct shards *shards)
{
    return shards->index ? shards->index : shards->files[0].head;
}

bool shards_has(const struct shards *shards, const char *name)
{
    return json_object_get(listed(shards), name) != NULL;
}

static bool has_tail(const char *name, const char *tail)
{
    size_t length = strlen(name), wanted = strlen(tail);
    return length >= wanted && strcmp(name + length - wanted, tail) == 0 &&
           (length == wanted || name[length - wanted - 1] == '.');
}

int shards_find_tail(const struct shards *shards, const char *tail, const char **name,
                     struct mla_error *error)
{
    const char *other;
    json_t *value;
    *name = NULL;
    json_object_foreach(listed(shards), other, value)
    {
        if (!has_tail(other, tail))
            continue;
        if (*name)
            return mla_fail(error, MLA_BAD_INPUT,
                            "%.600s: several tensors end in %.200s, accepted: one", shards->folder,
                            tail);
        *name = other;
    }
    if (!*name)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.600s: no tensor ends in %.200s: is it a model with latent attention, "
                        "and does it have that layer?",
                        shards->folder, tail);
    return 0;
}

int shards_tensor(struct shards *shards, const char *name, struct tensor *tensor,
                  struct mla_error *error)
{
    const json_t *file = shards->index ? json_object_get(shards->index, name) : NULL;
    struct safetensors *holder = shards->files;
    if (shards->index && !file)
        return mla_fail(error, MLA_BAD_INPUT, "%.600s/%s: lists no tensor %.200s", shards->folder,
                        index_name, name);
    int code = file ? open_file(shards, json_string_value(file), &holder, error) : 0;
    return code ? code : safetensors_find(holder, name, tensor, error);
}
