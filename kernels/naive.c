/* SPDX-License-Identifier: MIT
 *
 * MLA without its point: the latent is expanded to keys and values per head, which are cached. */
#include "kernels/call.h"
#include "kernels/expand.h"
#include "kernels/plain.h"

const struct mla_kernel mla_naive = {
    KERNEL_IN_FP32,
    .name = "naive",
    .summary = "MLA with expanded keys and values cached, obvious loops",
    .order = MLA_EXPANDED,
    .invariances = MLA_ALL_INVARIANCES,
    .supports = supports_latent,
    .plan = plain_expanded_plan,
    .store = expanded_store,
    .load = expanded_load,
    .attend = plain_expanded_attend,
    .copy_page = expanded_copy_page,
};
