/* SPDX-License-Identifier: MIT */
#include "harness/safetensors.h"

#include "harness/json_fields.h"
#include "harness/nearest.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are read as they lie");

enum { LENGTH_BYTES = 8, LONGEST_HEADER = 100000000 };

static const char metadata[] = "__metadata__";

/* Types of the format that are not ours: their bytes are checked, their elements never read. */
static const struct {
    const char *name;
    int bytes;
} other_types[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"U16", 2},
                   {"I16", 2},  {"U32", 4}, {"U64", 8}, {"F8_E8M0", 1}};

/* Bytes of an element; 0: a type that is not known. */
static int type_bytes(const char *name)
{
    for (int i = 0; i < TENSOR_TYPES; i++)
        if (strcmp(tensor_type_names[i], name) == 0)
            return tensor_type_bytes[i];
    for (size_t i = 0; i < sizeof other_types / sizeof other_types[0]; i++)
        if (strcmp(other_types[i].name, name) == 0)
            return other_types[i].bytes;
    return 0;
}

/* A name as a message can show it: it may be anything. */
struct shown_name {
    char text[161];
};

static struct shown_name shown(const char *name)
{
    struct shown_name shown = {{0}};
    for (size_t i = 0; name[i] && i + 1 < sizeof shown.text; i++)
        shown.text[i] = (char)(name[i] >= ' ' && name[i] < 127 ? name[i] : '?');
    return shown;
}

/* A tensor's bytes in the data section. */
struct extent {
    int64_t begin, end;
    const char *name;
};

static int refuse(const struct safetensors *file, const char *name, struct mla_error *error,
                  const char *field, const json_t *found, const char *accepted)
{
    char text[JSON_DESCRIPTION_MAX];
    json_describe(found, text);
    return mla_fail(error, MLA_BAD_INPUT, "%.400s: tensor %s: %s is %s, accepted: %s", file->path,
                    shown(name).text, field, text, accepted);
}

static int read_shape(const struct safetensors *file, const char *name, const json_t *entry,
                      struct tensor *tensor, struct mla_error *error)
{
    const json_t *shape = json_object_get(entry, "shape");
    static const char accepted[] = "a list of up to 8 whole numbers, 0 or more";
    if (!json_is_array(shape) || json_array_size(shape) > TENSOR_DIMS_MAX)
        return refuse(file, name, error, "shape", shape, accepted);
    tensor->dims = (int)json_array_size(shape);
    for (int i = 0; i < tensor->dims; i++)
        if (!json_whole(json_array_get(shape, (size_t)i), 0, INT64_MAX, &tensor->shape[i]))
            return refuse(file, name, error, "shape", json_array_get(shape, (size_t)i), accepted);
    if (tensor_elements(tensor) < 0)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.400s: tensor %s: shape is %s, accepted: fewer elements than 2^59",
                        file->path, shown(name).text, tensor_shape_text(tensor));
    return 0;
}

static int read_extent(const struct safetensors *file, const char *name, const json_t *entry,
                       struct extent *extent, struct mla_error *error)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    int64_t most = (int64_t)file->data_size;
    extent->name = name;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !json_whole(json_array_get(offsets, 0), 0, INT64_MAX, &extent->begin) ||
        !json_whole(json_array_get(offsets, 1), extent->begin, INT64_MAX, &extent->end))
        return refuse(file, name, error, "data_offsets", offsets,
                      "two whole numbers, where it begins and ends");
    if (extent->end > most)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.400s: tensor %s: ends at byte %lld of the data, the file holds "
                        "%lld: it is truncated; download it again",
                        file->path, shown(name).text, (long long)extent->end, (long long)most);
    return 0;
}

static int check_tensor(const struct safetensors *file, const char *name, const json_t *entry,
                        struct extent *extent, struct mla_error *error)
{
    struct tensor tensor;
    if (!json_is_object(entry))
        return refuse(file, name, error, "it", entry, "an object");
    const json_t *type = json_object_get(entry, "dtype");
    if (!json_is_string(type))
        return refuse(file, name, error, "dtype", type, "a text, e.g. \"BF16\"");
    int code = read_shape(file, name, entry, &tensor, error);
    if (!code)
        code = read_extent(file, name, entry, extent, error);
    int bytes = type_bytes(json_string_value(type));
    if (!code && bytes > 0 && extent->end - extent->begin != bytes * tensor_elements(&tensor))
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.400s: tensor %s: has %lld bytes, accepted: the %lld of %s in %s",
                        file->path, shown(name).text, (long long)(extent->end - extent->begin),
                        (long long)(bytes * tensor_elements(&tensor)), tensor_shape_text(&tensor),
                        json_string_value(type));
    return code;
}

static int by_begin(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    int64_t difference = x->begin != y->begin ? x->begin - y->begin : x->end - y->end;
    return difference < 0 ? -1 : difference > 0;
}

/* They follow each other without gaps, from the first byte of the data to the last. */
static int check_order(const struct safetensors *file, struct extent *extents, size_t count,
                       struct mla_error *error)
{
    int64_t end = 0;
    qsort(extents, count, sizeof *extents, by_begin);
    for (size_t i = 0; i < count; i++) {
        if (extents[i].begin != end)
            return mla_fail(error, MLA_BAD_INPUT,
                            "%.400s: tensor %s: begins at byte %lld of the data, accepted: "
                            "%lld, where %s ends",
                            file->path, shown(extents[i].name).text, (long long)extents[i].begin,
                            (long long)end, shown(i ? extents[i - 1].name : "the header").text);
        end = extents[i].end;
    }
    if (end != (int64_t)file->data_size)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.400s: has %lld bytes after its last tensor, accepted: none", file->path,
                        (long long)((int64_t)file->data_size - end));
    return 0;
}

static int check_tensors(const struct safetensors *file, struct mla_error *error)
{
    size_t count = json_object_size(file->head), i = 0;
    struct extent *extents = calloc(count + 1, sizeof *extents);
    if (!extents)
        return mla_fail(error, MLA_MACHINE, "no memory for %zu tensors", count);
    int code = 0;
    const char *name;
    json_t *entry;
    json_object_foreach(file->head, name, entry)
    {
        code = check_tensor(file, name, entry, &extents[i++], error);
        if (code)
            break;
    }
    if (!code)
        code = check_order(file, extents, count, error);
    free(extents);
    return code;
}

static int read_head(struct safetensors *file, struct mla_error *error)
{
    uint64_t length = 0;
    size_t size = file->file.size;
    if (size >= LENGTH_BYTES)
        memcpy(&length, file->file.data, LENGTH_BYTES);
    if (size < LENGTH_BYTES || length > LONGEST_HEADER || length > size - LENGTH_BYTES)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.400s: has %zu bytes and says that its header has %llu, accepted: a "
                        "header of at most 100000000 bytes that is all there; is it a "
                        "safetensors file, and wholly downloaded?",
                        file->path, size, (unsigned long long)length);
    file->data = file->file.data + LENGTH_BYTES + length;
    file->data_size = size - LENGTH_BYTES - (size_t)length;
    json_error_t where;
    file->head =
        json_loadb(file->file.data + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(file->head))
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.400s: its header is %.160s, at byte %d of it, accepted: a JSON object",
                        file->path, file->head ? "another JSON value" : where.text,
                        file->head ? 0 : where.position);
    json_object_del(file->head, metadata);
    return check_tensors(file, error);
}

int safetensors_open(const char *path, struct safetensors *file, struct mla_error *error)
{
    *file = (struct safetensors){.path = strdup(path)};
    if (!file->path)
        return mla_fail(error, MLA_MACHINE, "no memory for a path");
    int code = mapped_file_open(path, &file->file, error);
    if (!code)
        code = read_head(file, error);
    if (code)
        safetensors_close(file);
    return code;
}

void safetensors_close(struct safetensors *file)
{
    json_decref(file->head);
    mapped_file_close(&file->file);
    free(file->path);
    *file = (struct safetensors){0};
}

static int refuse_name(const struct safetensors *file, const char *name, struct mla_error *error)
{
    size_t count = json_object_size(file->head), i = 0;
    const char **names = calloc(count + 1, sizeof *names), *other, *best;
    char all[160] = "a file with tensors";
    json_t *entry;
    if (!names)
        return mla_fail(error, MLA_MACHINE, "no memory for %zu names", count);
    json_object_foreach(file->head, other, entry) names[i++] = other;
    best = nearest_name(name, names, (int)count);
    if (count > 0)
        names_in_words(names, (int)count, all, sizeof all);
    free(names);
    struct shown_name nearest = shown(best ? best : all);
    return mla_fail(error, MLA_BAD_INPUT, "%.400s: has no tensor %s%s%s%s", file->path,
                    shown(name).text, best ? "; did you mean " : ", accepted: ", nearest.text,
                    best ? "?" : "");
}

int safetensors_find(const struct safetensors *file, const char *name, struct tensor *tensor,
                     struct mla_error *error)
{
    const json_t *entry = json_object_get(file->head, name);
    if (!entry)
        return refuse_name(file, name, error);
    struct extent extent;
    *tensor = (struct tensor){.type = TENSOR_TYPES};
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    for (int i = 0; i < TENSOR_TYPES; i++)
        if (strcmp(tensor_type_names[i], type) == 0)
            tensor->type = (enum tensor_type)i;
    if (tensor->type == TENSOR_TYPES)
        return refuse(file, name, error, "dtype", json_object_get(entry, "dtype"),
                      "F64, F32, F16, BF16, F8_E4M3, I64 or I32");
    int code = read_shape(file, name, entry, tensor, error);
    if (!code)
        code = read_extent(file, name, entry, &extent, error);
    if (!code)
        tensor->data = file->data + extent.begin;
    return code;
}
