/* SPDX-License-Identifier: MIT
 *
 * Cached keys and values, or such expanded from the latent, on the loops of kernels/simd, for each
 * instruction set. */
#include "kernels/expand.h"
#include "kernels/vector/expand.h"
#include "kernels/vector/kernels.h"

static int plan(const struct vector_variant *variant, const struct mla_problem *problem,
                struct mla_plan *out)
{
    int error = vector_plan(variant, problem, MLA_KV, out);
    size_t storing = (size_t)expand_store_bytes(problem);
    out->prepared = expand_prepared_bytes(problem);
    out->workspace = out->workspace > storing ? out->workspace : storing;
    return error;
}

#define SIMD_ISA(isa_)                                                                            \
    VECTOR_VERBS(isa_, vector_expanded, plan)                                                     \
    static int store_##isa_(const struct mla_problem *problem, const struct mla_memory *memory,   \
                            const struct mla_seq *seq, int64_t position, int64_t count,           \
                            const float *rows, int32_t threads)                                   \
    {                                                                                             \
        return expand_store_vector(&simd_loops_##isa_, problem, memory, seq, position, count,     \
                                   rows, threads);                                                \
    }                                                                                             \
    const struct mla_kernel mla_flash_##isa_ = {                                                  \
        VECTOR_KERNEL(isa_, "flash"), .summary = "keys and values cached, vectorised for " #isa_, \
        .order = MLA_EXPANDED,        .supports = supports_both,                                  \
        .prepare = expand_prepare,    .store = store_##isa_,                                      \
        .load = expanded_load,        .copy_page = expanded_copy_page,                            \
    };
#include "kernels/simd/isas.def"
#undef SIMD_ISA
