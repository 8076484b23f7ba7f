/* SPDX-License-Identifier: MIT
 *
 * The absorbed order on the loops of kernels/simd, for each instruction set. */
#include "kernels/row_cache.h"
#include "kernels/vector/kernels.h"

static int plan(const struct vector_variant *variant, const struct mla_problem *problem,
                struct mla_plan *out)
{
    return vector_plan(variant, problem, MLA_LATENT, out);
}

#define SIMD_ISA(isa_)                                                       \
    VECTOR_VERBS(isa_, vector_absorbed, plan)                                \
    const struct mla_kernel mla_absorbed_##isa_ = {                          \
        VECTOR_KERNEL(isa_, "absorbed"),                                     \
        .summary = "absorbed over the cached latent, vectorised for " #isa_, \
        .order = MLA_ABSORBED,                                               \
        .supports = supports_latent,                                         \
        .store = row_cache_store,                                            \
        .load = row_cache_load,                                              \
        .copy_page = row_cache_copy_page,                                    \
    };
#include "kernels/simd/isas.def"
#undef SIMD_ISA
