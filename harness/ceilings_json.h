/* SPDX-License-Identifier: MIT
 *
 * Ceilings as results hold them. New references. */
#ifndef MLABENCH_CEILINGS_JSON_H
#define MLABENCH_CEILINGS_JSON_H

#include "harness/bandwidth.h"

#include <jansson.h>

/* {median, min, max, samples} */
json_t *ceiling_json(const struct ceiling *ceiling);

/* The same and `bytes`, or {missing: reason}. */
json_t *bandwidth_json(const struct bandwidth *bandwidth);

#endif
