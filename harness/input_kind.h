/* SPDX-License-Identifier: MIT
 *
 * Kinds of inputs: the ordinary random ones, and those that bring out what these hide. */
#ifndef MLABENCH_INPUT_KIND_H
#define MLABENCH_INPUT_KIND_H

#include <stdbool.h>

enum input_kind {
    INPUT_RANDOM,      /* normal, scores with a standard deviation of 1 to 3 */
    INPUT_UNIFORM,     /* scores within a few thousandths: every key weighs nearly the same */
    INPUT_ONE_HOT,     /* each query and head aligned with one key; first, last, block edges, any */
    INPUT_TWO_WAY,     /* with two keys at once */
    INPUT_HIGH_SCORES, /* a standard deviation of 1e4 */
    INPUT_LOW_SCORES,  /* all of them near -2.45e5, as seen in production */
    INPUT_EQUAL_ROWS,  /* every row of a sequence the same */
    INPUT_MAX_FIRST,   /* the first key weighs about as much as the rest together */
    INPUT_MAX_LAST,    /* the last key scores 200 more: if the maximum misses it, exp overflows */
    INPUT_RISING,      /* each key's score is 1 above the one before: a stale maximum overflows */
    INPUT_CANCELLING,  /* values 1e4 times larger than what remains of their sums */
    INPUT_DENORMALS,   /* every other column 1e-40 */
    INPUT_MAGNITUDES,  /* columns from 1e-12 to 1e12 side by side */
    INPUT_ROPE_ONLY,   /* the scores depend on the RoPE part alone */
    INPUT_NOPE_ONLY,   /* on the other part alone */
    INPUT_IDENTIFY,    /* values that say which key and which head they are, weights close together:
                          a key left out, taken twice or swapped shows whatever its weight */
    INPUT_FAINT,       /* the first key scores 30 more than all others, whose values are 1e12 times
                          larger: what a weight that looks negligible is worth */
    INPUT_KINDS,
};

extern const char *const input_kind_names[INPUT_KINDS];     /* e.g. "one-hot" */
extern const char *const input_kind_summaries[INPUT_KINDS]; /* for `mlabench list inputs` */

/* Whether the signs and sizes of the terms are arranged, so that roundings need not be independent
 * of each other: the proved bound applies, not the probable one (verify.h). */
bool input_kind_arranged(enum input_kind kind);

#endif
