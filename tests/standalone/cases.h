/* SPDX-License-Identifier: MIT
 *
 * The cases of the standalone verifier: few and small enough for an emulator, and yet across every
 * edge of a tile in every dimension. */
#ifndef MLABENCH_STANDALONE_CASES_H
#define MLABENCH_STANDALONE_CASES_H

#include "tests/shapes.h"

int case_count(void);
void case_at(int number, struct shape *shape, struct extras *extras);

#endif
