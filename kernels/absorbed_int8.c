/* SPDX-License-Identifier: MIT
 *
 * The absorbed order on integer dot products, for each instruction set. */
#include "kernels/row_cache.h"
#include "kernels/vector/kernels.h"

static bool supports(const struct mla_problem *problem, bool top_k, bool sinks, const char **why)
{
    if (!supports_latent(problem, top_k, sinks, why))
        return false;
    *why = "it multiplies integers: the cache has to be int8";
    if (problem->format != MLA_INT8)
        return false;
    *why = "it adds up in 32 bits: kv_lora_rank and qk_rope_head_dim may be 516 at most";
    return problem->kv_lora_rank <= INTEGERS_PART_MOST &&
           problem->qk_rope_head_dim <= INTEGERS_PART_MOST;
}

static int plan(const struct vector_variant *variant, const struct mla_problem *problem,
                struct mla_plan *out)
{
    return vector_plan(variant, problem, MLA_LATENT, out);
}

/* Rounding to 16 bits: half a unit of 1 / 32767. */
#define UNIT_ROUNDOFF 0x1p-16

/* `loops_` is the instruction set of what is done in fp32. */
#define INTEGERS(isa_, loops_)                                                                   \
    static const struct vector_variant variant_##isa_ = {&vector_integers, &simd_loops_##loops_, \
                                                         &integers_loops_##isa_};                \
    static int plan_##isa_(const struct mla_problem *problem, struct mla_plan *out)              \
    {                                                                                            \
        return plan(&variant_##isa_, problem, out);                                              \
    }                                                                                            \
    static int attend_##isa_(const struct mla_problem *problem, const struct mla_memory *memory, \
                             const struct mla_call *call)                                        \
    {                                                                                            \
        return vector_attend(&variant_##isa_, problem, memory, call);                            \
    }                                                                                            \
    const struct mla_kernel mla_absorbed_int8_##isa_ = {                                         \
        .abi = MLA_ABI,                                                                          \
        .struct_size = sizeof(struct mla_kernel),                                                \
        .isa = #isa_,                                                                            \
        .name = "absorbed-int8-" #isa_,                                                          \
        .summary = "absorbed over latents in int8, integer dot products, for " #isa_,            \
        .unit_roundoff = UNIT_ROUNDOFF,                                                          \
        .invariances = MLA_ALL_INVARIANCES,                                                      \
        .order = MLA_ABSORBED,                                                                   \
        .supports = supports,                                                                    \
        .plan = plan_##isa_,                                                                     \
        .attend = attend_##isa_,                                                                 \
        .store = row_cache_store,                                                                \
        .load = row_cache_load,                                                                  \
        .copy_page = row_cache_copy_page,                                                        \
    };
#define SIMD_ISA(isa_) INTEGERS(isa_, isa_)
#include "kernels/simd/isas.def"
#undef SIMD_ISA
#ifdef __x86_64__
INTEGERS(avx512vnni, avx512)
#endif
