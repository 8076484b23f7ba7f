/* SPDX-License-Identifier: MIT
 *
 * Seeded inputs of a small model by hand, for tests that give them to kernels. */
#ifndef MLABENCH_TESTS_SMALL_INPUTS_H
#define MLABENCH_TESTS_SMALL_INPUTS_H

#include "harness/inputs.h"
#include "kernels/kernel.h"

#include <stdbool.h>
#include <stdint.h>

struct shape {
    enum mla_kind kind;
    enum mla_mask mask;
    int32_t heads, heads_kv, nope, rope, v, rank;
    int64_t cached, new_tokens;
    int32_t batch;
    bool ragged;
};

/* What is not ordinary. */
struct extras {
    int64_t page_size; /* 0: contiguous */
    int64_t kv_begin;  /* keys before it are left out */
    int32_t top_k;     /* sparse: so many positions listed per query */
    bool sinks;
};

/* Filled; to be destroyed with inputs_destroy. A failure to make them fails the test. */
struct inputs inputs_of(const struct shape *shape, int threads);
struct inputs inputs_with(const struct shape *shape, const struct extras *extras, int threads);

#endif
