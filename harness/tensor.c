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

enum { PIECE = 256 };

/* Up to PIECE elements, which lie anywhere in memory. */
static void piece_of_floats(enum tensor_type type, const char *at, int64_t count, float *out)
{
    _Alignas(8) char aligned[PIECE * sizeof(double)];
    const void *piece = aligned;
    memcpy(aligned, at, (size_t)(count * tensor_type_bytes[type]));
    switch (type) {
    case TENSOR_F64:
        for (int64_t i = 0; i < count; i++)
            out[i] = (float)((const double *)piece)[i];
        break;
    case TENSOR_F32:
        memcpy(out, piece, (size_t)count * sizeof *out);
        break;
    case TENSOR_F16:
        fp16_decode(count, piece, out);
        break;
    case TENSOR_BF16:
        bf16_decode(count, piece, out);
        break;
    default:
        break;
    }
}

/* By a table: there are few codes, and many weights. */
static void fp8_floats(const uint8_t *codes, int64_t count, float *out)
{
    float values[256];
    for (int code = 0; code < 256; code++)
        values[code] = e4m3_value((uint8_t)code);
    for (int64_t i = 0; i < count; i++)
        out[i] = values[codes[i]];
}

void tensor_floats(const struct tensor *tensor, int64_t first, int64_t count, float *out)
{
    const char *at = (const char *)tensor->data + first * tensor_type_bytes[tensor->type];
    if (tensor->type == TENSOR_F8_E4M3) {
        fp8_floats((const uint8_t *)at, count, out);
        return;
    }
    for (int64_t done = 0; done < count; done += PIECE) {
        int64_t some = count - done < PIECE ? count - done : PIECE;
        piece_of_floats(tensor->type, at + done * tensor_type_bytes[tensor->type], some,
                        out + done);
    }
}

void tensor_doubles(const struct tensor *tensor, int64_t first, int64_t count, double *out)
{
    float piece[PIECE] = {0};
    const char *at = (const char *)tensor->data + first * (int64_t)sizeof *out;
    if (tensor->type == TENSOR_F64) {
        memcpy(out, at, (size_t)count * sizeof *out);
        return;
    }
    for (int64_t done = 0; done < count; done += PIECE) {
        int64_t some = count - done < PIECE ? count - done : PIECE;
        tensor_floats(tensor, first + done, some, piece);
        for (int64_t i = 0; i < some; i++)
            out[done + i] = piece[i];
    }
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
