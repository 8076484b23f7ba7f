/* SPDX-License-Identifier: MIT
 *
 * Arrays as files hold them: an element type, a shape, and the elements in row-major order,
 * little-endian. */
#ifndef MLABENCH_TENSOR_H
#define MLABENCH_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

/* As safetensors names them. */
enum tensor_type {
    TENSOR_F64,
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_F8_E4M3,
    TENSOR_I64,
    TENSOR_I32,
    TENSOR_TYPES,
};
extern const char *const tensor_type_names[TENSOR_TYPES];
extern const int tensor_type_bytes[TENSOR_TYPES];

#define TENSOR_DIMS_MAX 8

struct tensor {
    enum tensor_type type;
    int dims; /* 0: a single element */
    int64_t shape[TENSOR_DIMS_MAX];
    const void *data; /* borrowed; may be aligned to nothing */
};

/* The product of the shape; -1 if it is beyond INT64_MAX / 16. */
int64_t tensor_elements(const struct tensor *tensor);

/* Whether the elements are floating-point numbers. */
bool tensor_is_float(enum tensor_type type);

/* Elements [first, first + count) as fp32 or fp64: exact but where fp64 is rounded to fp32 (to
 * nearest). Of floating-point types only. */
void tensor_floats(const struct tensor *tensor, int64_t first, int64_t count, float *out);
void tensor_doubles(const struct tensor *tensor, int64_t first, int64_t count, double *out);

/* The shape for a message: "[2, 512]". Static storage: one at a time. */
const char *tensor_shape_text(const struct tensor *tensor);

#endif
