/* SPDX-License-Identifier: MIT
 *
 * One JSON value that says what several say: how contexts of results become one. */
#ifndef MLABENCH_JOIN_H
#define MLABENCH_JOIN_H

#include <jansson.h>

/* What values [count] of a key have in common; some, not all, may be NULL, that is absent. A new
 * reference, NULL only without memory.
 *   all equal    that value
 *   lists        one after the other; elements other than numbers, which are samples, once each
 *   objects      key by key; ceilings, that is objects with median, min, max and samples, become
 *                the median of the medians, the least, the most and the sum
 *   by the key   the earliest date and start, the latest end; hosts in alphabetical order; sums of
 *                verifications; complete if all are, interrupted if one is; the first command line,
 *                executable, frequency and load
 *   else         null: there is nothing in common */
json_t *join_values(const char *key, const json_t *const *values, int count);

#endif
