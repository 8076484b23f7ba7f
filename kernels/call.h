/* SPDX-License-Identifier: MIT
 *
 * What all our kernels make of a call and of a plan. */
#ifndef MLABENCH_CALL_H
#define MLABENCH_CALL_H

#include "kernels/kernel.h"
#include "kernels/row_layout.h"

#ifdef __aarch64__
#define BASELINE_ISA "aarch64"
#else
#define BASELINE_ISA "x86-64"
#endif

/* The members of a kernel that all of ours share. */
#define KERNEL_IN_FP32_FOR(isa_) \
    .abi = MLA_ABI, .struct_size = sizeof(struct mla_kernel), .isa = isa_, .unit_roundoff = 0x1p-24
#define KERNEL_IN_FP32 KERNEL_IN_FP32_FOR(BASELINE_ISA)

#pragma GCC visibility push(hidden)

/* The verb `supports` of kernels that take latent rows, keys and values, or either. All of ours
 * take top-k lists and sinks. */
bool supports_latent(const struct mla_problem *problem, bool top_k, bool sinks, const char **why);
bool supports_kv(const struct mla_problem *problem, bool top_k, bool sinks, const char **why);
bool supports_both(const struct mla_problem *problem, bool top_k, bool sinks, const char **why);

/* How many keys the sequence's new token t attends. */
int64_t keys_attended(const struct mla_problem *problem, const struct mla_call *call,
                      const struct mla_seq *seq, int64_t t);

/* Whether the call keeps within what the problem announced: 0 or -EINVAL. A top-k list with more
 * keys than max_keys holds some twice and is refused. */
int check_call(const struct mla_problem *problem, const struct mla_call *call);

/* Parts of a workspace begin alike, at whole cache lines from its start, so that threads compute
 * alike. */
static inline int64_t whole_lines(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* The floats of one thread's part. */
static inline int64_t thread_floats(int64_t floats)
{
    return whole_lines(floats * (int64_t)sizeof(float)) / (int64_t)sizeof(float);
}

/* A plan for such rows and so many floats of workspace per thread: 0 or -EOVERFLOW. */
int plan_rows(const struct mla_problem *problem, enum mla_kind cached,
              const struct row_layout *layout, int64_t floats, struct mla_plan *plan);

#pragma GCC visibility pop

#endif
