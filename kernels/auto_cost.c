/* SPDX-License-Identifier: MIT */
#include "kernels/auto_cost.h"
#include "kernels/shape.h"

/* Pairs of a query and a key, summed up over the sequence's new tokens. */
static double pairs_of(const struct mla_problem *problem, const struct mla_seq *seq)
{
    double pairs = 0;
    for (int64_t t = 0; t < seq->tokens; t++)
        pairs += (double)mla_keys(problem, seq, t);
    return pairs;
}

/* Of one head; all cost the same. The reexpanded order expands a sequence's keys once for many
 * queries; where it has so many that it does so again, it costs less by far. */
struct auto_cost auto_cost(const struct simd_loops *loops, const struct mla_problem *problem,
                           const struct mla_seq *seqs, int32_t batch)
{
    double pairs = 0, tokens = 0, keys = 0;
    for (int32_t b = 0; b < batch; b++) {
        pairs += pairs_of(problem, &seqs[b]);
        tokens += (double)seqs[b].tokens;
        if (seqs[b].tokens > 0)
            keys += (double)mla_keys(problem, &seqs[b], seqs[b].tokens - 1);
    }
    const struct simd_rates *rates = &loops->rates;
    double latent = 2.0 * (double)(latent_width(problem) + problem->kv_lora_rank);
    double head = 2.0 * (double)(qk_head_dim(problem) + problem->v_head_dim);
    double weights =
        2.0 * problem->kv_lora_rank * (problem->qk_nope_head_dim + problem->v_head_dim);
    return (struct auto_cost){
        .absorbed = pairs * latent / rates->absorbed + tokens * weights / rates->weights,
        .reexpanded = pairs * head / rates->expanded + keys * weights / rates->expanding,
    };
}
