/* SPDX-License-Identifier: MIT
 *
 * JSON for people and for comparing byte by byte: numbers in the fewest digits that bring them
 * back, as Jansson's versions do not agree in, and lists of numbers on one line. */
#ifndef MLABENCH_JSON_TEXT_H
#define MLABENCH_JSON_TEXT_H

#include "harness/error.h"

#include <jansson.h>

/* Writes FOLDER/NAME, in place of what it was. Returns 0, MLA_BAD_INPUT (path too long) or
 * MLA_MACHINE. */
int json_text_write(const char *folder, const char *name, const json_t *value,
                    struct mla_error *error);

#endif
