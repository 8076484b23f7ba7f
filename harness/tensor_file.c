/* SPDX-License-Identifier: MIT */
#include "harness/tensor_file.h"

#include "harness/npy.h"

#include <stdio.h>
#include <string.h>

enum { PATH_MOST = 1200 };

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

static int open_npy(const char *path, struct tensor_file *file, struct mla_error *error)
{
    size_t begin = 0;
    int code = npy_describe(path, &file->tensor, &begin, error);
    if (!code)
        code = mapped_file_open(path, &file->npy, error);
    if (code)
        return code;
    uint64_t bytes =
        (uint64_t)tensor_elements(&file->tensor) * (uint64_t)tensor_type_bytes[file->tensor.type];
    if (file->npy.size != begin + bytes) {
        mapped_file_close(&file->npy);
        return mla_fail(error, MLA_BAD_INPUT, "%.600s: changed while it was read", path);
    }
    file->tensor.data = file->npy.data + begin;
    return 0;
}

/* The only tensor's name, or NULL. */
static const char *only_name(const struct safetensors *file)
{
    void *first = json_object_iter(file->head);
    return json_object_size(file->head) == 1 ? json_object_iter_key(first) : NULL;
}

static int open_safetensors(const char *path, const char *name, struct tensor_file *file,
                            struct mla_error *error)
{
    int code = safetensors_open(path, &file->safetensors, error);
    if (code)
        return code;
    if (!name)
        name = only_name(&file->safetensors);
    if (name)
        code = safetensors_find(&file->safetensors, name, &file->tensor, error);
    else
        code = mla_fail(error, MLA_BAD_INPUT,
                        "%.600s: holds %zu tensors, accepted: the name of one of them after a "
                        "colon, FILE.safetensors:TENSOR",
                        path, json_object_size(file->safetensors.head));
    if (!code && !tensor_is_float(file->tensor.type))
        code = mla_fail(error, MLA_BAD_INPUT,
                        "%.600s: tensor %.200s is of %s, accepted: floating-point numbers", path,
                        name, tensor_type_names[file->tensor.type]);
    if (code)
        safetensors_close(&file->safetensors);
    return code;
}

int tensor_file_open(const char *name, struct tensor_file *file, struct mla_error *error)
{
    static const char extension[] = ".safetensors";
    *file = (struct tensor_file){0};
    if (ends_in(name, ".npy"))
        return open_npy(name, file, error);
    char path[PATH_MOST];
    const char *colon = strstr(name, ".safetensors:");
    size_t length = colon ? (size_t)(colon - name) + sizeof extension - 1 : strlen(name);
    if ((!colon && !ends_in(name, extension)) || length >= sizeof path)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.600s: accepted are FILE.npy, FILE.safetensors with one tensor, and "
                        "FILE.safetensors:TENSOR",
                        name);
    snprintf(path, sizeof path, "%.*s", (int)length, name);
    return open_safetensors(path, colon ? name + length + 1 : NULL, file, error);
}

void tensor_file_close(struct tensor_file *file)
{
    mapped_file_close(&file->npy);
    if (file->safetensors.path)
        safetensors_close(&file->safetensors);
    *file = (struct tensor_file){0};
}
