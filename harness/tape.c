/* SPDX-License-Identifier: MIT */
#include "harness/tape.h"

#include <string.h>

int tape_keep(struct tape *tape, const char *name, size_t payload, size_t size, void **data,
              struct mla_error *error)
{
    *data = NULL;
    if (tape->count == TAPE_TENSORS)
        return mla_fail(error, MLA_MACHINE, "no room on the tape for %s", name);
    struct tape_tensor *tensor = &tape->tensors[tape->count];
    int code = buffer_create(&tensor->memory, BUFFER_ALIGNED, size, name, error);
    if (code)
        return code;
    buffer_poison(&tensor->memory, TAPE_POISON);
    tensor->name = name;
    tensor->payload = payload;
    tape->count++;
    *data = tensor->memory.data;
    return 0;
}

void *tape_find(const struct tape *tape, const char *name)
{
    for (int i = 0; i < tape->count; i++)
        if (!strcmp(tape->tensors[i].name, name))
            return tape->tensors[i].memory.data;
    return NULL;
}

uint64_t tape_payload(const struct tape *tape)
{
    uint64_t bytes = 0;
    for (int i = 0; i < tape->count; i++)
        bytes += tape->tensors[i].payload;
    return bytes;
}

uint64_t tape_allocated(const struct tape *tape)
{
    uint64_t bytes = 0;
    for (int i = 0; i < tape->count; i++)
        bytes += tape->tensors[i].memory.size;
    return bytes;
}

uint64_t tape_written(const struct tape *tape)
{
    uint64_t words = 0;
    for (int i = 0; i < tape->count; i++)
        words += buffer_changed(&tape->tensors[i].memory, TAPE_POISON);
    return sizeof(uint32_t) * words;
}

void tape_seal(struct tape *tape)
{
    for (int i = 0; i < tape->count; i++)
        buffer_read_only(&tape->tensors[i].memory);
}

void tape_release(struct tape *tape)
{
    for (int i = 0; i < tape->count; i++)
        buffer_destroy(&tape->tensors[i].memory);
    *tape = (struct tape){0};
}
