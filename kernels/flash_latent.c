/* SPDX-License-Identifier: MIT
 *
 * The latent cached, keys and values expanded anew for each head, on the loops of kernels/simd, for
 * each instruction set. */
#include "kernels/call.h"
#include "kernels/row_cache.h"
#include "kernels/vector.h"
#include "kernels/vector_expand.h"

static int plan_latent(const struct vector_variant *variant, const struct mla_problem *problem,
                       struct mla_plan *out)
{
    int error = vector_plan(variant, problem, MLA_LATENT, out);
    out->prepared = expand_prepared_bytes(problem);
    return error;
}

#define VARIANT(isa_)                                                                             \
    static const struct vector_variant variant_##isa_ = {&vector_reexpanded, &simd_loops_##isa_}; \
    static int plan_##isa_(const struct mla_problem *problem, struct mla_plan *out)               \
    {                                                                                             \
        return plan_latent(&variant_##isa_, problem, out);                                        \
    }                                                                                             \
    static int attend_##isa_(const struct mla_problem *problem, const struct mla_memory *memory,  \
                             const struct mla_call *call)                                         \
    {                                                                                             \
        return vector_attend(&variant_##isa_, problem, memory, call);                             \
    }                                                                                             \
    const struct mla_kernel mla_flash_latent_##isa_ = {                                           \
        .abi = MLA_ABI,                                                                           \
        .struct_size = sizeof(struct mla_kernel),                                                 \
        .name = "flash-latent-" #isa_,                                                            \
        .summary = "the latent cached, keys and values expanded anew, vectorised for " #isa_,     \
        .isa = #isa_,                                                                             \
        .order = MLA_REEXPANDED,                                                                  \
        .invariances = MLA_ALL_INVARIANCES,                                                       \
        .unit_roundoff = 0x1p-24,                                                                 \
        .supports = supports_latent,                                                              \
        .plan = plan_##isa_,                                                                      \
        .prepare = expand_prepare,                                                                \
        .store = row_cache_store,                                                                 \
        .load = row_cache_load,                                                                   \
        .attend = attend_##isa_,                                                                  \
        .copy_page = row_cache_copy_page,                                                         \
    };

#define SIMD_ISA(name) VARIANT(name)
#include "kernels/simd/isas.def"
#undef SIMD_ISA
