/* SPDX-License-Identifier: MIT
 *
 * Inputs of a small shape for Criterion's tests. */
#ifndef MLABENCH_TESTS_SMALL_INPUTS_H
#define MLABENCH_TESTS_SMALL_INPUTS_H

#include "tests/shapes.h"

/* Filled; to be destroyed with inputs_destroy. A failure to make them fails the test. */
struct inputs inputs_of(const struct shape *shape, int threads);
struct inputs inputs_with(const struct shape *shape, const struct extras *extras, int threads);

#endif
