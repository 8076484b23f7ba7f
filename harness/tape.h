/* SPDX-License-Identifier: MIT
 *
 * What a forward pass of training keeps for its backward pass: tensors by name, each in guarded
 * memory of its own, so that what is read beside them is a crash. What is not on the tape is gone
 * once the forward pass has returned. */
#ifndef MLABENCH_TAPE_H
#define MLABENCH_TAPE_H

#include "harness/error.h"
#include "harness/memory.h"

#include <stddef.h>
#include <stdint.h>

struct tape_tensor {
    const char *name; /* static */
    size_t payload;   /* bytes of its elements; the rest of its memory is alignment */
    struct buffer memory;
};

enum { TAPE_TENSORS = 16 };

/* Empty if zeroed. */
struct tape {
    int count;
    struct tape_tensor tensors[TAPE_TENSORS];
};

/* Memory for a tensor, `size` bytes of which `payload` are its own, holding TAPE_POISON; *data is
 * 64-byte aligned and valid until tape_release. At most TAPE_TENSORS of them. Returns 0 or
 * MLA_MACHINE. */
#define TAPE_POISON POISON_NAN
int tape_keep(struct tape *tape, const char *name, size_t payload, size_t size, void **data,
              struct mla_error *error);

/* The memory of a tensor, or NULL if none of that name is kept. */
void *tape_find(const struct tape *tape, const char *name);

/* Bytes of all tensors: of their elements; of memory; and of memory that has been written, in
 * 4-byte words that no longer hold TAPE_POISON. */
uint64_t tape_payload(const struct tape *tape);
uint64_t tape_allocated(const struct tape *tape);
uint64_t tape_written(const struct tape *tape);

/* Writing to a tensor is a crash from here on. */
void tape_seal(struct tape *tape);

void tape_release(struct tape *tape);

#endif
