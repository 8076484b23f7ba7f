/* SPDX-License-Identifier: MIT
 *
 * Flash attention (Dao et al. 2022) over cached keys and values, which a latent is expanded to. */
#include "kernels/backward_tiled.h"
#include "kernels/call.h"
#include "kernels/expand.h"
#include "kernels/tiled.h"

TILED_VERBS(expanded_form, loops_arithmetic, 64, MLA_KV)

const struct mla_kernel mla_blocked = {
    KERNEL_IN_FP32,
    .name = "blocked",
    .summary = "expanded keys and values cached, in tiles with an online softmax",
    .order = MLA_EXPANDED,
    .invariances = MLA_ALL_INVARIANCES,
    .supports = supports_both,
    .plan = plan,
    .store = expanded_store,
    .load = expanded_load,
    .attend = attend,
    .copy_page = expanded_copy_page,
    .backward = tiled_backward_kv,
    .backward_workspace = tiled_backward_workspace,
};
