/* SPDX-License-Identifier: MIT
 *
 * The order that `auto` takes. */
#include "kernels/kernel.h"
#include "tests/shapes.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct mla_kernel *auto_kernel(void)
{
    const struct mla_registry *registry = mla_kernels();
    for (uint32_t i = 0; i < registry->count; i++)
        if (strcmp(registry->kernels[i]->name, "auto") == 0)
            return registry->kernels[i];
    return NULL;
}

static enum mla_order order_of(const struct mla_problem *problem, int64_t cached, int64_t tokens)
{
    struct mla_seq seq = {.tokens = tokens, .position = cached, .kv_end = cached + tokens};
    return auto_kernel()->order_for(problem, &seq, 1);
}

Test(automatic, absorbs_few_queries_and_expands_for_many)
{
    cr_assert(order_of(&shape_v3, 4096, 1) == MLA_ABSORBED);
    cr_assert(order_of(&shape_v3, 131072, 4) == MLA_ABSORBED);
    cr_assert(order_of(&shape_v3, 0, 2048) == MLA_REEXPANDED);
    cr_assert(order_of(&shape_v3, 8192, 512) == MLA_REEXPANDED);
}

/* By FLOPs at 171 (262,144 / 1,536); the loops' efficiencies differ by less than a half. */
Test(automatic, changes_once_and_near_where_flops_say)
{
    int64_t last = 0;
    while (order_of(&shape_v3, 131072, last + 1) == MLA_ABSORBED)
        last++;
    cr_assert(last > 171 * 2 / 3 && last < 171 * 3 / 2, "absorbs up to %ld", (long)last);
    for (int64_t tokens = last + 1; tokens < 4 * last; tokens++)
        cr_assert(order_of(&shape_v3, 131072, tokens) == MLA_REEXPANDED, "%ld", (long)tokens);
}

/* Expanding again for each of many sequences costs each of them its keys. */
Test(automatic, counts_each_sequence)
{
    struct mla_seq seqs[64];
    for (int i = 0; i < 64; i++)
        seqs[i] = (struct mla_seq){.tokens = 8, .position = 4096, .kv_end = 4104};
    cr_assert(auto_kernel()->order_for(&shape_v3, seqs, 64) == MLA_ABSORBED);
}

Test(automatic, has_nothing_to_choose_over_keys_and_values)
{
    struct mla_problem mha = shape_v3;
    mha.kind = MLA_KV;
    mha.kv_lora_rank = 0;
    cr_assert(order_of(&mha, 4096, 1) == MLA_EXPANDED);
}
