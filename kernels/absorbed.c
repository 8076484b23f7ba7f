/* SPDX-License-Identifier: MIT
 *
 * The absorbed order over the cached latent, obvious loops, for each query and head
 *   q' = [Wuk^T q_nope | q_rope]
 *   o' = sum_j softmax(scale q'.row_j)_j c_j
 *   o  = Wuv o' */
#include "kernels/call.h"
#include "kernels/dot.h"
#include "kernels/plain.h"
#include "kernels/row_cache.h"

#include <omp.h>
#include <string.h>

/* One thread's part: q', o', and what plain_attend wants. */
static int64_t workspace_floats(const struct mla_problem *problem)
{
    struct shape shape = absorbed_shape(problem);
    return shape.qk + shape.v + plain_workspace(problem, &shape);
}

static int plan(const struct mla_problem *problem, struct mla_plan *out)
{
    struct row_layout layout = latent_layout(problem);
    return plan_rows(problem, MLA_LATENT, &layout, workspace_floats(problem), out);
}

static void absorb(const struct mla_problem *p, int32_t head, const float *q, float *absorbed)
{
    const float *weights = wuk(p, head);
    memset(absorbed, 0, (size_t)p->kv_lora_rank * sizeof(float));
    for (int32_t d = 0; d < p->qk_nope_head_dim; d++, weights += p->kv_lora_rank)
        for (int32_t c = 0; c < p->kv_lora_rank; c++)
            absorbed[c] += q[d] * weights[c];
    memcpy(absorbed + p->kv_lora_rank, q + p->qk_nope_head_dim,
           (size_t)p->qk_rope_head_dim * sizeof(float));
}

static void value_up(const struct mla_problem *p, int32_t head, const float *sum, float *o)
{
    const float *weights = wuv(p, head);
    for (int32_t i = 0; i < p->v_head_dim; i++, weights += p->kv_lora_rank)
        o[i] = dot(p->kv_lora_rank, weights, sum);
}

static void attend_head(const struct mla_problem *p, const struct mla_memory *memory,
                        const struct mla_call *call, const struct mla_seq *seq, int64_t t,
                        int32_t head, int32_t thread)
{
    struct shape shape = absorbed_shape(p);
    float *q = (float *)memory->workspace + thread * thread_floats(workspace_floats(p));
    float *sum = q + shape.qk;
    int64_t row = (seq->token + t) * p->heads + head;
    mla_enter(call, thread, MLA_STAGE_ABSORB);
    absorb(p, head, call->q + row * qk_head_dim(p), q);
    mla_enter(call, thread, MLA_STAGE_CORE);
    plain_attend(p, &shape, memory->cache, call, seq, t, head, q, sum + shape.v, sum,
                 call->lse + row);
    mla_enter(call, thread, MLA_STAGE_VALUE_UP);
    value_up(p, head, sum, call->o + row * p->v_head_dim);
}

static int attend(const struct mla_problem *problem, const struct mla_memory *memory,
                  const struct mla_call *call)
{
    int error = check_call(problem, call);
    if (error)
        return error;
#pragma omp parallel num_threads(call->threads)
    {
        int32_t thread = omp_get_thread_num();
        for (const struct mla_seq *seq = call->seqs; seq < call->seqs + call->batch; seq++)
#pragma omp for collapse(2) schedule(dynamic) nowait
            for (int64_t t = 0; t < seq->tokens; t++)
                for (int32_t h = 0; h < problem->heads; h++)
                    attend_head(problem, memory, call, seq, t, h, thread);
        mla_enter(call, thread, MLA_STAGES);
    }
    return 0;
}

const struct mla_kernel mla_absorbed = {
    KERNEL_IN_FP32,
    .name = "absorbed",
    .summary = "absorbed over the cached latent, obvious loops",
    .order = MLA_ABSORBED,
    .invariances = MLA_ALL_INVARIANCES,
    .supports = supports_latent,
    .plan = plan,
    .store = row_cache_store,
    .load = row_cache_load,
    .attend = attend,
    .copy_page = row_cache_copy_page,
};
