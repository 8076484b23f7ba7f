/* SPDX-License-Identifier: MIT */
#include "harness/input_kind.h"

const char *const input_kind_names[INPUT_KINDS] = {
    [INPUT_RANDOM] = "random",
    [INPUT_UNIFORM] = "uniform",
    [INPUT_ONE_HOT] = "one-hot",
    [INPUT_TWO_WAY] = "two-way",
    [INPUT_HIGH_SCORES] = "high-scores",
    [INPUT_LOW_SCORES] = "low-scores",
    [INPUT_EQUAL_ROWS] = "equal-rows",
    [INPUT_MAX_FIRST] = "max-first",
    [INPUT_MAX_LAST] = "max-last",
    [INPUT_RISING] = "rising",
    [INPUT_CANCELLING] = "cancelling",
    [INPUT_DENORMALS] = "denormals",
    [INPUT_MAGNITUDES] = "magnitudes",
    [INPUT_ROPE_ONLY] = "rope-only",
    [INPUT_NOPE_ONLY] = "nope-only",
    [INPUT_IDENTIFY] = "identify",
    [INPUT_FAINT] = "faint",
};

const char *const input_kind_summaries[INPUT_KINDS] = {
    [INPUT_RANDOM] = "normal, scores with a standard deviation of 1 to 3",
    [INPUT_UNIFORM] = "near-uniform attention",
    [INPUT_ONE_HOT] = "one key takes it all: first, last, at a block's edge, anywhere",
    [INPUT_TWO_WAY] = "two keys share it",
    [INPUT_HIGH_SCORES] = "scores of +-1e4",
    [INPUT_LOW_SCORES] = "scores near -2.45e5",
    [INPUT_EQUAL_ROWS] = "every row of a sequence the same",
    [INPUT_MAX_FIRST] = "the maximum at the first key",
    [INPUT_MAX_LAST] = "the maximum at the last key, beyond what exp can hold",
    [INPUT_RISING] = "a maximum that rises key by key, beyond what exp can hold",
    [INPUT_CANCELLING] = "large values that cancel",
    [INPUT_DENORMALS] = "every other column denormal",
    [INPUT_MAGNITUDES] = "columns from 1e-12 to 1e12 in one row",
    [INPUT_ROPE_ONLY] = "only the RoPE part tells keys apart",
    [INPUT_NOPE_ONLY] = "only the other part does",
    [INPUT_IDENTIFY] = "values that say which key was attended",
    [INPUT_FAINT] = "faint weights on values so large that they count",
};

bool input_kind_arranged(enum input_kind kind)
{
    /* Of a query aligned with its key, all products of the score are positive. */
    return kind == INPUT_ONE_HOT || kind == INPUT_TWO_WAY || kind == INPUT_UNIFORM ||
           kind == INPUT_LOW_SCORES || kind == INPUT_EQUAL_ROWS || kind == INPUT_RISING ||
           kind == INPUT_CANCELLING || kind == INPUT_DENORMALS || kind == INPUT_IDENTIFY;
}
