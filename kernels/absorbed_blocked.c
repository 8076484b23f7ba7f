/* SPDX-License-Identifier: MIT
 *
 * The absorbed order over the cached latent, in tiles with an online softmax. */
#include "kernels/backward_tiled.h"
#include "kernels/call.h"
#include "kernels/row_cache.h"
#include "kernels/tiled.h"

TILED_VERBS(absorbed_form, loops_arithmetic, 64, MLA_LATENT)

const struct mla_kernel mla_absorbed_blocked = {
    KERNEL_IN_FP32,
    .name = "absorbed-blocked",
    .summary = "absorbed over the cached latent, in tiles with an online softmax",
    .order = MLA_ABSORBED,
    .invariances = MLA_ALL_INVARIANCES,
    .supports = supports_latent,
    .plan = plan,
    .store = row_cache_store,
    .load = row_cache_load,
    .attend = attend,
    .copy_page = row_cache_copy_page,
    .backward = tiled_backward,
    .backward_workspace = tiled_backward_workspace,
};
