/* SPDX-License-Identifier: MIT
 *
 * From random inputs to those of a special kind. */
#ifndef MLABENCH_INPUT_ARRANGE_H
#define MLABENCH_INPUT_ARRANGE_H

#include "harness/inputs.h"

/* Changes queries, rows and weights, which hold INPUT_RANDOM's numbers, into those of
 * inputs->kind. */
void inputs_arrange(struct inputs *inputs);

#endif
