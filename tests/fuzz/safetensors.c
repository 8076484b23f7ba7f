/* SPDX-License-Identifier: MIT
 *
 * A .safetensors file: every tensor that it names, every element of those that are numbers. */
#include "harness/safetensors.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>

/* All at once, from memory as large as it must be and no larger, and the last one alone. */
static void read_elements(const struct tensor *tensor)
{
    int64_t count = tensor_elements(tensor);
    if (count < 0)
        target_fail("a tensor that was accepted has too many elements to count");
    if (count == 0 || !tensor_is_float(tensor->type))
        return;
    float *floats = malloc((size_t)count * sizeof *floats), last;
    double *doubles = malloc((size_t)count * sizeof *doubles);
    if (floats && doubles) {
        tensor_floats(tensor, 0, count, floats);
        tensor_doubles(tensor, 0, count, doubles);
        tensor_floats(tensor, count - 1, 1, &last);
    }
    free(floats);
    free(doubles);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mla_error error = {""};
    struct safetensors file;
    struct tensor tensor;
    const char *name;
    json_t *entry;
    target_folder("model.safetensors", data, size);
    int code = safetensors_open(target_path(), &file, &error);
    target_explained(code, &error);
    if (code)
        return 0;
    json_object_foreach(file.head, name, entry)
    {
        code = safetensors_find(&file, name, &tensor, &error);
        target_explained(code, &error);
        if (!code)
            read_elements(&tensor);
    }
    target_explained(safetensors_find(&file, "no such tensor", &tensor, &error), &error);
    safetensors_close(&file);
    return 0;
}
