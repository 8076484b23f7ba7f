/* SPDX-License-Identifier: MIT
 *
 * One stage of a layer, repeated in double from the fp32 inputs that it really got. The bounds are
 * those of layer_verify.h. */
#ifndef MLABENCH_LAYER_CHECK_H
#define MLABENCH_LAYER_CHECK_H

#include "harness/error.h"
#include "harness/layer_trace.h"

#include <stdint.h>

/* The output that is worst in units of the allowed error. */
struct stage_error {
    double ratio; /* error / allowed; infinite for NaN, or where nothing is allowed */
    double got, exact;
    int64_t token, element; /* of the token's part of the array */
    const char *array;      /* "o" or "lse" of attention, else "output"; static */
};

/* Returns 0 or MLA_MACHINE. */
int layer_check_stage(const struct layer_trace *trace, const struct layer_stage *stage, int threads,
                      struct stage_error *worst, struct mla_error *error);

#endif
