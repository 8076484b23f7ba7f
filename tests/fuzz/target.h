/* SPDX-License-Identifier: MIT
 *
 * A fuzz target: what reads one kind of file, given bytes that may be anything. Each is a program
 * of its own, TARGET.c with this interface, target.c, and a main: libFuzzer's (make fuzz) or
 * seeds.c (make fuzz-seeds). They run in the top folder of the sources. */
#ifndef MLABENCH_TESTS_FUZZ_TARGET_H
#define MLABENCH_TESTS_FUZZ_TARGET_H

#include "harness/error.h"

#include <stddef.h>
#include <stdint.h>

/* Reads them. Does not return if something is wrong: a sanitizer ends it, or target_explained.
 * Returns 0. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- for the targets --- */

/* A temporary folder in $TMPDIR or /tmp, removed at exit, where `name` now holds just these bytes,
 * without touching a disk. Every call gives the same folder and must give the same name. */
const char *target_folder(const char *name, const uint8_t *data, size_t size);

/* The path of that file. */
const char *target_path(void);

/* Ends the program unless code is 0 or comes with a message for the user: one line of text that
 * names the file at hand and, of bad input, says what is accepted. */
void target_explained(int code, const struct mla_error *error);

/* Ends the program, saying why. */
__attribute__((format(printf, 1, 2), noreturn)) void target_fail(const char *format, ...);

#endif
