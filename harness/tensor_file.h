/* SPDX-License-Identifier: MIT
 *
 * One array of floating-point numbers from a file that a user names: FILE.npy, FILE.safetensors
 * that holds one tensor, or FILE.safetensors:TENSOR. */
#ifndef MLABENCH_TENSOR_FILE_H
#define MLABENCH_TENSOR_FILE_H

#include "harness/error.h"
#include "harness/mapped_file.h"
#include "harness/safetensors.h"
#include "harness/tensor.h"

struct tensor_file {
    struct tensor tensor; /* its data in one of the maps */
    struct mapped_file npy;
    struct safetensors safetensors;
};

/* Refuses what npy_describe and safetensors_open refuse, other names, and integers. Returns 0,
 * MLA_BAD_INPUT or MLA_MACHINE; tensor_file_close is due only after success. */
int tensor_file_open(const char *name, struct tensor_file *file, struct mla_error *error);
void tensor_file_close(struct tensor_file *file);

#endif
