/* SPDX-License-Identifier: MIT
 *
 * The latent cached, keys and values expanded anew for each head, on the loops of kernels/simd, for
 * each instruction set. */
#include "kernels/row_cache.h"
#include "kernels/vector/expand.h"
#include "kernels/vector/kernels.h"

static int plan(const struct vector_variant *variant, const struct mla_problem *problem,
                struct mla_plan *out)
{
    int error = vector_plan(variant, problem, MLA_LATENT, out);
    out->prepared = expand_prepared_bytes(problem);
    return error;
}

#define SIMD_ISA(isa_)                                                                        \
    VECTOR_VERBS(isa_, vector_reexpanded, plan)                                               \
    const struct mla_kernel mla_flash_latent_##isa_ = {                                       \
        VECTOR_KERNEL(isa_, "flash-latent"),                                                  \
        .summary = "the latent cached, keys and values expanded anew, vectorised for " #isa_, \
        .order = MLA_REEXPANDED,                                                              \
        .supports = supports_latent,                                                          \
        .prepare = expand_prepare,                                                            \
        .store = row_cache_store,                                                             \
        .load = row_cache_load,                                                               \
        .copy_page = row_cache_copy_page,                                                     \
    };
#include "kernels/simd/isas.def"
#undef SIMD_ISA
