/* SPDX-License-Identifier: MIT
 *
 * Where the program's own files are. */
#ifndef MLABENCH_PATHS_H
#define MLABENCH_PATHS_H

#include "harness/error.h"

#include <stdbool.h>
#include <stddef.h>

#define PATH_LENGTH 1024

struct paths {
    char configs[PATH_LENGTH]; /* models/ and suites/ */
    char plots[PATH_LENGTH];   /* gnuplot scripts */
    char results[PATH_LENGTH]; /* where runs land unless told otherwise */
};

/* $MLABENCH_DATA if set; else the checkout whose build folder holds the executable (its own results
 * folder then); else PREFIX/share/mlabench beside PREFIX/bin (results: ./results). */
int paths_find(struct paths *paths, struct mla_error *error);

/* The folder of a run that begins now: RESULTS/DATE-SUITE, with -1of8 for the shard "1/8". */
void paths_new_run(const struct paths *paths, const char *suite, const char *shard, char *folder,
                   size_t size);

/* The path of a file in the folder of the running program; false if it cannot be had. */
bool path_beside_program(char path[PATH_LENGTH], const char *name);

/* Makes a folder and those above it. */
int make_folder(const char *path, struct mla_error *error);

#endif
