/* SPDX-License-Identifier: MIT
 *
 * A file that is being written. Errors are kept until the end: print into it and look once. */
#ifndef MLABENCH_OUT_FILE_H
#define MLABENCH_OUT_FILE_H

#include "harness/error.h"

#include <stddef.h>
#include <stdio.h>

struct out_file {
    FILE *file;
    char path[1400];
    char final[1400]; /* what it takes the place of once it is whole, or "" */
    int reason;       /* errno of the first out_write that failed, or 0 */
};

/* FOLDER/NAME; the folder exists. Returns 0, MLA_BAD_INPUT (path too long) or MLA_MACHINE. */
int out_open(struct out_file *out, const char *folder, const char *name, struct mla_error *error);

/* PATH, which stays as it is until out_close: before that what is written is PATH.part. Makes the
 * folders above it. Returns likewise. */
int out_replace(struct out_file *out, const char *path, struct mla_error *error);

/* Appends bytes. */
void out_write(struct out_file *out, const void *data, size_t size);

/* Gives up: the file is removed, and what was to be replaced is left alone. */
void out_discard(struct out_file *out);

/* Returns 0, or MLA_MACHINE if anything could not be written; the file is then removed. */
int out_close(struct out_file *out, struct mla_error *error);

#endif
