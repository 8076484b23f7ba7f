/* SPDX-License-Identifier: MIT
 *
 * Named tensors that own their memory. */
#ifndef MLABENCH_TENSOR_LIST_H
#define MLABENCH_TENSOR_LIST_H

#include "harness/safetensors.h"
#include "harness/tensor.h"

#include <stdbool.h>

struct tensor_list {
    struct named_tensor *items;
    int count;
    bool failed; /* there was no memory for one: tensor_list_add returned NULL */
};

/* Adds a tensor of that type and shape, named "CASE.PART", zeroed; its elements. */
void *tensor_list_add(struct tensor_list *list, const char *of_case, const char *part,
                      struct tensor shape);

/* The tensor of that name; NULL if there is none. */
const struct tensor *tensor_list_find(const struct tensor_list *list, const char *of_case,
                                      const char *part);

void tensor_list_free(struct tensor_list *list);

#endif
