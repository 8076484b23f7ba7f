/* SPDX-License-Identifier: MIT
 *
 * The vector kernel for whoever does not want to choose: the best instruction set of the CPU, and
 * over a cached latent the order that costs less for the call at hand, see auto_cost.h. Absorbed,
 * a query costs more with each key; expanding costs the same for many queries as for one. */
#include "kernels/auto_cost.h"
#include "kernels/call.h"
#include "kernels/isa.h"
#include "kernels/row_cache.h"
#include "kernels/vector/attend.h"
#include "kernels/vector/expand.h"

#include <string.h>

static const struct simd_loops *best_loops(void)
{
    static const struct simd_loops *const all[] = {
#define SIMD_ISA(name) &simd_loops_##name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
    };
    const char *isa = isa_best();
    size_t i = 0;
    while (i + 1 < sizeof all / sizeof all[0] && strcmp(all[i]->isa, isa) != 0)
        i++;
    return all[i];
}

static enum mla_order order_for(const struct mla_problem *problem, const struct mla_seq *seqs,
                                int32_t batch)
{
    if (problem->kind == MLA_KV)
        return MLA_EXPANDED;
    struct auto_cost cost = auto_cost(best_loops(), problem, seqs, batch);
    return cost.absorbed <= cost.reexpanded ? MLA_ABSORBED : MLA_REEXPANDED;
}

static const struct vector_form *form_of(enum mla_order order)
{
    return order == MLA_EXPANDED   ? &vector_expanded
           : order == MLA_ABSORBED ? &vector_absorbed
                                   : &vector_reexpanded;
}

static int plan(const struct mla_problem *problem, struct mla_plan *out)
{
    const struct simd_loops *loops = best_loops();
    struct vector_variant expanded = {.form = &vector_expanded, .loops = loops},
                          absorbed = {.form = &vector_absorbed, .loops = loops},
                          reexpanded = {.form = &vector_reexpanded, .loops = loops};
    if (problem->kind == MLA_KV)
        return vector_plan(&expanded, problem, MLA_KV, out);
    struct mla_plan other;
    int error = vector_plan(&absorbed, problem, MLA_LATENT, out);
    if (!error)
        error = vector_plan(&reexpanded, problem, MLA_LATENT, &other);
    if (error)
        return error;
    out->prepared = expand_prepared_bytes(problem);
    out->workspace = other.workspace > out->workspace ? other.workspace : out->workspace;
    return 0;
}

static int attend(const struct mla_problem *problem, const struct mla_memory *memory,
                  const struct mla_call *call)
{
    struct vector_variant variant = {.form = form_of(order_for(problem, call->seqs, call->batch)),
                                     .loops = best_loops()};
    /* Sparse queries share no keys, so nothing that is expanded either. */
    if (call->top_k_indices && problem->kind == MLA_LATENT)
        variant.form = &vector_absorbed;
    return vector_attend(&variant, problem, memory, call);
}

const struct mla_kernel mla_auto = {
    KERNEL_IN_FP32,
    .name = "auto",
    .summary = "the best instruction set, absorbed or expanded anew, whichever costs less",
    .order = MLA_ABSORBED,
    .invariances = MLA_ALL_INVARIANCES & ~MLA_SAME_FOR_QUERIES & ~MLA_SAME_FOR_BATCH,
    .supports = supports_both,
    .plan = plan,
    .prepare = expand_prepare,
    .store = row_cache_store,
    .load = row_cache_load,
    .attend = attend,
    .copy_page = row_cache_copy_page,
    .order_for = order_for,
};
