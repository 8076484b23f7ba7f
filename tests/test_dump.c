/* SPDX-License-Identifier: MIT
 *
 * Conformance sets: the files are what their formats say, the vectors are what the reference's
 * whole layer computes, cases tell apart what they are there for, and the same command writes the
 * same everywhere, up to libm's last bits. */
#include "harness/conformance_cases.h"
#include "harness/problem.h"
#include "harness/safetensors.h"
#include "harness/tensor_list.h"

#include "tests/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(dump, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

/* --- files --- */

/* A file of the temporary folder, whole; its size. */
static char *contents(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s is not there", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size + 1);
    cr_assert(bytes && fread(bytes, 1, *size, file) == *size);
    fclose(file);
    bytes[*size] = 0;
    return bytes;
}

static char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A safetensors file taken apart: its header, and where its data begin. A new reference. */
static json_t *take_apart(const char *bytes, size_t size, size_t *data)
{
    size_t length = 0;
    json_error_t error;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | (unsigned char)bytes[i];
    cr_assert(size >= 8 && length <= size - 8 && bytes[8] == '{');
    cr_assert(length % 8 == 0, "data begin at byte %zu", 8 + length);
    json_t *header = json_loadb(bytes + 8, length, JSON_REJECT_DUPLICATES, &error);
    cr_assert(header != NULL, "%s", error.text);
    *data = 8 + length;
    return header;
}

Test(dump, safetensors_are_back_to_back_and_aligned)
{
    static const double f64[] = {1, -2, 3};
    static const float f32[] = {0.5F};
    static const int64_t i64[] = {-7, 8};
    static const uint16_t bf16[] = {1, 2, 3, 4, 5};
    static const struct named_tensor tensors[] = {
        {"odd", {TENSOR_BF16, 1, {5}, bf16}},   {"one \"quoted\"", {TENSOR_F32, 0, {0}, f32}},
        {"none", {TENSOR_F32, 2, {0, 9}, f32}}, {"doubles", {TENSOR_F64, 2, {3, 1}, f64}},
        {"longs", {TENSOR_I64, 1, {2}, i64}},
    };
    static const struct {
        const char *name, *type;
        int begin, end;
        const void *data;
    } expected[] = {
        {"doubles", "F64", 0, 24, f64},         {"longs", "I64", 24, 40, i64},
        {"one \"quoted\"", "F32", 40, 44, f32}, {"none", "F32", 44, 44, f32},
        {"odd", "BF16", 44, 54, bf16},
    };
    static const char *const metadata[] = {"format", "pt", "of", "a test", NULL};
    struct mla_error error = {""};
    int code = safetensors_write(folder, "a.safetensors", tensors, 5, metadata, &error);
    cr_assert(code == 0, "%s", error.message);
    size_t size, data;
    char *bytes = contents(in_folder("a.safetensors"), &size);
    json_t *header = take_apart(bytes, size, &data);
    cr_assert(size == data + 54, "%zu bytes of data", size - data);
    cr_assert(json_object_size(header) == 6);
    const char *format, *of;
    cr_assert(json_unpack(header, "{s:{s:s, s:s}}", "__metadata__", "format", &format, "of", &of) ==
              0);
    cr_assert(strcmp(format, "pt") == 0 && strcmp(of, "a test") == 0);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *type;
        int begin, end;
        cr_assert(json_unpack(header, "{s:{s:s, s:[i, i]}}", expected[i].name, "dtype", &type,
                              "data_offsets", &begin, &end) == 0);
        cr_assert(strcmp(type, expected[i].type) == 0, "%s", expected[i].name);
        cr_assert(begin == expected[i].begin && end == expected[i].end, "%s: %d to %d",
                  expected[i].name, begin, end);
        cr_assert(memcmp(bytes + data + begin, expected[i].data, (size_t)(end - begin)) == 0);
    }
    json_decref(header);
    free(bytes);
}

Test(dump, safetensors_that_cannot_be_written_leave_nothing)
{
    static const float f32[] = {0.5F};
    static const struct named_tensor tensor = {"t", {TENSOR_F32, 1, {1}, f32}};
    struct mla_error error = {""};
    mkdir(in_folder("taken"), 0755);
    cr_assert(safetensors_write(folder, "taken", &tensor, 1, NULL, &error) == MLA_MACHINE);
    cr_assert(strstr(error.message, "/taken: it is a folder"), "%s", error.message);
    cr_assert(access(in_folder("taken.part"), F_OK) != 0);
    char name[2000];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    cr_assert(safetensors_write(folder, name, &tensor, 1, NULL, &error) == MLA_BAD_INPUT);
}

/* --- what is computed --- */

static struct conformance_model made(const char *model)
{
    struct conformance_model m;
    struct mla_error error = {""};
    char path[256];
    snprintf(path, sizeof path, "configs/models/%s.json", model);
    int code = conformance_model_create(path, folder, false, 1, 1, &m, &error);
    cr_assert(code == 0, "%s: %s", model, error.message);
    return m;
}

static void compute(const struct conformance_model *m, struct tensor_list *list)
{
    struct mla_error error = {""};
    for (int i = 0; i < CONFORMANCE_CASES; i++) {
        int code = conformance_compute(m, &conformance_cases[i], 1, 2, list, &error);
        cr_assert(code == 0, "%s", error.message);
    }
}

static const struct tensor *part(const struct tensor_list *list, const char *of_case,
                                 const char *name)
{
    const struct tensor *tensor = tensor_list_find(list, of_case, name);
    cr_assert(tensor != NULL, "there is no %s.%s", of_case, name);
    return tensor;
}

static const char *const mla_models[] = {
    "deepseek-v2-lite", "deepseek-v2", "deepseek-v3", "kimi-k2", "moonlight", "longcat-flash",
    "glm-4.7-flash",    "glm-5",       "minicpm3",    "tiny",    "tiny-16",
};
enum { MLA_MODELS = sizeof mla_models / sizeof mla_models[0] };

/* A case's y and rows by ref_layer. `tolerance` 0: bit for bit. */
static void compare_with_layer(const struct conformance_model *m, const struct tensor_list *list,
                               const struct conformance_case *c, enum ref_order order,
                               double tolerance)
{
    struct ref_layer_dims dims;
    model_ref_layer_dims(&m->model, &dims);
    int64_t width = ref_layer_row_width(&dims), hidden = dims.hidden_size, first = 0, query = 0;
    const struct tensor *x = part(list, c->name, "x"), *rows = part(list, c->name, "rows");
    for (int s = 0; s < c->sequences; s++) {
        int64_t cached = c->sequence[s].cached, tokens = c->sequence[s].new_tokens;
        double x64[8 * 64], own[8 * 600], y[8 * 64];
        cr_assert((cached + tokens) * width <= 8 * 600 && tokens * hidden <= 8 * 64);
        tensor_doubles(x, (first + cached) * hidden, tokens * hidden, x64);
        tensor_doubles(rows, first * width, cached * width, own);
        cr_assert(ref_layer(&dims, &m->weights.named, cached, tokens, x64, own, y, order, 1) == 0);
        const double *want_y = (const double *)part(list, c->name, "y")->data + query * hidden;
        const double *want_rows = (const double *)rows->data + first * width;
        for (int64_t i = 0; i < tokens * hidden; i++)
            cr_assert(fabs(y[i] - want_y[i]) <= tolerance, "%s %s: y is off by %g", m->model.name,
                      c->name, y[i] - want_y[i]);
        for (int64_t i = 0; i < (cached + tokens) * width; i++)
            cr_assert(own[i] == want_rows[i], "%s %s: another row", m->model.name, c->name);
        first += cached + tokens;
        query += tokens;
    }
}

Test(dump, vectors_are_those_of_the_whole_layer)
{
    for (int i = 0; i < MLA_MODELS; i++) {
        struct conformance_model m = made(mla_models[i]);
        struct tensor_list list = {0};
        compute(&m, &list);
        for (int j = 0; j < CONFORMANCE_CASES; j++) {
            const struct conformance_case *c = &conformance_cases[j];
            if (c->kind != CONFORMANCE_LAYER || c->sequence[0].far)
                continue;
            compare_with_layer(&m, &list, c, REF_EXPANDED, 0);
            compare_with_layer(&m, &list, c, REF_ABSORBED, 1e-13);
        }
        tensor_list_free(&list);
        conformance_model_destroy(&m);
    }
}

/* How much of the largest magnitude a tensor changes by. */
static double change(const struct tensor_list *a, const struct tensor_list *b, const char *of_case,
                     const char *name)
{
    const struct tensor *x = part(a, of_case, name), *y = part(b, of_case, name);
    double largest = 0, difference = 0;
    for (int64_t i = 0; i < tensor_elements(x); i++) {
        largest = fmax(largest, fabs(((const double *)x->data)[i]));
        difference =
            fmax(difference, fabs(((const double *)x->data)[i] - ((const double *)y->data)[i]));
    }
    return difference / largest;
}

static void no_yarn(struct model *model)
{
    model->rope.factor = 0;
}

static void no_scale_of_yarn(struct model *model)
{
    model->softmax_scale =
        1 / sqrt((double)model->qk_nope_head_dim + (double)model->qk_rope_head_dim);
}

static void scale_of_latent(struct model *model)
{
    model->softmax_scale *= sqrt(((double)model->qk_nope_head_dim + model->qk_rope_head_dim) /
                                 ((double)model->kv_lora_rank + model->qk_rope_head_dim));
}

static void larger_eps(struct model *model)
{
    model->norm_eps = 1e-5;
}

static void other_pairs(struct model *model)
{
    model->rope.interleaved = !model->rope.interleaved;
}

static void no_gain_of_q(struct model *model)
{
    model->q_lora_gain = 1;
}

static void no_gain_of_kv(struct model *model)
{
    model->kv_lora_gain = 1;
}

static void other_theta(struct model *model)
{
    model->rope.theta *= 1.001;
}

static const struct mistake {
    const char *model, *of_case, *part;
    void (*make)(struct model *);
    double least; /* change of the part */
} mistakes[] = {
    {"deepseek-v3", "far", "q", no_yarn, 0.1},
    {"deepseek-v3", "prefill", "lse", no_scale_of_yarn, 0.01},
    {"kimi-k2", "far", "rows", no_yarn, 0.1},
    {"deepseek-v2-lite", "decode", "o", no_scale_of_yarn, 0.01},
    {"moonlight", "prefill", "lse", scale_of_latent, 0.01},
    {"moonlight", "norm-eps", "rows", larger_eps, 0.1},
    {"glm-5", "norm-eps", "q", larger_eps, 0.1},
    {"glm-4.7-flash", "decode", "q", other_pairs, 0.1},
    {"minicpm3", "chunked", "rows", other_pairs, 0.1},
    {"longcat-flash", "prefill", "q", no_gain_of_q, 0.1},
    {"longcat-flash", "prefill", "rows", no_gain_of_kv, 0.1},
    {"glm-5", "far", "rows", other_theta, 0.1},
};

Test(dump, mistakes_show)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const struct mistake *mistake = &mistakes[i];
        struct conformance_model m = made(mistake->model);
        struct tensor_list right = {0}, wrong = {0};
        compute(&m, &right);
        mistake->make(&m.model);
        compute(&m, &wrong);
        double found = change(&right, &wrong, mistake->of_case, mistake->part);
        cr_assert(found > mistake->least, "%s %s.%s (%zu): a change of %g", mistake->model,
                  mistake->of_case, mistake->part, i, found);
        tensor_list_free(&right);
        tensor_list_free(&wrong);
        conformance_model_destroy(&m);
    }
}

Test(dump, no_key_and_merged_parts)
{
    struct conformance_model m = made("minicpm3");
    struct tensor_list list = {0};
    compute(&m, &list);
    const double *o = part(&list, "empty", "o")->data, *lse = part(&list, "empty", "lse")->data;
    for (int64_t h = 0; h < 2; h++)
        cr_assert(lse[h] == -INFINITY);
    for (int64_t i = 0; i < 2 * 64; i++)
        cr_assert(o[i] == 0);
    const double *parts = part(&list, "split", "o_parts")->data;
    const double *lse_parts = part(&list, "split", "lse_parts")->data;
    o = part(&list, "split", "o")->data;
    lse = part(&list, "split", "lse")->data;
    for (int64_t i = 0; i < 2 * 64; i++) {
        int64_t h = i / 64;
        double merged = exp(lse_parts[h] - lse[h]) * parts[i] +
                        exp(lse_parts[2 + h] - lse[h]) * parts[2 * 64 + i];
        cr_assert(fabs(merged - o[i]) < 1e-14);
    }
    tensor_list_free(&list);
    conformance_model_destroy(&m);
}

/* --- sets --- */

static void same_bytes(const char *a, const char *b)
{
    size_t a_size, b_size;
    char *a_bytes = contents(a, &a_size), *b_bytes = contents(b, &b_size);
    cr_assert(a_size == b_size && memcmp(a_bytes, b_bytes, a_size) == 0, "%s and %s differ", a, b);
    free(a_bytes);
    free(b_bytes);
}

/* Vectors of two sets: the same tensors, numbers apart by no more than what libm's last bits, which
 * differ between CPUs and versions, make of them. */
static void same_vectors(const char *a, const char *b)
{
    struct safetensors one, other;
    struct mla_error error;
    const char *name;
    json_t *entry;
    cr_assert(safetensors_open(a, &one, &error) == 0, "%s", error.message);
    cr_assert(safetensors_open(b, &other, &error) == 0, "%s", error.message);
    cr_assert(json_equal(one.head, other.head));
    json_object_foreach(one.head, name, entry)
    {
        struct tensor x, y;
        cr_assert(safetensors_find(&one, name, &x, &error) == 0);
        cr_assert(safetensors_find(&other, name, &y, &error) == 0);
        int64_t count = tensor_elements(&x), bytes = count * tensor_type_bytes[x.type];
        if (x.type != TENSOR_F64) {
            cr_assert(memcmp(x.data, y.data, (size_t)bytes) == 0, "%s", name);
            continue;
        }
        double *values = malloc(2 * (size_t)bytes + 1), largest = 0;
        tensor_doubles(&x, 0, count, values);
        tensor_doubles(&y, 0, count, values + count);
        for (int64_t i = 0; i < count; i++)
            if (isfinite(values[i]))
                largest = fmax(largest, fabs(values[i]));
        for (int64_t i = 0; i < count; i++)
            cr_assert(values[i] == values[count + i] ||
                          fabs(values[i] - values[count + i]) <= 1e-13 * largest,
                      "%s[%ld]: %.17g and %.17g", name, (long)i, values[i], values[count + i]);
        free(values);
    }
    safetensors_close(&one);
    safetensors_close(&other);
}

static const char *const set_files[] = {"config.json", "model.safetensors", "vectors.safetensors",
                                        "manifest.json"};

static void compare_sets(const char *a, const char *b, bool to_the_bit)
{
    for (int f = 0; f < 4; f++) {
        char one[256], other[256];
        snprintf(one, sizeof one, "%s/%s", a, set_files[f]);
        snprintf(other, sizeof other, "%s/%s", b, set_files[f]);
        if (to_the_bit || f < 2)
            same_bytes(one, other);
        else if (f == 2)
            same_vectors(one, other);
    }
}

/* By any number of threads to the bit, and up to libm's last bits what is committed. */
Test(dump, the_committed_set_is_what_the_program_writes)
{
    char one[200], other[200];
    snprintf(one, sizeof one, "%s/1/minicpm3", folder);
    snprintf(other, sizeof other, "%s/3/minicpm3", folder);
    setenv("OMP_NUM_THREADS", "1", 1);
    EXPECT(0, "dump --model minicpm3 --out @/1", "minicpm3: 10 cases in ");
    setenv("OMP_NUM_THREADS", "3", 1);
    EXPECT(0, "dump --model minicpm3 --out @/3", "minicpm3: 10 cases in ");
    unsetenv("OMP_NUM_THREADS");
    compare_sets(one, other, true);
    compare_sets(one, "results/conformance/minicpm3", false);
}

/* The manifest's tensors are those of the file, with meanings. */
static void check_tensors(const json_t *manifest, json_t *header)
{
    size_t i, found = 0;
    json_t *one, *shape;
    const char *name;
    json_array_foreach(json_object_get(manifest, "cases"), i, one)
    {
        cr_assert(strlen(json_string_value(json_object_get(one, "catches"))) > 10);
        json_object_foreach(json_object_get(one, "tensors"), name, shape)
        {
            char full[96];
            snprintf(full, sizeof full, "%s.%s", json_string_value(json_object_get(one, "name")),
                     name);
            const json_t *entry = json_object_get(header, full);
            cr_assert(entry && json_equal(shape, json_object_get(entry, "shape")), "%s", full);
            cr_assert(json_is_string(json_object_get(json_object_get(manifest, "tensors"), name)),
                      "%s has no meaning", name);
            found++;
        }
    }
    cr_assert(found == json_object_size(header));
}

Test(dump, the_set_of_a_model)
{
    cr_assert(mlabench("dump --quiet --model longcat-flash --out @ --seed 7") == 0, "%s", output);
    cr_assert(output[0] == 0, "--quiet says: %s", output);
    struct model model;
    struct mla_error error = {""};
    cr_assert(model_read(in_folder("longcat-flash/config.json"), &model, &error) == 0, "%s",
              error.message);
    cr_assert(strcmp(model.name, "longcat-flash") == 0 && model.hidden_size == 64);
    cr_assert(model.num_hidden_layers == 1 && model.num_attention_heads == 2);
    cr_assert(model.kv_lora_rank == 512 && model.q_lora_rank == 48 && model.v_head_dim == 128);
    json_t *manifest = load("longcat-flash/manifest.json");
    int version, seed, from, to;
    double scale;
    cr_assert(json_unpack(manifest, "{s:i, s:i, s:{s:{s:i, s:i}}, s:{s:F}}", "schema_version",
                          &version, "seed", &seed, "cut", "num_attention_heads", "from", &from,
                          "to", &to, "values", "softmax_scale", &scale) == 0);
    cr_assert(version == 1 && seed == 7 && from == 64 && to == 2);
    cr_assert(scale == model.softmax_scale);
    size_t size, data;
    char *bytes = contents(in_folder("longcat-flash/vectors.safetensors"), &size);
    json_t *header = take_apart(bytes, size, &data);
    check_tensors(manifest, header);
    json_decref(header);
    free(bytes);
    bytes = contents(in_folder("longcat-flash/model.safetensors"), &size);
    header = take_apart(bytes, size, &data);
    const json_t *kv_b = json_object_get(header, "model.layers.0.self_attn.0.kv_b_proj.weight");
    const char *type;
    int rows, columns;
    cr_assert(json_unpack((json_t *)kv_b, "{s:s, s:[i, i]}", "dtype", &type, "shape", &rows,
                          &columns) == 0);
    cr_assert(strcmp(type, "BF16") == 0 && rows == 512 && columns == 512);
    json_decref(header);
    json_decref(manifest);
    free(bytes);
}

Test(dump, committed_sets_are_below_a_million_bytes)
{
    for (int i = 0; i < MLA_MODELS; i++) {
        size_t total = 0;
        for (int f = 0; strncmp(mla_models[i], "tiny", 4) != 0 && f < 4; f++) {
            char path[128];
            struct stat status;
            snprintf(path, sizeof path, "results/conformance/%s/%s", mla_models[i], set_files[f]);
            cr_assert(stat(path, &status) == 0, "%s is not there", path);
            total += (size_t)status.st_size;
        }
        cr_assert(total < 1000000, "%s: %zu bytes", mla_models[i], total);
    }
}

Test(dump, all_models_or_a_file_in_full)
{
    EXPECT(0, "dump --model all --out @/all", "tiny: 10 cases", "glm-5: 10 cases");
    cr_assert(access(in_folder("all/article-784"), F_OK) != 0, "the article's form is no MLA");
    write_file("mine.json", "{\"hidden_size\": 24, \"num_hidden_layers\": 3, "
                            "\"num_attention_heads\": 3, \"q_lora_rank\": null, "
                            "\"kv_lora_rank\": 16, \"qk_nope_head_dim\": 8, "
                            "\"qk_rope_head_dim\": 4, \"v_head_dim\": 6, "
                            "\"max_position_embeddings\": 100, \"rope_theta\": 1e4}");
    EXPECT(0, "dump --model @/mine.json --full --out @", "mine: 10 cases");
    json_t *config = load("mine/config.json"), *manifest = load("mine/manifest.json");
    cr_assert(json_integer_value(json_object_get(config, "num_hidden_layers")) == 3);
    cr_assert(json_object_size(json_object_get(manifest, "cut")) == 0);
    cr_assert(strncmp(json_string_value(json_object_get(manifest, "weights")), "F32", 3) == 0);
    json_decref(config);
    json_decref(manifest);
}

Test(dump, errors_say_what_to_do)
{
    EXPECT(2, "dump --out @", "--model is missing, accepted: names in");
    EXPECT(2, "dump --model tiny", "--out is missing, accepted: a folder");
    EXPECT(2, "dump --model tinny --out @", "tinny", "tiny");
    EXPECT(2, "dump --model tiny, --out @", "empty element");
    EXPECT(2, "dump --model article-784 --out @", "article-784.json", "accepted: MLA");
    EXPECT(2, "dump --model deepseek-v3-mha --out @", "deepseek-v3-mha");
    EXPECT(2, "dump --model tiny --cached 4 --out @", "knows no option --cached");
    EXPECT(2, "dump --model @/none.json --out @", "none.json");
    write_file("short.json", "{\"hidden_size\": 24, \"num_hidden_layers\": 3, "
                             "\"num_attention_heads\": 3, \"q_lora_rank\": null, "
                             "\"kv_lora_rank\": 16, \"qk_nope_head_dim\": 8, "
                             "\"qk_rope_head_dim\": 4, \"v_head_dim\": 6, "
                             "\"max_position_embeddings\": 3, \"rope_theta\": 1e4}");
    EXPECT(2, "dump --model @/short.json --out @", "max_position_embeddings is 3, accepted: 5");
    write_file("file", "");
    EXPECT(4, "dump --model tiny --out @/file", "cannot make the folder", "/file/tiny");
}

/* A set that could not be written again is not taken for the one that was there. */
Test(dump, a_set_that_failed_has_no_manifest)
{
    EXPECT(0, "dump --model tiny --out @", "tiny: 10 cases");
    cr_assert(unlink(in_folder("tiny/vectors.safetensors")) == 0);
    cr_assert(mkdir(in_folder("tiny/vectors.safetensors"), 0755) == 0);
    EXPECT(4, "dump --model tiny --out @", "vectors.safetensors: it is a folder");
    cr_assert(access(in_folder("tiny/manifest.json"), F_OK) != 0);
    cr_assert(access(in_folder("tiny/vectors.safetensors.part"), F_OK) != 0);
}
