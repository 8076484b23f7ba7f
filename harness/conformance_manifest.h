/* SPDX-License-Identifier: MIT
 *
 * What a conformance set is, for its readers: conventions, formulas, cases and their tensors. */
#ifndef MLABENCH_CONFORMANCE_MANIFEST_H
#define MLABENCH_CONFORMANCE_MANIFEST_H

#include "harness/conformance_model.h"
#include "harness/tensor_list.h"

#include <jansson.h>
#include <stdint.h>

/* A new reference, NULL without memory. */
json_t *conformance_manifest(const struct conformance_model *m, uint64_t seed,
                             const struct tensor_list *vectors);

#endif
