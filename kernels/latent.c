/* SPDX-License-Identifier: MIT
 *
 * The article's order, K_i = Z Wk_i and V_i = Z Wv_i: the latent is cached, and expanded for each
 * head whenever it is attended. Large tiles, because each expands all its keys. */
#include "kernels/backward_tiled.h"
#include "kernels/call.h"
#include "kernels/row_cache.h"
#include "kernels/tiled.h"

TILED_VERBS(reexpanded_form, loops_arithmetic, TILE_ROWS_MAX, MLA_LATENT)

const struct mla_kernel mla_latent = {
    KERNEL_IN_FP32,
    .name = "latent",
    .summary = "the latent cached, keys and values expanded anew for each head",
    .order = MLA_REEXPANDED,
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
