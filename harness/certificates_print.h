/* SPDX-License-Identifier: MIT
 *
 * The certificates of a run as a table. */
#ifndef MLABENCH_CERTIFICATES_PRINT_H
#define MLABENCH_CERTIFICATES_PRINT_H

#include <jansson.h>

/* A line per property, a column per kernel: the worst outcome of all cases. certificates [{kernel,
 * checks {NAME: {outcome}}}]. */
void certificates_print(const json_t *certificates);

#endif
