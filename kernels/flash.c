/* SPDX-License-Identifier: MIT
 *
 * Cached keys and values, or such expanded from the latent, on the loops of kernels/simd, for each
 * instruction set. */
#include "kernels/call.h"
#include "kernels/expand.h"
#include "kernels/vector.h"
#include "kernels/vector_expand.h"

static int plan_flash(const struct vector_variant *variant, const struct mla_problem *problem,
                      struct mla_plan *out)
{
    int error = vector_plan(variant, problem, MLA_KV, out);
    size_t storing = (size_t)expand_store_bytes(problem);
    out->prepared = expand_prepared_bytes(problem);
    out->workspace = out->workspace > storing ? out->workspace : storing;
    return error;
}

#define VARIANT(isa_)                                                                            \
    static const struct vector_variant variant_##isa_ = {&vector_expanded, &simd_loops_##isa_};  \
    static int plan_##isa_(const struct mla_problem *problem, struct mla_plan *out)              \
    {                                                                                            \
        return plan_flash(&variant_##isa_, problem, out);                                        \
    }                                                                                            \
    static int store_##isa_(const struct mla_problem *problem, const struct mla_memory *memory,  \
                            const struct mla_seq *seq, int64_t position, int64_t count,          \
                            const float *rows, int32_t threads)                                  \
    {                                                                                            \
        return expand_store_vector(&simd_loops_##isa_, problem, memory, seq, position, count,    \
                                   rows, threads);                                               \
    }                                                                                            \
    static int attend_##isa_(const struct mla_problem *problem, const struct mla_memory *memory, \
                             const struct mla_call *call)                                        \
    {                                                                                            \
        return vector_attend(&variant_##isa_, problem, memory, call);                            \
    }                                                                                            \
    const struct mla_kernel mla_flash_##isa_ = {                                                 \
        .abi = MLA_ABI,                                                                          \
        .struct_size = sizeof(struct mla_kernel),                                                \
        .name = "flash-" #isa_,                                                                  \
        .summary = "keys and values cached, vectorised for " #isa_,                              \
        .isa = #isa_,                                                                            \
        .order = MLA_EXPANDED,                                                                   \
        .invariances = MLA_ALL_INVARIANCES,                                                      \
        .unit_roundoff = 0x1p-24,                                                                \
        .supports = supports_both,                                                               \
        .plan = plan_##isa_,                                                                     \
        .prepare = expand_prepare,                                                               \
        .store = store_##isa_,                                                                   \
        .load = expanded_load,                                                                   \
        .attend = attend_##isa_,                                                                 \
        .copy_page = expanded_copy_page,                                                         \
    };

#define SIMD_ISA(name) VARIANT(name)
#include "kernels/simd/isas.def"
#undef SIMD_ISA
