/* SPDX-License-Identifier: MIT */
#include "harness/out_file.h"
#include "harness/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 8, LARGEST_ELEMENT = 8 };

static int64_t bytes_of(const struct tensor *tensor)
{
    return tensor_elements(tensor) * tensor_type_bytes[tensor->type];
}

/* The next tensor whose elements have `size` bytes, `from` on; count if there is none. */
static int next_of_size(const struct named_tensor *tensors, int count, int from, int size)
{
    while (from < count && tensor_type_bytes[tensors[from].tensor.type] != size)
        from++;
    return from;
}

static json_t *describe(const struct tensor *tensor, int64_t begin)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->dims; i++)
        json_array_append_new(shape, json_integer(tensor->shape[i]));
    int64_t end = begin + bytes_of(tensor);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor_type_names[tensor->type], "shape",
                     shape, "data_offsets", (json_int_t)begin, (json_int_t)end);
}

static json_t *make_header(const struct named_tensor *tensors, int count,
                           const char *const *metadata)
{
    json_t *header = json_object();
    if (metadata) {
        json_t *texts = json_object();
        for (; metadata[0]; metadata += 2)
            json_object_set_new(texts, metadata[0], json_string(metadata[1]));
        json_object_set_new(header, "__metadata__", texts);
    }
    int64_t begin = 0;
    for (int size = LARGEST_ELEMENT; size > 0; size /= 2)
        for (int i = -1; (i = next_of_size(tensors, count, i + 1, size)) < count;) {
            json_object_set_new(header, tensors[i].name, describe(&tensors[i].tensor, begin));
            begin += bytes_of(&tensors[i].tensor);
        }
    return header;
}

/* Its length, then the text with spaces after it, so that the data begin at a multiple of 8. */
static void write_header(struct out_file *out, const char *text)
{
    static const char spaces[ALIGNMENT] = "        ";
    size_t length = strlen(text), padding = (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT;
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)((uint64_t)(length + padding) >> 8 * i);
    out_write(out, prefix, sizeof prefix);
    out_write(out, text, length);
    out_write(out, spaces, padding);
}

int safetensors_write(const char *folder, const char *name, const struct named_tensor *tensors,
                      int count, const char *const *metadata, struct mla_error *error)
{
    struct out_file out;
    char path[sizeof out.path];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.600s is too long", folder);
    json_t *header = make_header(tensors, count, metadata);
    char *text = json_dumps(header, JSON_COMPACT);
    json_decref(header);
    if (!text)
        return mla_fail(error, MLA_MACHINE, "%.600s: no memory for its header", path);
    int code = out_replace(&out, path, error);
    if (!code) {
        write_header(&out, text);
        for (int size = LARGEST_ELEMENT; size > 0; size /= 2)
            for (int i = -1; (i = next_of_size(tensors, count, i + 1, size)) < count;)
                out_write(&out, tensors[i].tensor.data, (size_t)bytes_of(&tensors[i].tensor));
        code = out_close(&out, error);
    }
    free(text);
    return code;
}
