/* SPDX-License-Identifier: MIT */
#include "harness/checkpoint.h"

#include "harness/child.h"
#include "harness/cpu.h"
#include "harness/mapped_file.h"
#include "harness/shards.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 512, SCALE_BLOCK = 128, PATH_MOST = 1200, LOADING_S = 3600 };

/* Read so much at a time: what is dequantised need not stay in memory. */
static const int64_t chunk_bytes = 8 << 20;

struct reading {
    const char *folder;
    struct shards shards;
    struct checkpoint *checkpoint;
    char prefix[NAME_MOST]; /* of the layer's tensors */
    int threads;
    unsigned types; /* a bit for each enum tensor_type that was read */
    struct mla_error *error;
};

/* --- which layer --- */

static int read_layer(struct checkpoint *c, const char *text, struct mla_error *error)
{
    char *end;
    long layer = strtol(text, &end, 10), attention = 0;
    bool number = end != text && text[0] >= '0' && text[0] <= '9';
    if (number && *end == '.' && end[1] >= '0' && end[1] <= '9')
        attention = strtol(end + 1, &end, 10);
    if (!number || *end || layer >= c->model.num_hidden_layers ||
        attention >= c->model.attentions_per_layer)
        return mla_fail(
            error, MLA_BAD_INPUT, "--layer is '%.40s', accepted: a layer of %s, 0 to %d%s", text,
            c->model.name, c->model.num_hidden_layers - 1,
            c->model.attentions_per_layer > 1 ? ", with .0 or .1 for which of its two attentions"
                                              : "");
    c->layer = (int)layer;
    c->attention = (int)attention;
    return 0;
}

/* What the layer's tensors have before q_proj.weight and the like: found by one that all models of
 * the family have. */
static int find_prefix(struct reading *r)
{
    static const char known[] = "kv_a_proj_with_mqa.weight";
    const struct checkpoint *c = r->checkpoint;
    char tail[NAME_MOST];
    const char *name;
    int used = snprintf(tail, sizeof tail, "layers.%d.self_attn.", c->layer);
    if (c->model.attentions_per_layer > 1)
        used += snprintf(tail + used, sizeof tail - (size_t)used, "%d.", c->attention);
    snprintf(tail + used, sizeof tail - (size_t)used, "%s", known);
    int code = shards_find_tail(&r->shards, tail, &name, r->error);
    if (code)
        return code;
    size_t length = strlen(name) - (sizeof known - 1);
    if (length >= NAME_MOST - 64)
        return mla_fail(r->error, MLA_BAD_INPUT, "%.600s: %.200s is too long a name",
                        r->shards.folder, name);
    memcpy(r->prefix, name, length);
    r->prefix[length] = '\0';
    return 0;
}

/* --- one tensor --- */

/* The tensor has been read. */
static void note_read(struct reading *r, const struct tensor *tensor)
{
    r->types |= 1u << tensor->type;
    r->checkpoint->bytes += tensor_elements(tensor) * tensor_type_bytes[tensor->type];
}

/* "F8_E4M3, BF16". */
static void name_types(const struct reading *r, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int type = 0; type < TENSOR_TYPES; type++)
        if (r->types & 1u << type)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     tensor_type_names[type]);
}

static int check_shape(const struct reading *r, const char *name, const struct tensor *tensor,
                       const struct tensor *wanted)
{
    bool same =
        tensor->dims == wanted->dims &&
        memcmp(tensor->shape, wanted->shape, (size_t)wanted->dims * sizeof *wanted->shape) == 0;
    char found[256];
    snprintf(found, sizeof found, "%s", tensor_shape_text(tensor));
    return same ? 0
                : mla_fail(r->error, MLA_BAD_INPUT,
                           "%.400s: tensor %.200s has shape %s, accepted: %s, as config.json says",
                           r->shards.folder, name, found, tensor_shape_text(wanted));
}

static int find_scale(struct reading *r, const char *name, const struct named_weight *w,
                      struct tensor *scale)
{
    char scale_name[NAME_MOST + 16];
    snprintf(scale_name, sizeof scale_name, "%s_scale_inv", name);
    if (!shards_has(&r->shards, scale_name))
        return mla_fail(r->error, MLA_BAD_INPUT,
                        "%.400s: tensor %.200s is F8_E4M3 without %.200s, accepted: fp8 weights "
                        "with a factor for each 128 x 128 of them",
                        r->shards.folder, name, scale_name);
    int code = shards_tensor(&r->shards, scale_name, scale, r->error);
    struct tensor wanted = {.dims = 2,
                            .shape = {(w->rows + SCALE_BLOCK - 1) / SCALE_BLOCK,
                                      (w->columns + SCALE_BLOCK - 1) / SCALE_BLOCK}};
    if (!code && !tensor_is_float(scale->type))
        code = mla_fail(r->error, MLA_BAD_INPUT,
                        "%.400s: tensor %.200s is of %s, accepted: floating-point numbers",
                        r->shards.folder, scale_name, tensor_type_names[scale->type]);
    return code ? code : check_shape(r, scale_name, scale, &wanted);
}

/* Rows of a matrix times the factors of the blocks that they are in. */
static void scale_row(const struct tensor *scale, int64_t row, int64_t columns, float *out)
{
    int64_t blocks = scale->shape[1], first = row / SCALE_BLOCK * blocks;
    for (int64_t b = 0; b < blocks; b++) {
        float factor;
        tensor_floats(scale, first + b, 1, &factor);
        int64_t end = (b + 1) * SCALE_BLOCK < columns ? (b + 1) * SCALE_BLOCK : columns;
        for (int64_t x = b * SCALE_BLOCK; x < end; x++)
            out[x] *= factor;
    }
}

static void convert(int threads, const struct tensor *tensor, const struct tensor *scale,
                    int64_t rows, int64_t columns, float *out)
{
    int64_t row_bytes = columns * tensor_type_bytes[tensor->type];
    int64_t rows_at_once = chunk_bytes / row_bytes > 0 ? chunk_bytes / row_bytes : 1;
    for (int64_t first = 0; first < rows; first += rows_at_once) {
        int64_t end = first + rows_at_once < rows ? first + rows_at_once : rows;
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int64_t row = first; row < end; row++) {
            tensor_floats(tensor, row * columns, columns, out + row * columns);
            if (scale)
                scale_row(scale, row, columns, out + row * columns);
        }
        mapped_file_forget((const char *)tensor->data + first * row_bytes,
                           (size_t)((end - first) * row_bytes));
    }
}

/* A bias would be left out without a word. */
static int refuse_bias(const struct reading *r, const char *name)
{
    char bias[NAME_MOST + 16];
    size_t length = strlen(name) - strlen("weight");
    snprintf(bias, sizeof bias, "%.*sbias", (int)length, name);
    return shards_has(&r->shards, bias)
               ? mla_fail(r->error, MLA_BAD_INPUT,
                          "%.400s: has a tensor %.200s, accepted: projections without bias",
                          r->shards.folder, bias)
               : 0;
}

/* With one that is not every kernel would fail. */
static int check_finite(const struct reading *r, const char *name, const struct named_weight *w)
{
    int64_t count = (w->rows > 0 ? w->rows : 1) * w->columns, at = count;
#pragma omp parallel for num_threads(r->threads) schedule(static) reduction(min : at)
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(w->data[i]) && i < at)
            at = i;
    return at == count ? 0
                       : mla_fail(r->error, MLA_BAD_INPUT,
                                  "%.400s: tensor %.200s: element %lld is %g, accepted: finite "
                                  "weights",
                                  r->shards.folder, name, (long long)at, (double)w->data[at]);
}

static int read_weight(struct reading *r, const struct named_weight *w)
{
    char name[NAME_MOST + 64];
    struct tensor tensor = {0}, scale = {0};
    struct tensor shape = {.dims = 2, .shape = {w->rows, w->columns}};
    if (w->rows == 0)
        shape = (struct tensor){.dims = 1, .shape = {w->columns}};
    snprintf(name, sizeof name, "%s%s.weight", r->prefix, w->name);
    int code = refuse_bias(r, name);
    if (!code)
        code = shards_tensor(&r->shards, name, &tensor, r->error);
    if (!code)
        code = check_shape(r, name, &tensor, &shape);
    if (!code && !tensor_is_float(tensor.type))
        code = mla_fail(r->error, MLA_BAD_INPUT,
                        "%.400s: tensor %.200s is of %s, accepted: F32, F16, BF16, or F8_E4M3 with "
                        "weight_scale_inv",
                        r->shards.folder, name, tensor_type_names[tensor.type]);
    bool scaled = !code && tensor.type == TENSOR_F8_E4M3;
    if (scaled && w->rows == 0)
        code = mla_fail(r->error, MLA_BAD_INPUT,
                        "%.400s: tensor %.200s is F8_E4M3, accepted: "
                        "norms in F32, F16 or BF16",
                        r->shards.folder, name);
    else if (scaled)
        code = find_scale(r, name, w, &scale);
    if (code)
        return code;
    convert(r->threads, &tensor, scaled ? &scale : NULL, w->rows > 0 ? w->rows : 1, w->columns,
            (float *)w->data);
    note_read(r, &tensor);
    if (scaled)
        note_read(r, &scale);
    return check_finite(r, name, w);
}

/* In a child process: it may have a team of OpenMP, and dies alone if a file gets shorter while it
 * is being read. */
static int read_weights(void *context, struct child_channel *channel, struct mla_error *error)
{
    struct reading r = *(const struct reading *)context;
    struct named_weight list[NAMED_WEIGHTS];
    r.error = error;
    int code = shards_open(r.folder, &r.shards, error);
    if (code)
        return code;
    code = find_prefix(&r);
    int count = weights_list(&r.checkpoint->model, &r.checkpoint->weights.named, list);
    for (int i = 0; i < count && !code; i++)
        code = read_weight(&r, &list[i]);
    name_types(&r, r.checkpoint->types, sizeof r.checkpoint->types);
    if (!code)
        child_send(channel, json_pack("{s:s, s:I}", "types", r.checkpoint->types, "bytes",
                                      (json_int_t)r.checkpoint->bytes));
    shards_close(&r.shards);
    return code;
}

static void take_note(void *context, const json_t *message)
{
    struct checkpoint *c = ((const struct reading *)context)->checkpoint;
    snprintf(c->types, sizeof c->types, "%s", json_string_value(json_object_get(message, "types")));
    c->bytes = json_integer_value(json_object_get(message, "bytes"));
}

/* What cannot be converted must not be taken for a checkpoint of another kind. */
static int check_model(const struct checkpoint *c, struct mla_error *error)
{
    return c->model.kind == MODEL_MLA
               ? 0
               : mla_fail(error, MLA_BAD_INPUT,
                          "%s: accepted are checkpoints of models with latent attention",
                          c->model.name);
}

int checkpoint_load(const char *folder, const char *layer, struct checkpoint *checkpoint,
                    struct mla_error *error)
{
    struct reading r = {.folder = folder, .checkpoint = checkpoint, .threads = cpu_count()};
    struct child_job job = {read_weights, take_note, &r, LOADING_S};
    char path[PATH_MOST];
    *checkpoint = (struct checkpoint){0};
    if (snprintf(path, sizeof path, "%s/config.json", folder) >= PATH_MOST)
        return mla_fail(error, MLA_BAD_INPUT, "the path %.600s is too long", folder);
    int code = model_read(path, &checkpoint->model, error);
    if (!code)
        code = check_model(checkpoint, error);
    if (!code)
        code = read_layer(checkpoint, layer, error);
    if (!code)
        code = weights_allocate(&checkpoint->model, BUFFER_SHARED, &checkpoint->weights, error);
    if (!code)
        code = child_run(&job, error);
    if (code)
        checkpoint_free(checkpoint);
    return code;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    weights_destroy(&checkpoint->weights);
}
