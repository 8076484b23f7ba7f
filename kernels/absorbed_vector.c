/* SPDX-License-Identifier: MIT
 *
 * The absorbed order on the loops of kernels/simd, for each instruction set. */
#include "kernels/call.h"
#include "kernels/row_cache.h"
#include "kernels/vector.h"

#define VARIANT(isa_)                                                                            \
    static const struct vector_variant variant_##isa_ = {&vector_absorbed, &simd_loops_##isa_};  \
    static int plan_##isa_(const struct mla_problem *problem, struct mla_plan *out)              \
    {                                                                                            \
        return vector_plan(&variant_##isa_, problem, MLA_LATENT, out);                           \
    }                                                                                            \
    static int attend_##isa_(const struct mla_problem *problem, const struct mla_memory *memory, \
                             const struct mla_call *call)                                        \
    {                                                                                            \
        return vector_attend(&variant_##isa_, problem, memory, call);                            \
    }                                                                                            \
    const struct mla_kernel mla_absorbed_##isa_ = {                                              \
        .abi = MLA_ABI,                                                                          \
        .struct_size = sizeof(struct mla_kernel),                                                \
        .name = "absorbed-" #isa_,                                                               \
        .summary = "absorbed over the cached latent, vectorised for " #isa_,                     \
        .isa = #isa_,                                                                            \
        .order = MLA_ABSORBED,                                                                   \
        .invariances = MLA_ALL_INVARIANCES,                                                      \
        .unit_roundoff = 0x1p-24,                                                                \
        .supports = supports_latent,                                                             \
        .plan = plan_##isa_,                                                                     \
        .store = row_cache_store,                                                                \
        .load = row_cache_load,                                                                  \
        .attend = attend_##isa_,                                                                 \
        .copy_page = row_cache_copy_page,                                                        \
    };

#define SIMD_ISA(name) VARIANT(name)
#include "kernels/simd/isas.def"
#undef SIMD_ISA
