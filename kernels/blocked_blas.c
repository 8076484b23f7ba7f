/* SPDX-License-Identifier: MIT
 *
 * As `blocked`, the products left to CBLAS. Its bits depend on the sizes of the products, which
 * depend on all that is in a call. */
#include "kernels/call.h"
#include "kernels/expand.h"
#include "kernels/tiled.h"

TILED_VERBS(expanded_form, blas_arithmetic, 64, MLA_KV)

static int store(const struct mla_problem *problem, const struct mla_memory *memory,
                 const struct mla_seq *seq, int64_t position, int64_t count, const float *rows,
                 int32_t threads)
{
    return expand_store(&blas_arithmetic, problem, memory, seq, position, count, rows, threads);
}

const struct mla_kernel mla_blocked_blas = {
    KERNEL_IN_FP32,
    .name = "blocked-blas",
    .summary = "as blocked, its products through CBLAS",
    .order = MLA_EXPANDED,
    .invariances = MLA_SAME_WHEN_REPEATED,
    .supports = supports_both,
    .plan = plan,
    .store = store,
    .load = expanded_load,
    .attend = attend,
    .copy_page = expanded_copy_page,
};
