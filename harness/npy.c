/* SPDX-License-Identifier: MIT */
#include "harness/npy.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are written as they lie");

static const char magic[6] = "\x93NUMPY";

enum {
    PREFIX = 8,        /* magic and version */
    ALIGNMENT = 64,    /* of the first element in the file, as NumPy aligns it */
    LONGEST = 10000,   /* header that NumPy itself takes from strangers */
    SHAPE_TEXT = 96,   /* four numbers of up to 19 digits */
    FOUND_TEXT = 48,   /* what of the file goes into a message */
    PLACE_TEXT = 1400, /* a path */
};

static const struct {
    const char *descr;
    size_t size;
} types[] = {
    [NPY_FLOAT32] = {"<f4", 4},
    [NPY_FLOAT64] = {"<f8", 8},
    [NPY_INT32] = {"<i4", 4},
};

size_t npy_bytes(const struct npy_array *array)
{
    size_t bytes = types[array->type].size;
    for (int i = 0; i < array->dims; i++)
        bytes *= (size_t)array->shape[i];
    return bytes;
}

/* "(3, 4)", "(3,)", "()". */
static void describe_shape(const struct npy_array *array, char text[SHAPE_TEXT])
{
    int used = snprintf(text, SHAPE_TEXT, "(");
    for (int i = 0; i < array->dims; i++)
        used += snprintf(text + used, (size_t)(SHAPE_TEXT - used), "%s%lld", i ? ", " : "",
                         (long long)array->shape[i]);
    snprintf(text + used, (size_t)(SHAPE_TEXT - used), array->dims == 1 ? ",)" : ")");
}

int npy_open(struct out_file *out, const char *folder, const char *name,
             const struct npy_array *array, struct mla_error *error)
{
    char shape[SHAPE_TEXT], header[PREFIX + 2 + 256];
    int code = out_open(out, folder, name, error);
    if (code)
        return code;
    describe_shape(array, shape);
    char *text = header + PREFIX + 2;
    int length = snprintf(text, 256, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                          types[array->type].descr, shape);
    while ((PREFIX + 2 + length + 1) % ALIGNMENT)
        text[length++] = ' ';
    text[length++] = '\n';
    memcpy(header, magic, sizeof magic);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)(length & 0xff);
    header[9] = (char)(length >> 8);
    out_write(out, header, PREFIX + 2 + (size_t)length);
    return 0;
}

int npy_write(const char *folder, const char *name, const struct npy_array *array, const void *data,
              struct mla_error *error)
{
    struct out_file out;
    int code = npy_open(&out, folder, name, array, error);
    if (code)
        return code;
    out_write(&out, data, npy_bytes(array));
    return out_close(&out, error);
}

/* A file being read. */
struct reading {
    FILE *file;
    char path[PLACE_TEXT];
    const struct npy_array *wanted; /* NULL: whatever it is */
    struct tensor *found;           /* where nothing in particular is wanted */
    struct mla_error *error;
    char header[LONGEST + 1]; /* a Python dictionary */
    size_t length;
    const char *at; /* how far it has been taken apart; the header ends in a NUL */
};

static int refuse(const struct reading *r, const char *what, const char *found,
                  const char *accepted)
{
    return mla_fail(r->error, MLA_BAD_INPUT, "%.600s: %s is %s, accepted: %s", r->path, what, found,
                    accepted);
}

/* The next bytes of the header, as far as they can be shown. */
static int refuse_here(const struct reading *r, const char *accepted)
{
    char found[FOUND_TEXT];
    size_t length = 0;
    for (; length < 24 && r->at[length]; length++) {
        unsigned char c = (unsigned char)r->at[length];
        found[length + 1] = (char)(c >= ' ' && c < 127 ? c : '?');
    }
    found[0] = '\'';
    snprintf(found + length + 1, sizeof found - length - 1, "'");
    return mla_fail(r->error, MLA_BAD_INPUT, "%.600s: the header has %s at byte %zu, accepted: %s",
                    r->path, length ? found : "its end", (size_t)(r->at - r->header), accepted);
}

static void skip_spaces(struct reading *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n')
        r->at++;
}

/* Takes a character, spaces before it aside, if it is the next. */
static bool take(struct reading *r, char c)
{
    skip_spaces(r);
    if (*r->at != c || !c)
        return false;
    r->at++;
    return true;
}

/* A string in either kind of quotes; one that needs escapes is none that is asked for. */
static int take_string(struct reading *r, char *text, size_t size)
{
    skip_spaces(r);
    char quote = *r->at;
    if (quote != '\'' && quote != '"')
        return refuse_here(r, "a string in quotes");
    size_t length = 0;
    while (r->at[1 + length] != quote) {
        unsigned char c = (unsigned char)r->at[1 + length];
        if (c < ' ' || c >= 127 || c == '\\' || length + 1 >= size)
            return refuse_here(r, "a string of a few letters");
        text[length++] = (char)c;
    }
    text[length] = '\0';
    r->at += length + 2;
    return 0;
}

/* Types of npy_describe. */
static const struct {
    const char *descr;
    enum tensor_type type;
} float_types[] = {{"<f4", TENSOR_F32},
                   {"<f8", TENSOR_F64},
                   {"<f2", TENSOR_F16},
                   {"<V2", TENSOR_BF16},
                   {"|V2", TENSOR_BF16}};

static bool is_float_type(const struct reading *r, const char *descr)
{
    for (size_t i = 0; i < sizeof float_types / sizeof float_types[0]; i++)
        if (strcmp(descr, float_types[i].descr) == 0) {
            r->found->type = float_types[i].type;
            return true;
        }
    return false;
}

static int take_descr(struct reading *r)
{
    char descr[16] = "", found[FOUND_TEXT], accepted[FOUND_TEXT];
    int code = take_string(r, descr, sizeof descr);
    if (code ||
        (r->wanted ? strcmp(descr, types[r->wanted->type].descr) == 0 : is_float_type(r, descr)))
        return code;
    snprintf(found, sizeof found, "'%s'%s", descr, descr[0] == '>' ? " (big-endian)" : "");
    if (!r->wanted)
        return refuse(r, "the type (descr)", found, "'<f4', '<f8', '<f2', or 'V2' for bf16");
    snprintf(accepted, sizeof accepted, "'%s'", types[r->wanted->type].descr);
    return refuse(r, "the type (descr)", found, accepted);
}

static int take_order(struct reading *r)
{
    skip_spaces(r);
    if (strncmp(r->at, "True", 4) == 0)
        return refuse(r, "fortran_order", "True",
                      "False: rows one after the other, as "
                      "numpy.ascontiguousarray leaves them");
    if (strncmp(r->at, "False", 5) != 0)
        return refuse_here(r, "False");
    r->at += 5;
    return 0;
}

static int take_length(struct reading *r, int64_t *length)
{
    skip_spaces(r);
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)*r->at))
        return refuse_here(r, "a whole number");
    *length = strtoll(r->at, &end, 10);
    if (errno)
        return refuse_here(r, "a whole number of at most 63 bits");
    r->at = end;
    return 0;
}

static int take_shape(struct reading *r)
{
    struct npy_array found = {.dims = 0};
    if (!take(r, '('))
        return refuse_here(r, "a tuple, e.g. (3, 4)");
    bool comma = true;
    while (!take(r, ')')) {
        if (!comma || found.dims == NPY_DIMS_MAX)
            return refuse_here(r, "the end of a tuple of at most 4 numbers");
        int code = take_length(r, &found.shape[found.dims++]);
        if (code)
            return code;
        comma = take(r, ',');
    }
    if (found.dims == 1 && !comma)
        return refuse_here(r, "a tuple of one number with a comma, as in (3,)");
    if (!r->wanted) {
        r->found->dims = found.dims;
        memcpy(r->found->shape, found.shape, sizeof found.shape);
        return 0;
    }
    char is[SHAPE_TEXT], accepted[SHAPE_TEXT];
    describe_shape(&found, is);
    describe_shape(r->wanted, accepted);
    return strcmp(is, accepted) == 0 ? 0 : refuse(r, "the shape", is, accepted);
}

/* The whole header: three keys in any order, each once. */
static int take_header(struct reading *r)
{
    static const struct {
        const char *name;
        int (*take)(struct reading *);
    } keys[] = {{"descr", take_descr}, {"fortran_order", take_order}, {"shape", take_shape}};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    bool seen[KEYS] = {false};
    if (!take(r, '{'))
        return refuse_here(r, "a Python dictionary");
    bool comma = true;
    for (int count = 0; !take(r, '}'); count++) {
        char name[16];
        const char *start = r->at;
        if (!comma || count == KEYS)
            return refuse_here(r, "the end of a dictionary of descr, fortran_order and shape");
        int code = take_string(r, name, sizeof name), key = 0;
        if (code)
            return code;
        while (key < KEYS && strcmp(keys[key].name, name) != 0)
            key++;
        if (key == KEYS || seen[key]) {
            r->at = start;
            return refuse_here(r, "descr, fortran_order and shape, each once");
        }
        seen[key] = true;
        if (!take(r, ':'))
            return refuse_here(r, "a colon");
        code = keys[key].take(r);
        if (code)
            return code;
        comma = take(r, ',');
    }
    for (int key = 0; key < KEYS; key++)
        if (!seen[key])
            return refuse(r, keys[key].name, "missing", "descr, fortran_order and shape");
    skip_spaces(r);
    return r->at == r->header + r->length ? 0 : refuse_here(r, "spaces up to the end");
}

/* `size` bytes, which are missing if the file has ended before. */
static int read_bytes(const struct reading *r, void *data, size_t size, const char *what)
{
    size_t got = size ? fread(data, 1, size, r->file) : 0;
    if (got == size)
        return 0;
    if (ferror(r->file))
        return mla_fail(r->error, MLA_MACHINE, "%.600s: cannot be read: %s", r->path,
                        strerror(errno));
    return mla_fail(r->error, MLA_BAD_INPUT,
                    "%.600s: ends after %zu bytes of %s, accepted: %zu bytes", r->path, got, what,
                    size);
}

/* Everything before the elements, down to the header's text. */
static int read_prefix(struct reading *r)
{
    unsigned char prefix[PREFIX], size[4] = {0};
    int code = read_bytes(r, prefix, sizeof prefix, "magic and version");
    if (code)
        return code;
    if (memcmp(prefix, magic, sizeof magic) != 0)
        return refuse(r, "the file", "of another format", "a .npy file");
    if ((prefix[6] != 1 && prefix[6] != 2) || prefix[7] != 0) {
        char found[FOUND_TEXT];
        snprintf(found, sizeof found, "%d.%d", prefix[6], prefix[7]);
        return refuse(r, "the format's version", found, "1.0 or 2.0");
    }
    code = read_bytes(r, size, prefix[6] == 1 ? 2 : 4, "the header's length");
    if (code)
        return code;
    r->length = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    if (r->length > LONGEST) {
        char found[FOUND_TEXT];
        snprintf(found, sizeof found, "%zu bytes long", r->length);
        return refuse(r, "the header", found, "up to 10000 bytes");
    }
    code = read_bytes(r, r->header, r->length, "the header");
    r->header[r->length] = '\0';
    r->at = r->header;
    return code;
}

static int read_all(struct reading *r, void *data)
{
    int code = read_prefix(r);
    if (!code)
        code = take_header(r);
    if (!code)
        code = read_bytes(r, data, npy_bytes(r->wanted), "elements");
    if (!code && fgetc(r->file) != EOF) {
        char accepted[FOUND_TEXT];
        snprintf(accepted, sizeof accepted, "%zu bytes of them", npy_bytes(r->wanted));
        return refuse(r, "the file", "longer than its elements", accepted);
    }
    return code;
}

static int open_reading(struct reading *r, size_t *size)
{
    struct stat status;
    if (stat(r->path, &status))
        return mla_fail(r->error, MLA_MACHINE, "%.600s: cannot be read: %s", r->path,
                        strerror(errno));
    if (!S_ISREG(status.st_mode))
        return refuse(r, "it", "no regular file", "a .npy file");
    *size = (size_t)status.st_size;
    r->file = fopen(r->path, "rb");
    if (!r->file)
        return mla_fail(r->error, MLA_MACHINE, "%.600s: cannot be read: %s", r->path,
                        strerror(errno));
    return 0;
}

int npy_read(const char *folder, const char *name, const struct npy_array *wanted, void *data,
             struct mla_error *error)
{
    struct reading r = {.wanted = wanted, .error = error};
    size_t size;
    if (snprintf(r.path, sizeof r.path, "%s/%s", folder, name) >= (int)sizeof r.path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.600s is too long", folder);
    int code = open_reading(&r, &size);
    if (code)
        return code;
    code = read_all(&r, data);
    fclose(r.file);
    return code;
}

/* That the elements are all there, and nothing after them. */
static int check_size(const struct reading *r, size_t begin, size_t size)
{
    int64_t elements = tensor_elements(r->found);
    char shape[SHAPE_TEXT];
    struct npy_array array = {.dims = r->found->dims};
    memcpy(array.shape, r->found->shape, sizeof array.shape);
    describe_shape(&array, shape);
    if (elements < 0)
        return refuse(r, "the shape", shape, "fewer elements than 2^59");
    uint64_t needed = (uint64_t)elements * (uint64_t)tensor_type_bytes[r->found->type];
    if (needed == size - begin)
        return 0;
    return mla_fail(r->error, MLA_BAD_INPUT,
                    "%.600s: has %zu bytes of elements, accepted: the %llu of shape %s", r->path,
                    size - begin, (unsigned long long)needed, shape);
}

int npy_describe(const char *path, struct tensor *tensor, size_t *begin, struct mla_error *error)
{
    struct reading r = {.found = tensor, .error = error};
    size_t size;
    *tensor = (struct tensor){0};
    if (snprintf(r.path, sizeof r.path, "%s", path) >= (int)sizeof r.path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.600s is too long", path);
    int code = open_reading(&r, &size);
    if (code)
        return code;
    code = read_prefix(&r);
    if (!code)
        code = take_header(&r);
    *begin = (size_t)ftell(r.file);
    if (!code)
        code = check_size(&r, *begin, size);
    fclose(r.file);
    return code;
}
