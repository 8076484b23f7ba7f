/* SPDX-License-Identifier: MIT
 *
 * The cases about a layer that is given: the whole layer, and the kernels on what it makes of its
 * hidden states. */
#ifndef MLABENCH_GIVEN_SUITE_H
#define MLABENCH_GIVEN_SUITE_H

#include "harness/error.h"
#include "harness/given.h"
#include "harness/suite.h"

/* As the options say, whose model is `config`, the checkpoint's config.json. Where they say no
 * lengths, the layer's are those of the expected outputs, or 32 tokens, the last 4 of them new, or
 * as many as are given, and the kernels' all that are given, or 4,096, the last one new. Refuses
 * more tokens than are given, and batches then. */
int given_suite(const char *folder, const char *config, const struct given *given,
                const struct case_options *options, int cpus, struct suite *suite,
                struct mla_error *error);

#endif
