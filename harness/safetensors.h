/* SPDX-License-Identifier: MIT
 *
 * Files of named tensors in the safetensors format: 8 bytes of header length (little-endian), a
 * header in JSON, the tensors' bytes. The format:
 * https://huggingface.co/docs/safetensors, "Format". */
#ifndef MLABENCH_SAFETENSORS_H
#define MLABENCH_SAFETENSORS_H

#include "harness/error.h"
#include "harness/tensor.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* --- reading: the file may be anything --- */

struct safetensors {
    char *path;   /* malloc'ed, for messages */
    json_t *head; /* name -> {dtype, shape, data_offsets}; "__metadata__" is left out */
    const char *map;
    size_t size;
    const char *data; /* after the header */
    size_t data_size;
};

/* Maps a file and reads its header. Refused with MLA_BAD_INPUT, the message naming file, tensor,
 * what was found and what is accepted: a header that is not all there, longer than 100 MB, no JSON
 * object, or whose tensors have an unknown type, an absurd shape, or bytes that do not suit it, lie
 * outside the file or overlap; a file that ends before or after its last tensor. MLA_MACHINE: it
 * cannot be opened or mapped. safetensors_close is due only after success. */
int safetensors_open(const char *path, struct safetensors *file, struct mla_error *error);
void safetensors_close(struct safetensors *file);

/* The tensor of that name, its data in the map: nothing is read yet. MLA_BAD_INPUT if there is
 * none, with the nearest name, or if its type is none that enum tensor_type has. */
int safetensors_find(const struct safetensors *file, const char *name, struct tensor *tensor,
                     struct mla_error *error);

/* --- writing --- */

struct named_tensor {
    const char *name;
    struct tensor tensor;
};

/* Writes FOLDER/NAME, in place of what it was. The format forbids holes, so tensors of larger
 * elements come first, else in the order given: each then begins at a multiple of its element's
 * size in the file. `metadata`: pairs of texts for "__metadata__", NULL after the last, or NULL.
 * Returns 0, MLA_BAD_INPUT (path too long) or MLA_MACHINE, then with the file as it was. */
int safetensors_write(const char *folder, const char *name, const struct named_tensor *tensors,
                      int count, const char *const *metadata, struct mla_error *error);

#endif
