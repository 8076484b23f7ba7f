/* SPDX-License-Identifier: MIT
 *
 * Small models and workloads by hand, and seeded inputs for them. Needs no test framework. */
#ifndef MLABENCH_TESTS_SHAPES_H
#define MLABENCH_TESTS_SHAPES_H

#include "harness/error.h"
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
    int64_t page_size;      /* 0: contiguous */
    int64_t kv_begin;       /* keys before it are left out */
    int64_t shared_prefix;  /* tokens that the sequences begin with in common, on the same pages */
    int32_t top_k;          /* sparse: so many positions listed per query */
    bool sinks;             /* one per head */
    enum mla_format format; /* of the cache */
    enum input_kind inputs;
};

/* DeepSeek-V3's attention, without slots. */
extern const struct mla_problem shape_v3;

/* Filled; to be destroyed with inputs_destroy. `extras`, here and below: or NULL. Returns 0 or
 * MLA_MACHINE. */
int shape_inputs(const struct shape *shape, const struct extras *extras, int threads,
                 struct inputs *inputs, struct mla_error *error);

/* As case_name, with the dimensions in place of the model. */
void shape_name(const struct shape *shape, const struct extras *extras, int threads,
                char name[CASE_NAME_MAX]);

#endif
