/* SPDX-License-Identifier: MIT
 *
 * A file in memory, of which only what is looked at is read. It must not shrink meanwhile. */
#ifndef MLABENCH_MAPPED_FILE_H
#define MLABENCH_MAPPED_FILE_H

#include "harness/error.h"

#include <stddef.h>

struct mapped_file {
    const char *data; /* NULL if it is empty */
    size_t size;
};

/* Returns 0, MLA_BAD_INPUT (none, or no regular file) or MLA_MACHINE (it cannot be opened or
 * mapped), the message naming the path. */
int mapped_file_open(const char *path, struct mapped_file *file, struct mla_error *error);
void mapped_file_close(struct mapped_file *file);

/* Bytes of the map that have been used and need no longer be in memory: whole pages of them. */
void mapped_file_forget(const void *data, size_t size);

#endif
