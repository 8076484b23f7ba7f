/* SPDX-License-Identifier: MIT
 *
 * What the files that define a vector kernel for each instruction set have in common: the contract
 * hands the verbs nothing that could tell one set from another. */
#ifndef MLABENCH_VECTOR_KERNELS_H
#define MLABENCH_VECTOR_KERNELS_H

#include "kernels/call.h"
#include "kernels/vector/attend.h"

/* Defines variant_ISA, plan_ISA, which is `any_` of that variant, and attend_ISA. */
#define VECTOR_VERBS(isa_, form_, any_)                                                          \
    static const struct vector_variant variant_##isa_ = {.form = &(form_),                       \
                                                         .loops = &simd_loops_##isa_};           \
    static int plan_##isa_(const struct mla_problem *problem, struct mla_plan *out)              \
    {                                                                                            \
        return any_(&variant_##isa_, problem, out);                                              \
    }                                                                                            \
    static int attend_##isa_(const struct mla_problem *problem, const struct mla_memory *memory, \
                             const struct mla_call *call)                                        \
    {                                                                                            \
        return vector_attend(&variant_##isa_, problem, memory, call);                            \
    }

/* The members that follow from these. */
#define VECTOR_KERNEL(isa_, family_)                                                          \
    KERNEL_IN_FP32_FOR(#isa_), .name = family_ "-" #isa_, .invariances = MLA_ALL_INVARIANCES, \
                               .plan = plan_##isa_, .attend = attend_##isa_

#endif
