/* SPDX-License-Identifier: MIT */
#include "harness/tensor.h"

#include "kernels/formats/bf16.h"
#include "kernels/formats/e4m3.h"
#include "kernels/formats/fp16.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const tensor_type_names[TENSOR_TYPES] = {"F64",     "F32", "F16", "BF16",
                                                     "F8_E4M3", "I64", "I32"};
const int tensor_type_bytes[TENSOR_TYPES] = {8, 4, 2, 2, 1, 8, 4};

int64_t tensor_elements(const struct tensor *tensor)
{
    const int64_t most = INT64_MAX / 16;
    int64_t elements = 1;
    /* An empty one is no overflow, whatever its other lengths. */
    for (int i = 0; i < tensor->dims; i++)
        if (tensor->shape[i] == 0)
            return 0;
    for (int i = 0; i < tensor->dims; i++) {
        if (tensor->shape[i] < 0 || tensor->shape[i] > most / elements)
            return -1;
        elements *= tensor->shape[i];
    }
    return elements;
}

bool tensor_is_float(enum tensor_type type)
{
    return type <= TENSOR_F8_E4M3;
}

/* Element i. */
static double element(const struct tensor *tensor, int64_t i)
{
    const char *at = (const char *)tensor->data + i * tensor_type_bytes[tensor->type];
    double f64;
    float f32;
    uint16_t half;
    switch (tensor->type) {
    case TENSOR_F64:
        memcpy(&f64, at, sizeof f64);
        return f64;
    case TENSOR_F32:
        memcpy(&f32, at, sizeof f32);
        return f32;
    case TENSOR_F16:
        memcpy(&half, at, sizeof half);
        return fp16_value(half);
    case TENSOR_BF16:
        memcpy(&half, at, sizeof half);
        bf16_decode(1, &half, &f32);
        return f32;
    case TENSOR_F8_E4M3:
        return e4m3_value((uint8_t)*at);
    default:
        return 0;
    }
}

void tensor_floats(const struct tensor *tensor, int64_t first, int64_t count, float *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (float)element(tensor, first + i);
}

void tensor_doubles(const struct tensor *tensor, int64_t first, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = element(tensor, first + i);
}

const char *tensor_shape_text(const struct tensor *tensor)
{
    static char text[32 * TENSOR_DIMS_MAX];
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < tensor->dims; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%" PRId64, i ? ", " : "[",
                                 tensor->shape[i]);
    snprintf(text + used, sizeof text - used, "%s", tensor->dims ? "]" : "[]");
    return text;
}
