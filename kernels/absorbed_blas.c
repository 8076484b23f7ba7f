/* SPDX-License-Identifier: MIT
 *
 * As `absorbed-blocked`, the products left to CBLAS: the baseline of the vector kernels. Its bits
 * depend on the sizes of the products, which depend on all that is in a call. */
#include "kernels/call.h"
#include "kernels/row_cache.h"
#include "kernels/tiled.h"

TILED_VERBS(absorbed_form, blas_arithmetic, 128, MLA_LATENT)

const struct mla_kernel mla_absorbed_blas = {
    KERNEL_IN_FP32,
    .name = "absorbed-blas",
    .summary = "as absorbed-blocked, its products through CBLAS",
    .order = MLA_ABSORBED,
    .invariances = MLA_SAME_WHEN_REPEATED | MLA_SAME_FOR_CHUNKS,
    .supports = supports_latent,
    .plan = plan,
    .store = row_cache_store,
    .load = row_cache_load,
    .attend = attend,
    .copy_page = row_cache_copy_page,
};
