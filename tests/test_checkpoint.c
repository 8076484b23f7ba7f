/* SPDX-License-Identifier: MIT
 *
 * Checkpoints as downloaded: weights of every type come out as they went in, whatever the files and
 * prefixes, and what is missing or not understood is refused with the cure. */
#include "harness/checkpoint.h"
#include "harness/problem.h"
#include "harness/safetensors.h"
#include "kernels/formats/bf16.h"
#include "kernels/formats/e4m3.h"
#include "kernels/formats/fp16.h"
#include "tests/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

TestSuite(checkpoint, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

enum { MOST = 12, FLOATS = 1 << 16, BYTES = 8 * FLOATS };

/* Tensors to be written, and the memory that they are in. */
struct kept {
    struct named_tensor tensors[2 * MOST];
    char names[2 * MOST][96];
    int count;
    char *memory; /* grows */
    size_t used;
};

static struct model model;
static struct layer_weights weights;

/* The weights of model tiny, seeded. */
static void make_weights(void)
{
    struct mla_error error;
    cr_assert(model_find("configs", "tiny", &model, &error) == 0, "%s", error.message);
    cr_assert(weights_create(&model, 5, 1, &weights, &error) == 0);
    cr_assert(weights.memory.size < FLOATS * sizeof(float));
}

static struct tensor_shape {
    const char *name;
    const float *values;
    int64_t rows, columns; /* rows 0: a vector */
} shapes[MOST];

/* By hand: heads 3, nope 12, rope 8, v 10, kv_lora 24, q_lora 20, hidden 48. */
static int list_shapes(void)
{
    const struct ref_layer_weights *w = &weights.named;
    const struct tensor_shape all[] = {
        {"q_a_proj", w->q_a_proj, 20, 48},
        {"q_a_layernorm", w->q_a_layernorm, 0, 20},
        {"q_b_proj", w->q_b_proj, 60, 20},
        {"kv_a_proj_with_mqa", w->kv_a_proj, 32, 48},
        {"kv_a_layernorm", w->kv_a_layernorm, 0, 24},
        {"kv_b_proj", w->kv_b_proj, 66, 24},
        {"o_proj", w->o_proj, 48, 30},
    };
    memcpy(shapes, all, sizeof all);
    return sizeof all / sizeof all[0];
}

static void *room(struct kept *kept, size_t bytes)
{
    void *at = kept->memory + kept->used;
    kept->used += (bytes + 7) / 8 * 8;
    cr_assert(kept->used <= BYTES);
    return at;
}

static void add(struct kept *kept, const char *name, struct tensor tensor)
{
    snprintf(kept->names[kept->count], sizeof kept->names[0], "%s", name);
    kept->tensors[kept->count].name = kept->names[kept->count];
    kept->tensors[kept->count++].tensor = tensor;
}

/* In fp8 with a factor of 3 for all blocks: of so small a matrix there is one. */
static const float factor = 3;

static const void *encode(struct kept *kept, enum tensor_type type, const float *values,
                          int64_t count)
{
    void *codes = room(kept, (size_t)(count * tensor_type_bytes[type]));
    if (type == TENSOR_F32)
        memcpy(codes, values, sizeof(float) * (size_t)count);
    else if (type == TENSOR_F16)
        fp16_encode(count, values, codes);
    else if (type == TENSOR_BF16)
        bf16_encode(count, values, codes);
    for (int64_t i = 0; i < count && type == TENSOR_F8_E4M3; i++)
        ((uint8_t *)codes)[i] = e4m3_code((double)values[i] / factor);
    return codes;
}

/* What the weight is after a round trip. */
static float decoded(enum tensor_type type, float value)
{
    float back = value;
    uint16_t code;
    if (type == TENSOR_F16)
        return fp16_value(fp16_code(value));
    if (type == TENSOR_BF16) {
        bf16_encode(1, &value, &code);
        bf16_decode(1, &code, &back);
    }
    if (type == TENSOR_F8_E4M3)
        return e4m3_value(e4m3_code((double)value / factor)) * factor;
    return back;
}

/* The layer's tensors under a prefix; norms are never fp8. */
static void keep_layer(struct kept *kept, const char *prefix, enum tensor_type type)
{
    char name[96];
    if (!kept->memory)
        kept->memory = calloc(1, BYTES);
    for (int i = 0, count = list_shapes(); i < count; i++) {
        const struct tensor_shape *s = &shapes[i];
        enum tensor_type own = s->rows == 0 && type == TENSOR_F8_E4M3 ? TENSOR_BF16 : type;
        int64_t rows = s->rows ? s->rows : 1;
        struct tensor tensor = {.type = own, .dims = 2, .shape = {s->rows, s->columns}};
        if (s->rows == 0)
            tensor = (struct tensor){.type = own, .dims = 1, .shape = {s->columns}};
        tensor.data = encode(kept, own, s->values, rows * s->columns);
        snprintf(name, sizeof name, "%s%s.weight", prefix, s->name);
        add(kept, name, tensor);
        if (own != TENSOR_F8_E4M3)
            continue;
        snprintf(name, sizeof name, "%s%s.weight_scale_inv", prefix, s->name);
        add(kept, name, (struct tensor){TENSOR_F32, 2, {1, 1}, &factor});
    }
}

static void write_config(void)
{
    char command[300];
    snprintf(command, sizeof command, "cp configs/models/tiny.json %s/config.json", folder);
    cr_assert(system(command) == 0);
}

static void write_tensors(const char *name, const struct kept *kept, int first, int count)
{
    struct mla_error error = {""};
    cr_assert(safetensors_write(folder, name, kept->tensors + first, count, NULL, &error) == 0,
              "%s", error.message);
}

/* Loaded, every weight is what its type makes of it. */
static void expect_weights(const char *layer, enum tensor_type type)
{
    struct checkpoint checkpoint;
    struct mla_error error = {""};
    cr_assert(checkpoint_load(folder, layer, &checkpoint, &error) == 0, "%s", error.message);
    const struct ref_layer_weights *w = &checkpoint.weights.named;
    const float *loaded[] = {w->q_a_proj,       w->q_a_layernorm, w->q_b_proj, w->kv_a_proj,
                             w->kv_a_layernorm, w->kv_b_proj,     w->o_proj};
    for (int i = 0, count = list_shapes(); i < count; i++) {
        const struct tensor_shape *s = &shapes[i];
        enum tensor_type own = s->rows == 0 && type == TENSOR_F8_E4M3 ? TENSOR_BF16 : type;
        for (int64_t k = 0; k < (s->rows ? s->rows : 1) * s->columns; k++)
            cr_assert(loaded[i][k] == decoded(own, s->values[k]), "%s[%ld] in %s: %g, not %g",
                      s->name, (long)k, tensor_type_names[own], loaded[i][k],
                      decoded(own, s->values[k]));
    }
    const char *types = type == TENSOR_F8_E4M3 ? "F32, BF16, F8_E4M3" : tensor_type_names[type];
    cr_assert(strcmp(checkpoint.types, types) == 0, "%s", checkpoint.types);
    cr_assert(checkpoint.bytes > 1000);
    checkpoint_free(&checkpoint);
}

static void expect_refused(const char *layer, const char *says)
{
    struct checkpoint checkpoint;
    struct mla_error error = {""};
    cr_assert(checkpoint_load(folder, layer, &checkpoint, &error) == MLA_BAD_INPUT,
              "accepted; should say '%s'", says);
    cr_assert(strstr(error.message, says), "'%s' does not say '%s'", error.message, says);
}

Test(checkpoint, weights_of_every_type_come_out_as_they_went_in)
{
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_F8_E4M3};
    static const char *const prefixes[] = {
        "model.layers.0.self_attn.", "language_model.model.layers.0.self_attn.",
        "layers.0.self_attn.", "model.language_model.layers.0.self_attn."};
    make_weights();
    write_config();
    for (int i = 0; i < 4; i++) {
        struct kept kept = {.count = 0};
        keep_layer(&kept, prefixes[i], types[i]);
        /* Another layer's, and one that ends likewise, are not taken for it. */
        add(&kept, "model.layers.10.self_attn.kv_a_proj_with_mqa.weight",
            (struct tensor){TENSOR_F32, 1, {1}, &factor});
        add(&kept, "xlayers.0.self_attn.kv_a_proj_with_mqa.weight",
            (struct tensor){TENSOR_F32, 1, {1}, &factor});
        write_tensors("model.safetensors", &kept, 0, kept.count);
        expect_weights("0", types[i]);
        free(kept.memory);
    }
}

/* An index of the tensors, the last of which is in a second file. */
static void write_index(const struct kept *kept, const char *second)
{
    json_t *map = json_object();
    for (int i = 0; i < kept->count; i++)
        json_object_set_new(map, kept->names[i],
                            json_string(i < kept->count - 1 ? "first.safetensors" : second));
    json_t *root = json_pack("{s:{s:i}, s:o}", "metadata", "total_size", 1, "weight_map", map);
    char path[200];
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", folder);
    cr_assert(json_dump_file(root, path, 0) == 0);
    json_decref(root);
}

Test(checkpoint, an_index_says_which_file_has_what)
{
    struct kept kept = {.count = 0};
    make_weights();
    write_config();
    keep_layer(&kept, "model.layers.1.self_attn.", TENSOR_BF16);
    write_tensors("first.safetensors", &kept, 0, kept.count - 1);
    write_tensors("second.safetensors", &kept, kept.count - 1, 1);
    write_index(&kept, "second.safetensors");
    expect_weights("1", TENSOR_BF16);
    expect_refused("0", "does it have that layer");
    write_index(&kept, "third.safetensors");
    expect_refused("1", "third.safetensors: is missing");
    write_index(&kept, "first.safetensors");
    expect_refused("1", "has no tensor model.layers.1.self_attn.o_proj.weight");
    write_index(&kept, "../second.safetensors");
    expect_refused("1", "accepted: the name of a file in the same folder");
    write_file("model.safetensors.index.json", "{\"weight_map\": [1, 2]}");
    expect_refused("1", "weight_map");
    write_file("model.safetensors.index.json", "{\"weight_map\": {\"a\": 7}}");
    expect_refused("1", "the file of \"a\" is 7");
    free(kept.memory);
}

/* Of the named tensor in the list. */
static struct tensor *tensor_of(struct kept *kept, const char *end)
{
    for (int i = 0; i < kept->count; i++) {
        size_t length = strlen(kept->names[i]), tail = strlen(end);
        if (length >= tail && !strcmp(kept->names[i] + length - tail, end))
            return &kept->tensors[i].tensor;
    }
    cr_assert(false, "no %s", end);
    return NULL;
}

Test(checkpoint, what_is_not_understood_is_refused)
{
    struct kept kept = {.count = 0};
    make_weights();
    write_config();
    expect_refused("0", "model.safetensors: is missing");
    keep_layer(&kept, "model.layers.0.self_attn.", TENSOR_F8_E4M3);
    write_tensors("model.safetensors", &kept, 0, kept.count);
    expect_refused("2", "0 to 1");
    expect_refused("0.1", "accepted: a layer");
    expect_refused("first", "accepted: a layer");

    struct tensor *o = tensor_of(&kept, "o_proj.weight"), before = *o;
    o->shape[0] = 30;
    o->shape[1] = 48;
    write_tensors("model.safetensors", &kept, 0, kept.count);
    expect_refused("0", "o_proj.weight has shape [30, 48], accepted: [48, 30], as config.json");
    *o = before;
    struct tensor *scale = tensor_of(&kept, "o_proj.weight_scale_inv");
    scale->dims = 1;
    write_tensors("model.safetensors", &kept, 0, kept.count);
    expect_refused("0", "o_proj.weight_scale_inv has shape [1], accepted: [1, 1]");
    scale->dims = 2;
    write_tensors("model.safetensors", &kept, 0, kept.count - 1);
    expect_refused("0", "without model.layers.0.self_attn.o_proj.weight_scale_inv");

    add(&kept, "model.layers.0.self_attn.q_a_proj.bias",
        (struct tensor){TENSOR_F32, 1, {1}, &factor});
    write_tensors("model.safetensors", &kept, 0, kept.count);
    expect_refused("0", "projections without bias");
    kept.count--;
    add(&kept, "vision.layers.0.self_attn.kv_a_proj_with_mqa.weight",
        (struct tensor){TENSOR_F32, 1, {1}, &factor});
    write_tensors("model.safetensors", &kept, 0, kept.count);
    expect_refused("0", "several tensors end in layers.0.self_attn.kv_a_proj_with_mqa.weight");
    free(kept.memory);
}

/* --- through the program --- */

static void write_npy_rows(const char *name, const float *rows, int64_t count, int64_t width)
{
    const struct named_tensor tensor = {"x", {TENSOR_F32, 2, {count, width}, rows}};
    struct mla_error error = {""};
    cr_assert(safetensors_write(folder, name, &tensor, 1, NULL, &error) == 0);
}

Test(checkpoint, the_program_verifies_times_and_compares_a_layer)
{
    enum { TOKENS = 9 };
    struct kept kept = {.count = 0};
    static float x[TOKENS * 48], y[TOKENS * 48];
    static double exact_x[TOKENS * 48], exact_y[TOKENS * 48], rows[TOKENS * 32];
    make_weights();
    write_config();
    keep_layer(&kept, "model.layers.1.self_attn.", TENSOR_F32);
    write_tensors("model.safetensors", &kept, 0, kept.count);
    hidden_states(&model, 3, 0, TOKENS, x);
    for (int i = 0; i < TOKENS * 48; i++)
        exact_x[i] = x[i];
    struct ref_layer_dims dims;
    model_ref_layer_dims(&model, &dims);
    cr_assert(
        ref_layer(&dims, &weights.named, 0, TOKENS, exact_x, rows, exact_y, REF_EXPANDED, 1) == 0);
    for (int i = 0; i < TOKENS * 48; i++)
        y[i] = (float)exact_y[i];
    write_npy_rows("x.safetensors", x, TOKENS, 48);
    write_npy_rows("y.safetensors", y, TOKENS, 48);
    EXPECT(0,
           "verify -q --checkpoint @ --layer 1 --input @/x.safetensors --expect @/y.safetensors "
           "--kernel 'absorbed,blocked'",
           "y against what is expected, 9 tokens", "4 passed, 0 failed, 0 skipped");
    EXPECT(0,
           "run -q --checkpoint @ --layer 1 --cached 40 --new 2 --kernel absorbed --no-report "
           "--counters none --out @/run",
           "of FMA peak", "2 passed");
    json_t *result = load("run/result.json");
    const json_t *own = json_object_get(
        json_object_get(json_object_get(result, "context"), "mlabench"), "checkpoint");
    cr_assert(json_integer_value(json_object_get(own, "layer")) == 1);
    cr_assert(strcmp(json_string_value(json_object_get(own, "types")), "F32") == 0);
    json_decref(result);
    /* Half a percent off. */
    for (int i = 0; i < TOKENS * 48; i++)
        y[i] *= 1.005F;
    write_npy_rows("y.safetensors", y, TOKENS, 48);
    EXPECT(1,
           "verify -q --checkpoint @ --layer 1 --input @/x.safetensors --expect @/y.safetensors "
           "--kernel absorbed",
           "y differs from what is expected by 0.00498", "--checkpoint", "--layer 1 --input");
    EXPECT(0,
           "verify -q --checkpoint @ --layer 1 --input @/x.safetensors --expect @/y.safetensors "
           "--kernel absorbed --expect-limit 0.01",
           "2 passed");
    EXPECT(2, "verify --checkpoint @ --layer 1 --input @/x.safetensors --cached 20",
           "--input holds 9 tokens");
    EXPECT(2, "verify --checkpoint @ --layer 1 --model tiny", "exclude each other");
    EXPECT(2, "verify --input @/x.safetensors", "--input needs --checkpoint");
    EXPECT(2, "verify --checkpoint @", "--layer N");
    EXPECT(2, "verify --layer 1", "needs --checkpoint");
    write_npy_rows("narrow.safetensors", x, TOKENS, 47);
    EXPECT(2, "verify --checkpoint @ --layer 1 --input @/narrow.safetensors",
           "[9, 47], accepted: [tokens, 48]");
    free(kept.memory);
}
