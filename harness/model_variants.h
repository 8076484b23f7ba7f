/* SPDX-License-Identifier: MIT
 *
 * Fields of a config.json that change attention in ways that are not implemented. */
#ifndef MLABENCH_MODEL_VARIANTS_H
#define MLABENCH_MODEL_VARIANTS_H

#include "harness/json_fields.h"

/* Refuses by name each such field unless its value leaves attention as it is. */
int model_refuse_variants(const struct fields *config);

#endif
