/* SPDX-License-Identifier: MIT
 *
 * The cases about a layer that is given: the whole layer, and the kernels on what it makes of its
 * hidden states. */
#ifndef MLABENCH_GIVEN_SUITE_H
#define MLABENCH_GIVEN_SUITE_H

#include "harness/error.h"
#include "harness/given.h"
#include "harness/suite.h"

/* As the options say, of the checkpoint's model. Where they say no lengths, or longer ones than 256
 * tokens or several, the layer's are those of the expected outputs, at most 256, or 32 tokens, the
 * last 4 of them new, or as many as are given. Where they say none the kernels' are all that are
 * given, or 4,096 and a new one. Refuses more tokens than are given, and batches then. */
int given_suite(const char *folder, const struct given *given, const struct case_options *options,
                int cpus, struct suite *suite, struct mla_error *error);

#endif
