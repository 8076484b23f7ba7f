/* SPDX-License-Identifier: MIT
 *
 * A .npy file where arrays of several types and shapes are wanted, and where any is. */
#include "harness/npy.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>

#define NAME "array.npy"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct npy_array wanted[] = {
        {NPY_FLOAT32, 2, {2, 3}},       {NPY_FLOAT32, 0, {0}},    {NPY_INT32, 1, {3}},
        {NPY_FLOAT64, 4, {1, 1, 2, 1}}, {NPY_FLOAT32, 2, {0, 5}},
    };
    const char *folder = target_folder(NAME, data, size);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct mla_error error = {""};
        /* As large as it must be and no larger, so that a byte too many shows. */
        void *elements = malloc(npy_bytes(&wanted[i]));
        target_explained(npy_read(folder, NAME, &wanted[i], elements, &error), &error);
        free(elements);
    }
    struct mla_error error = {""};
    struct tensor tensor;
    size_t begin;
    int code = npy_describe(target_path(), &tensor, &begin, &error);
    target_explained(code, &error);
    if (!code &&
        begin + (size_t)(tensor_elements(&tensor) * tensor_type_bytes[tensor.type]) != size)
        target_fail("an array that is not all of the file");
    return 0;
}
