/* SPDX-License-Identifier: MIT */
#include "kernels/call.h"
#include "kernels/keys.h"
#include "kernels/row_cache.h"

#include <errno.h>

bool supports_both(const struct mla_problem *problem, bool top_k, bool sinks, const char **why)
{
    (void)top_k;
    (void)sinks;
    return row_cache_supports(problem, why);
}

bool supports_latent(const struct mla_problem *problem, bool top_k, bool sinks, const char **why)
{
    *why = "it needs a latent; this layer has keys and values";
    return problem->kind == MLA_LATENT && supports_both(problem, top_k, sinks, why);
}

bool supports_kv(const struct mla_problem *problem, bool top_k, bool sinks, const char **why)
{
    *why = "it needs keys and values; this layer has a latent";
    return problem->kind == MLA_KV && supports_both(problem, top_k, sinks, why);
}

static int64_t count_listed(struct key_cursor keys)
{
    int64_t slots[BLOCK_MAX], count = 0;
    int32_t some;
    while ((some = keys_next(&keys, BLOCK_MAX, slots)) > 0)
        count += some;
    return count;
}

int64_t keys_attended(const struct mla_problem *problem, const struct mla_call *call,
                      const struct mla_seq *seq, int64_t t)
{
    if (call->top_k_indices)
        return count_listed(keys_of(problem, call, seq, t));
    return mla_keys(problem, seq, t);
}

int check_call(const struct mla_problem *problem, const struct mla_call *call)
{
    if (call->threads < 1 || call->threads > problem->max_threads)
        return -EINVAL;
    for (int32_t b = 0; b < call->batch; b++)
        for (int64_t t = 0; t < call->seqs[b].tokens; t++)
            if (keys_attended(problem, call, &call->seqs[b], t) > problem->max_keys)
                return -EINVAL;
    return 0;
}

int plan_rows(const struct mla_problem *problem, enum mla_kind cached,
              const struct row_layout *layout, int64_t floats, struct mla_plan *plan)
{
    int64_t workspace;
    *plan = (struct mla_plan){.slot_align = 1, .cached = cached};
    if (__builtin_mul_overflow(thread_floats(floats) * (int64_t)sizeof(float), problem->max_threads,
                               &workspace))
        return -EOVERFLOW;
    plan->workspace = (size_t)workspace;
    return row_cache_bytes(problem, layout, plan);
}
