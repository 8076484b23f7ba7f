/* SPDX-License-Identifier: MIT
 *
 * A plug-in whose kernel keeps its rows as it should and puts out numbers that are wrong, and that
 * depend on every bit of what it was given. */
#include "kernels/kernel.h"

#include <string.h>

static size_t row_width(const struct mla_problem *p)
{
    return (size_t)p->kv_lora_rank + (size_t)p->qk_rope_head_dim;
}

static bool supports(const struct mla_problem *p, bool top_k, bool sinks, const char **why)
{
    (void)top_k, (void)sinks;
    *why = "it is wrong about latent rows in fp32 only";
    return p->kind == MLA_LATENT && p->format == MLA_FP32;
}

static int plan(const struct mla_problem *p, struct mla_plan *plan)
{
    *plan = (struct mla_plan){.cache_payload = (size_t)p->slots * row_width(p) * sizeof(float),
                              .slot_align = 1,
                              .cached = MLA_LATENT};
    return 0;
}

static float *row(const struct mla_problem *p, const struct mla_memory *m,
                  const struct mla_seq *seq, int64_t position)
{
    return (float *)m->cache + (size_t)mla_slot(p, seq, position) * row_width(p);
}

static int store(const struct mla_problem *p, const struct mla_memory *m, const struct mla_seq *seq,
                 int64_t position, int64_t count, const float *rows, int32_t threads)
{
    (void)threads;
    for (int64_t i = 0; i < count; i++)
        memcpy(row(p, m, seq, position + i), rows + (size_t)i * row_width(p),
               row_width(p) * sizeof(float));
    return 0;
}

static int load(const struct mla_problem *p, const struct mla_memory *m, const struct mla_seq *seq,
                int64_t position, int64_t count, float *rows)
{
    for (int64_t i = 0; i < count; i++)
        memcpy(rows + (size_t)i * row_width(p), row(p, m, seq, position + i),
               row_width(p) * sizeof(float));
    return 0;
}

static int copy_page(const struct mla_problem *p, const struct mla_memory *m, int32_t from,
                     int32_t to)
{
    size_t page = (size_t)p->page_size * row_width(p);
    memcpy((float *)m->cache + (size_t)to * page, (float *)m->cache + (size_t)from * page,
           page * sizeof(float));
    return 0;
}

static float sum(const float *x, size_t count)
{
    float total = 0;
    for (size_t i = 0; i < count; i++)
        total += x[i];
    return total;
}

static int attend(const struct mla_problem *p, const struct mla_memory *m,
                  const struct mla_call *call)
{
    size_t qk = (size_t)p->qk_nope_head_dim + (size_t)p->qk_rope_head_dim;
    size_t weights = (size_t)(p->qk_nope_head_dim + p->v_head_dim) * (size_t)p->kv_lora_rank;
    for (const struct mla_seq *seq = call->seqs; seq < call->seqs + call->batch; seq++) {
        float rows = 0;
        for (int64_t j = seq->kv_begin; j < seq->kv_end; j++)
            rows += sum(row(p, m, seq, j), row_width(p));
        for (int64_t i = seq->token * p->heads; i < (seq->token + seq->tokens) * p->heads; i++) {
            size_t head = (size_t)(i % p->heads);
            float wrong = rows + sum(call->q + (size_t)i * qk, qk) +
                          sum(p->wkv_b + head * weights, weights) +
                          (call->sinks ? call->sinks[head] : 0);
            for (int32_t d = 0; d < p->v_head_dim; d++)
                call->o[i * p->v_head_dim + d] = wrong;
            call->lse[i] = wrong;
        }
    }
    return 0;
}

static const struct mla_kernel wrong = {
    .abi = MLA_ABI,
    .struct_size = sizeof(struct mla_kernel),
    .name = "wrong",
    .summary = "sums of what it is given",
    .isa = "scalar",
    .order = MLA_ABSORBED,
    .unit_roundoff = 0x1p-24,
    .supports = supports,
    .plan = plan,
    .store = store,
    .load = load,
    .attend = attend,
    .copy_page = copy_page,
};

const struct mla_registry *mla_kernels(void)
{
    static const struct mla_kernel *const kernels[] = {&wrong};
    static const struct mla_registry registry = {.abi = MLA_ABI, .count = 1, .kernels = kernels};
    return &registry;
}
