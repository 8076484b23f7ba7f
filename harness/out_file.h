/* SPDX-License-Identifier: MIT
 *
 * A file that is being written. Errors are kept until the end: print into it and look once. */
#ifndef MLABENCH_OUT_FILE_H
#define MLABENCH_OUT_FILE_H

#include "harness/error.h"

#include <stdio.h>

struct out_file {
    FILE *file;
    char path[1400];
};

/* FOLDER/NAME; the folder exists. Returns 0, MLA_BAD_INPUT (path too long) or MLA_MACHINE. */
int out_open(struct out_file *out, const char *folder, const char *name, struct mla_error *error);

/* Returns 0, or MLA_MACHINE if anything could not be written; the file is then removed. */
int out_close(struct out_file *out, struct mla_error *error);

#endif
