/* SPDX-License-Identifier: MIT
 *
 * Keys split over workers: each attends to a part of every sequence's keys with the same queries,
 * and the parts' outputs are merged by their log-sum-exps. Here the workers take turns, each with
 * all threads: what is measured is all of their work, and the merging. */
#ifndef MLABENCH_SPLIT_H
#define MLABENCH_SPLIT_H

#include "harness/error.h"
#include "harness/memory.h"
#include "kernels/kernel.h"

#include <stdint.h>

enum { SPLIT_MOST = 64 };

struct split {
    int32_t parts;        /* at most SPLIT_MOST; 0: nothing is split */
    int32_t batch;        /* at most */
    struct mla_seq *seqs; /* [batch] of the part at hand */
    struct buffer o, lse; /* [parts][max_tokens][heads][v_head_dim], [parts][max_tokens][heads] */
};

/* Bytes that split_create will ask for. */
uint64_t split_bytes(int32_t parts, const struct mla_problem *problem);

/* parts 0: allocates nothing. Returns 0 or MLA_MACHINE; split_destroy is due in any case. */
int split_create(int32_t parts, const struct mla_problem *problem, enum buffer_kind memory,
                 struct split *split, struct mla_error *error);
void split_destroy(struct split *split);

/* One call of the kernel's attend, or if keys are split one for each part of [kv_begin, kv_end), as
 * even as they come, the sinks going with the first. Returns what the kernel does. */
int split_attend(const struct split *split, const struct mla_kernel *kernel,
                 const struct mla_problem *problem, const struct mla_memory *memory,
                 const struct mla_call *call);

/* One row of outputs from the parts' rows, `stride` values of o apart and `lse_stride` of lse, in
 * double:
 *   lse = ln sum_p exp(lse_p),  o = sum_p exp(lse_p - lse) o_p
 * With no key in any part o = 0 and lse = -inf. */
void split_merge(int32_t parts, int32_t width, const float *o_parts, int64_t stride,
                 const float *lse_parts, int64_t lse_stride, float *o, float *lse);

#endif
