/* SPDX-License-Identifier: MIT
 *
 * A verdict as result.json has it. */
#ifndef MLABENCH_VERDICT_JSON_H
#define MLABENCH_VERDICT_JSON_H

#include "harness/verify.h"

#include <jansson.h>

/* error and kv_cache objects, passed, reason. A new reference. */
json_t *verdict_json(const struct verdict *verdict);

#endif
