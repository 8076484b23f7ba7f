/* SPDX-License-Identifier: MIT
 *
 * A model written out in full, so that it can be had again without its config.json: what was read
 * or derived there, in config.json's spelling where that has a name for it. Numbers come back bit
 * for bit. */
#ifndef MLABENCH_MODEL_JSON_H
#define MLABENCH_MODEL_JSON_H

#include "harness/json_fields.h"
#include "harness/model.h"

#include <jansson.h>

/* Decimal digits that bring a double back bit for bit: for JSON_REAL_PRECISION. */
#define MODEL_JSON_DIGITS 17

/* A new reference. */
json_t *model_json(const struct model *model);

/* From the object in `fields`. Everything must be there, and be dimensions that kernels can be
 * given; `layer`: and those that a whole layer needs. Else MLA_BAD_INPUT. */
int model_json_read(const struct fields *fields, bool layer, struct model *model);

#endif
