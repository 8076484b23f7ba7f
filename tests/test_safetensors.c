/* SPDX-License-Identifier: MIT
 *
 * safetensors files and single arrays: what is written is read back, whatever the type, and files
 * that are wrong in any way are refused with what is wrong. */
#include "harness/safetensors.h"
#include "harness/tensor_file.h"
#include "tests/cli.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

TestSuite(safetensors, .init = make_temporary, .fini = remove_temporary, .timeout = 60);

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A file with that header and `size` bytes of data. */
static void write_raw(const char *header, uint64_t length, size_t size)
{
    FILE *file = fopen(path_of("raw.safetensors"), "wb");
    cr_assert(file != NULL);
    fwrite(&length, 1, sizeof length, file);
    fputs(header, file);
    for (size_t i = 0; i < size; i++)
        fputc((int)(i & 0x3f), file);
    cr_assert(fclose(file) == 0);
}

static void expect_refused(const char *header, size_t size, const char *says)
{
    struct safetensors file;
    struct mla_error error = {""};
    write_raw(header, strlen(header), size);
    cr_assert(safetensors_open(path_of("raw.safetensors"), &file, &error) == MLA_BAD_INPUT,
              "'%s' is accepted", header);
    cr_assert(strstr(error.message, says), "'%s' does not say '%s'", error.message, says);
    cr_assert(strstr(error.message, "raw.safetensors"), "%s", error.message);
}

Test(safetensors, what_is_written_is_read_back)
{
    static const double f64[2] = {1.0 / 3, -INFINITY};
    static const float f32[3] = {1.5F, 0x1p-149F, -3e38F};
    static const uint16_t f16[2] = {0x3c01, 0xfbff}, bf16[2] = {0x3f81, 0xff80};
    static const uint8_t f8[3] = {0x01, 0x7e, 0xc0};
    static const int64_t i64[1] = {-5};
    const struct named_tensor tensors[] = {
        {"a.f8", {TENSOR_F8_E4M3, 1, {3}, f8}},   {"f32", {TENSOR_F32, 2, {3, 1}, f32}},
        {"f64", {TENSOR_F64, 1, {2}, f64}},       {"f16", {TENSOR_F16, 1, {2}, f16}},
        {"bf16", {TENSOR_BF16, 2, {1, 2}, bf16}}, {"i64", {TENSOR_I64, 0, {0}, i64}},
        {"none", {TENSOR_F32, 2, {0, 7}, f32}},
    };
    static const char *const metadata[] = {"made by", "a test", NULL};
    struct safetensors file;
    struct tensor t;
    struct mla_error error = {""};
    cr_assert(safetensors_write(folder, "t.safetensors", tensors, 7, metadata, &error) == 0, "%s",
              error.message);
    cr_assert(safetensors_open(path_of("t.safetensors"), &file, &error) == 0, "%s", error.message);
    double d[3];
    float f[3];
    cr_assert(safetensors_find(&file, "f64", &t, &error) == 0);
    tensor_doubles(&t, 0, 2, d);
    cr_assert(memcmp(d, f64, sizeof f64) == 0 && t.dims == 1 && t.shape[0] == 2);
    tensor_floats(&t, 0, 1, f);
    cr_assert(f[0] == (float)(1.0 / 3));
    cr_assert(safetensors_find(&file, "f32", &t, &error) == 0);
    tensor_floats(&t, 0, 3, f);
    cr_assert(memcmp(f, f32, sizeof f32) == 0 && t.dims == 2 && t.shape[1] == 1);
    tensor_doubles(&t, 1, 2, d);
    cr_assert(d[0] == 0x1p-149 && d[1] == f32[2]);
    cr_assert(safetensors_find(&file, "f16", &t, &error) == 0);
    tensor_floats(&t, 0, 2, f);
    cr_assert(f[0] == 1 + 0x1p-10F && f[1] == -65504);
    cr_assert(safetensors_find(&file, "bf16", &t, &error) == 0);
    tensor_floats(&t, 0, 2, f);
    cr_assert(f[0] == 1 + 0x1p-7F && f[1] == -INFINITY);
    cr_assert(safetensors_find(&file, "a.f8", &t, &error) == 0);
    tensor_floats(&t, 0, 3, f);
    cr_assert(f[0] == 0x1p-9F && f[1] == 448 && f[2] == -2);
    cr_assert(safetensors_find(&file, "i64", &t, &error) == 0 && t.dims == 0);
    cr_assert(tensor_elements(&t) == 1 && !tensor_is_float(t.type));
    cr_assert(safetensors_find(&file, "none", &t, &error) == 0 && tensor_elements(&t) == 0);
    cr_assert(safetensors_find(&file, "f46", &t, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "f46") && strstr(error.message, "did you mean f"), "%s",
              error.message);
    cr_assert(safetensors_find(&file, "__metadata__", &t, &error) == MLA_BAD_INPUT);
    safetensors_close(&file);
}

Test(safetensors, wrong_headers_are_refused)
{
    static const struct {
        const char *header;
        size_t size;
        const char *says;
    } wrong[] = {
        {"{\"a\": ", 0, "accepted: a JSON object"},
        {"[1]", 0, "accepted: a JSON object"},
        {"{\"a\": 3}", 0, "accepted: an object"},
        {"{\"a\": {}}", 0, "dtype"},
        {"{\"a\": {\"dtype\": \"F32\"}}", 0, "shape is nothing"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}}", 4, "shape"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1.5], \"data_offsets\": [0, 4]}}", 4, "shape"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1,1,1,1,1,1,1,1,1], \"data_offsets\": [0, 4]}}",
         4, "up to 8"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296], \"data_offsets\": [0, "
         "4]}}",
         4, "2^59"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0]}}", 4, "data_offsets"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 0]}}", 4,
         "data_offsets"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [-4, 0]}}", 4,
         "data_offsets"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}", 4, "truncated"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, "
         "9223372036854775807]}}",
         8, "truncated"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 4]}}", 4,
         "has 4 bytes, accepted: the 8 of [2] in F32"},
        {"{\"a\": {\"dtype\": \"BOOL\", \"shape\": [2], \"data_offsets\": [0, 4]}}", 4,
         "has 4 bytes, accepted: the 2"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}", 5,
         "1 bytes after its last tensor"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [1, 5]}}", 5,
         "begins at byte 1"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, "
         "\"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [2, 6]}}",
         6, "tensor b: begins at byte 2 of the data, accepted: 4, where a ends"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, "
         "\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}",
         4, "duplicate"},
        {"{\"a\\u001b[31m\": {\"dtype\": 7}}", 0, "tensor a?[31m"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect_refused(wrong[i].header, wrong[i].size, wrong[i].says);
}

Test(safetensors, headers_that_are_not_all_there_are_refused)
{
    struct safetensors file;
    struct mla_error error = {""};
    static const uint64_t lengths[] = {3, 100000001, UINT64_MAX, INT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        write_raw("{}", lengths[i], 0);
        cr_assert(safetensors_open(path_of("raw.safetensors"), &file, &error) == MLA_BAD_INPUT);
        cr_assert(strstr(error.message, "wholly downloaded"), "%s", error.message);
    }
    write_file("empty.safetensors", "");
    cr_assert(safetensors_open(path_of("empty.safetensors"), &file, &error) == MLA_BAD_INPUT);
    cr_assert(safetensors_open(path_of("none.safetensors"), &file, &error) == MLA_BAD_INPUT);
    cr_assert(safetensors_open(folder, &file, &error) == MLA_BAD_INPUT);
}

/* Deeper than anybody means, and far too many brackets for a stack. */
Test(safetensors, deep_nesting_is_refused)
{
    static char header[200001];
    memset(header, '[', sizeof header - 1);
    expect_refused(header, 0, "accepted: a JSON object");
}

Test(safetensors, unknown_types_are_no_obstacle_to_others)
{
    struct safetensors file;
    struct tensor t;
    struct mla_error error = {""};
    const char *header =
        "{\"a\": {\"dtype\": \"F6_E3M2\", \"shape\": [4], \"data_offsets\": [0, 3]},"
        "\"b\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [3, 5]},"
        "\"c\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [5, 9]}}";
    write_raw(header, strlen(header), 9);
    cr_assert(safetensors_open(path_of("raw.safetensors"), &file, &error) == 0, "%s",
              error.message);
    cr_assert(safetensors_find(&file, "a", &t, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "F6_E3M2") && strstr(error.message, "BF16"), "%s",
              error.message);
    cr_assert(safetensors_find(&file, "b", &t, &error) == MLA_BAD_INPUT);
    float value; /* aligned to nothing */
    const unsigned char bytes[4] = {5, 6, 7, 8};
    cr_assert(safetensors_find(&file, "c", &t, &error) == 0);
    tensor_floats(&t, 0, 1, &value);
    cr_assert(memcmp(&value, bytes, 4) == 0);
    safetensors_close(&file);
}

/* A file of 5 GiB that takes no room: the second tensor lies beyond 32 bits. */
Test(safetensors, files_beyond_4_gib_are_read)
{
    const long long gib = 1 << 30;
    char header[256];
    uint64_t length = (uint64_t)snprintf(
        header, sizeof header,
        "{\"big\": {\"dtype\": \"F32\", \"shape\": [5, 268435456], \"data_offsets\": [0, %lld]}, "
        "\"end\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [%lld, %lld]}}",
        5 * gib, 5 * gib, 5 * gib + 8);
    static const float numbers[2] = {3.25F, -7};
    FILE *out = fopen(path_of("sparse.safetensors"), "wb");
    cr_assert(out && fwrite(&length, 1, sizeof length, out) == sizeof length);
    cr_assert(fputs(header, out) >= 0);
    cr_assert(fseeko(out, (off_t)(8 + (int64_t)length + 5 * gib), SEEK_SET) == 0);
    cr_assert(fwrite(numbers, 1, sizeof numbers, out) == sizeof numbers && fclose(out) == 0);
    struct safetensors file;
    struct tensor t;
    struct mla_error error = {""};
    cr_assert(safetensors_open(path_of("sparse.safetensors"), &file, &error) == 0, "%s",
              error.message);
    float got[2];
    cr_assert(safetensors_find(&file, "end", &t, &error) == 0);
    tensor_floats(&t, 0, 2, got);
    cr_assert(memcmp(got, numbers, sizeof numbers) == 0);
    cr_assert(safetensors_find(&file, "big", &t, &error) == 0);
    cr_assert(tensor_elements(&t) == 5 * gib / 4);
    tensor_floats(&t, 5 * gib / 4 - 1, 1, got);
    cr_assert(got[0] == 0);
    safetensors_close(&file);
    cr_assert(truncate(path_of("sparse.safetensors"), (off_t)(5 * gib)) == 0);
    cr_assert(safetensors_open(path_of("sparse.safetensors"), &file, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "tensor big: ends at byte 5368709120"), "%s", error.message);
}

/* --- single arrays --- */

static void write_npy(const char *name, const char *descr, const char *shape, size_t bytes)
{
    char header[128];
    int length = snprintf(header, sizeof header,
                          "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape);
    FILE *file = fopen(path_of(name), "wb");
    cr_assert(file != NULL);
    fwrite("\x93NUMPY\x01\x00", 1, 8, file);
    fputc(length & 0xff, file);
    fputc(length >> 8, file);
    fputs(header, file);
    for (size_t i = 0; i < bytes; i++)
        fputc(i % 2 ? 0x3c : 0, file); /* in fp16 1, in bf16 2^-7 */
    cr_assert(fclose(file) == 0);
}

Test(safetensors, arrays_of_any_float_type_are_read)
{
    static const struct {
        const char *descr, *shape;
        size_t bytes;
        enum tensor_type type;
        int dims;
        double first;
    } arrays[] = {{"<f2", "(2, 3)", 12, TENSOR_F16, 2, 1},
                  {"|V2", "(6,)", 12, TENSOR_BF16, 1, 0x1p-7},
                  {"<V2", "(1, 2, 3)", 12, TENSOR_BF16, 3, 0x1p-7},
                  {"<f4", "(3, 1)", 12, TENSOR_F32, 2, 0x1.007800p-7},
                  {"<f8", "()", 8, TENSOR_F64, 0, 0}};
    struct tensor_file file;
    struct mla_error error = {""};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        write_npy("a.npy", arrays[i].descr, arrays[i].shape, arrays[i].bytes);
        cr_assert(tensor_file_open(path_of("a.npy"), &file, &error) == 0, "%s", error.message);
        cr_assert(file.tensor.type == arrays[i].type && file.tensor.dims == arrays[i].dims);
        double first;
        tensor_doubles(&file.tensor, 0, 1, &first);
        cr_assert(arrays[i].first == 0 || first == arrays[i].first, "%s: %a", arrays[i].descr,
                  first);
        tensor_file_close(&file);
    }
}

Test(safetensors, arrays_that_are_wrong_are_refused)
{
    static const struct {
        const char *descr, *shape;
        size_t bytes;
        const char *says;
    } wrong[] = {{"<i4", "(3,)", 12, "descr"},
                 {">f4", "(3,)", 12, "big-endian"},
                 {"<f4", "(4,)", 12, "12 bytes of elements, accepted: the 16"},
                 {"<f4", "(2,)", 12, "12 bytes of elements, accepted: the 8"},
                 {"<f4", "(4294967296, 4294967296)", 12, "2^59"}};
    struct tensor_file file;
    struct mla_error error = {""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_npy("a.npy", wrong[i].descr, wrong[i].shape, wrong[i].bytes);
        cr_assert(tensor_file_open(path_of("a.npy"), &file, &error) == MLA_BAD_INPUT);
        cr_assert(strstr(error.message, wrong[i].says), "%s", error.message);
    }
}

Test(safetensors, one_array_of_a_file_is_chosen_by_name)
{
    static const float numbers[2] = {1, 2};
    static const int32_t whole[1] = {3};
    const struct named_tensor tensors[] = {{"x", {TENSOR_F32, 1, {2}, numbers}},
                                           {"n", {TENSOR_I32, 1, {1}, whole}}};
    struct tensor_file file;
    struct mla_error error = {""};
    char name[300];
    cr_assert(safetensors_write(folder, "two.safetensors", tensors, 2, NULL, &error) == 0);
    cr_assert(safetensors_write(folder, "one.safetensors", tensors, 1, NULL, &error) == 0);
    cr_assert(tensor_file_open(path_of("one.safetensors"), &file, &error) == 0);
    tensor_file_close(&file);
    snprintf(name, sizeof name, "%s:x", path_of("two.safetensors"));
    cr_assert(tensor_file_open(name, &file, &error) == 0, "%s", error.message);
    cr_assert(file.tensor.shape[0] == 2);
    tensor_file_close(&file);
    cr_assert(tensor_file_open(path_of("two.safetensors"), &file, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "FILE.safetensors:TENSOR"), "%s", error.message);
    snprintf(name, sizeof name, "%s:n", path_of("two.safetensors"));
    cr_assert(tensor_file_open(name, &file, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "floating-point"), "%s", error.message);
    cr_assert(tensor_file_open("numbers.txt", &file, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "FILE.npy"), "%s", error.message);
}
