/* SPDX-License-Identifier: MIT
 *
 * One pass of a layer in training, forward or backward: where its arrays are, and running its
 * stages. Internal to train_*.c. */
#ifndef MLABENCH_TRAIN_PASS_H
#define MLABENCH_TRAIN_PASS_H

#include "harness/train_layer.h"

#include <stddef.h>

/* Where the arrays of a pass are: on the tape, in its scratch memory or with the caller. NULL: not
 * there, which is what a derivative must not read. */
struct train_pass {
    const struct train_layer *layer;
    void *at[TRAIN_ARRAYS];
    struct buffer scratch, workspace;
};

/* Bytes of an array, padding of the cache included, and of its elements alone. */
size_t train_array_bytes(const struct train_layer *layer, enum train_array array);
size_t train_array_payload(const struct train_layer *layer, enum train_array array);

/* Scratch memory, all NaN, for the `wanted` arrays, and the kernel's workspace for `attend`. */
int train_pass_begin(const struct train_layer *layer, const bool wanted[TRAIN_ARRAYS],
                     struct train_pass *pass, struct mla_error *error);
void train_pass_end(struct train_pass *pass);

/* Runs one stage forward. */
int train_stage_run(const struct train_pass *pass, const struct train_stage *stage,
                    struct mla_error *error);

/* The layer's one sequence. */
struct mla_seq train_sequence(const struct train_layer *layer);

/* 0, or MLA_FAILED with what the kernel's verb returned. */
int train_status(const struct train_layer *layer, const char *verb, int status,
                 struct mla_error *error);

#endif
