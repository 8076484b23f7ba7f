/* SPDX-License-Identifier: MIT
 *
 * Multi-head attention over cached keys and values, and grouped- and multi-query attention, whose
 * heads share them. */
#include "kernels/backward_tiled.h"
#include "kernels/call.h"
#include "kernels/plain.h"
#include "kernels/row_cache.h"

const struct mla_kernel mla_mha = {
    KERNEL_IN_FP32,
    .name = "mha",
    .summary = "MHA, GQA and MQA over cached keys and values, obvious loops",
    .order = MLA_EXPANDED,
    .invariances = MLA_ALL_INVARIANCES,
    .supports = supports_kv,
    .plan = plain_expanded_plan,
    .store = row_cache_store,
    .load = row_cache_load,
    .attend = plain_expanded_attend,
    .copy_page = row_cache_copy_page,
    .backward = tiled_backward,
    .backward_workspace = tiled_backward_workspace,
};
