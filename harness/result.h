/* SPDX-License-Identifier: MIT
 *
 * result.json as it grows: Google Benchmark's schema with our keys beside it (results/README.md).
 * It is written whole to a temporary file that then takes the final name, so that whatever happens
 * the folder holds the last complete one. */
#ifndef MLABENCH_RESULT_H
#define MLABENCH_RESULT_H

#include "harness/error.h"

#include <jansson.h>

struct result {
    char path[1200];    /* FOLDER/result.json; "" when nothing is written */
    json_t *root;       /* owns the rest */
    json_t *context;    /* Google Benchmark's context */
    json_t *mlabench;   /* context.mlabench */
    json_t *benchmarks; /* one entry per repetition */
};

/* Makes the folder (NULL: keep the result in memory) and fills in what is known of machine, build
 * and command line. */
int result_create(struct result *result, const char *folder, int count, char **arguments,
                  struct mla_error *error);

/* Adds {name, reason} to context.mlabench.`list` ("skipped" or "failed"); `verdict` (borrowed, may
 * be NULL) gives a failure its error figures. */
void result_note(struct result *result, const char *list, const char *name, const char *reason,
                 const json_t *verdict);

/* Says that the run was still going on, or ended, now. */
void result_stamp(const struct result *result);

/* Writes the file. Returns 0 or MLA_MACHINE; then the file is as it was before. */
int result_write(const struct result *result, struct mla_error *error);

void result_destroy(struct result *result);

#endif
