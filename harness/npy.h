/* SPDX-License-Identifier: MIT
 *
 * Arrays in NumPy's .npy format, little-endian and in C order: what numpy.load reads and numpy.save
 * writes. The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#ifndef MLABENCH_NPY_H
#define MLABENCH_NPY_H

#include "harness/error.h"
#include "harness/out_file.h"
#include "harness/tensor.h"

#include <stddef.h>
#include <stdint.h>

enum npy_type { NPY_FLOAT32, NPY_FLOAT64, NPY_INT32 };

#define NPY_DIMS_MAX 4

struct npy_array {
    enum npy_type type;
    int dims;
    int64_t shape[NPY_DIMS_MAX];
};

/* Bytes of its elements. */
size_t npy_bytes(const struct npy_array *array);

/* Opens FOLDER/NAME and writes the header; the elements follow with out_write, then out_close. */
int npy_open(struct out_file *out, const char *folder, const char *name,
             const struct npy_array *array, struct mla_error *error);

/* Writes a whole file. Returns 0, MLA_BAD_INPUT (path too long) or MLA_MACHINE, then without the
 * file. */
int npy_write(const char *folder, const char *name, const struct npy_array *array, const void *data,
              struct mla_error *error);

/* Reads FOLDER/NAME into data, which has room for npy_bytes(wanted). The file may be anything: one
 * that is not of format version 1.0 or 2.0, of just that type and shape, and of just that size is
 * refused with MLA_BAD_INPUT, the message naming file, what was found and what is accepted; data
 * may then have changed. MLA_MACHINE: it cannot be opened or read. */
int npy_read(const char *folder, const char *name, const struct npy_array *wanted, void *data,
             struct mla_error *error);

/* Any array of floating-point numbers of up to NPY_DIMS_MAX dimensions, fp16, fp32, fp64 or bf16
 * (as ml_dtypes saves it, descr 'V2'): its type and shape, and at which byte of the file its
 * elements begin. The file's size is checked against them. Returns as npy_read does. */
int npy_describe(const char *path, struct tensor *tensor, size_t *begin, struct mla_error *error);

#endif
