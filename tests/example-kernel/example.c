/* SPDX-License-Identifier: MIT
 *
 * A kernel outside the tree: MLA in the absorbed order over a plain fp32 cache of latent rows, with
 * obvious loops. Built against the installed header alone (see the Makefile), then
 *     mlabench verify --plugin ./example.so --kernel example --model tiny
 * Absorbed order, per query and head: q' = Wuk^T q_nope; s_j = scale (q' . c_kv_j + q_rope .
 * k_rope_j); o = Wuv sum_j softmax(s)_j c_kv_j. */
#include <mlabench/kernel.h>

#include <math.h>
#include <omp.h>
#include <string.h>

static int64_t row_width(const struct mla_problem *p)
{
    return p->kv_lora_rank + p->qk_rope_head_dim;
}

/* Per thread: q' and the weighted latent, then the scores. */
static int64_t scratch_floats(const struct mla_problem *p)
{
    return 2 * (int64_t)p->kv_lora_rank + p->max_keys;
}

static bool supports(const struct mla_problem *p, bool top_k, bool sinks, const char **why)
{
    *why = "the example does dense MLA without sinks, over an fp32 cache";
    return p->kind == MLA_LATENT && p->format == MLA_FP32 && !top_k && !sinks;
}

static int plan(const struct mla_problem *p, struct mla_plan *plan)
{
    *plan = (struct mla_plan){
        .cache_payload = p->slots * row_width(p) * sizeof(float),
        .workspace = p->max_threads * scratch_floats(p) * sizeof(float),
        .slot_align = 1,
        .cached = MLA_LATENT,
    };
    return 0;
}

static float *row(const struct mla_problem *p, const struct mla_memory *m,
                  const struct mla_seq *seq, int64_t position)
{
    return (float *)m->cache + mla_slot(p, seq, position) * row_width(p);
}

static int store(const struct mla_problem *p, const struct mla_memory *m, const struct mla_seq *seq,
                 int64_t position, int64_t count, const float *rows, int32_t threads)
{
    (void)threads;
    for (int64_t i = 0; i < count; i++)
        memcpy(row(p, m, seq, position + i), rows + i * row_width(p), row_width(p) * sizeof(float));
    return 0;
}

static int load(const struct mla_problem *p, const struct mla_memory *m, const struct mla_seq *seq,
                int64_t position, int64_t count, float *rows)
{
    for (int64_t i = 0; i < count; i++)
        memcpy(rows + i * row_width(p), row(p, m, seq, position + i), row_width(p) * sizeof(float));
    return 0;
}

static int copy_page(const struct mla_problem *p, const struct mla_memory *m, int32_t from,
                     int32_t to)
{
    int64_t page = p->page_size * row_width(p);
    memcpy((float *)m->cache + to * page, (float *)m->cache + from * page, page * sizeof(float));
    return 0;
}

static float dot(int32_t n, const float *a, const float *b)
{
    float sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* y += alpha x */
static void add(int32_t n, float alpha, const float *x, float *y)
{
    for (int32_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}

static void attend_head(const struct mla_problem *p, const struct mla_memory *m,
                        const struct mla_call *call, const struct mla_seq *seq, int64_t t,
                        int32_t head, int32_t thread)
{
    int32_t rank = p->kv_lora_rank, nope = p->qk_nope_head_dim, rope = p->qk_rope_head_dim;
    int64_t at = (seq->token + t) * p->heads + head, keys = mla_keys(p, seq, t);
    const float *q = call->q + at * (nope + rope);
    const float *wuk = p->wkv_b + (int64_t)head * (nope + p->v_head_dim) * rank;
    const float *wuv = wuk + (int64_t)nope * rank;
    float *q_absorbed = (float *)m->workspace + thread * scratch_floats(p);
    float *latent = q_absorbed + rank, *s = latent + rank;

    mla_enter(call, thread, MLA_STAGE_ABSORB);
    memset(q_absorbed, 0, 2 * rank * sizeof(float));
    for (int32_t i = 0; i < nope; i++)
        add(rank, q[i], wuk + (int64_t)i * rank, q_absorbed);

    mla_enter(call, thread, MLA_STAGE_CORE);
    float max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < keys; j++) {
        const float *c_kv = row(p, m, seq, seq->kv_begin + j);
        s[j] = p->scale * (dot(rank, q_absorbed, c_kv) + dot(rope, q + nope, c_kv + rank));
        max = s[j] > max ? s[j] : max;
    }
    for (int64_t j = 0; j < keys; j++) {
        float weight = expf(s[j] - max);
        sum += weight;
        add(rank, weight, row(p, m, seq, seq->kv_begin + j), latent);
    }

    mla_enter(call, thread, MLA_STAGE_VALUE_UP);
    for (int32_t i = 0; i < p->v_head_dim; i++)
        call->o[at * p->v_head_dim + i] =
            keys ? dot(rank, wuv + (int64_t)i * rank, latent) / sum : 0;
    call->lse[at] = keys ? max + logf(sum) : -INFINITY;
}

static int attend(const struct mla_problem *p, const struct mla_memory *m,
                  const struct mla_call *call)
{
#pragma omp parallel num_threads(call->threads)
    {
        int32_t thread = omp_get_thread_num();
        for (const struct mla_seq *seq = call->seqs; seq < call->seqs + call->batch; seq++) {
#pragma omp for collapse(2) nowait
            for (int64_t t = 0; t < seq->tokens; t++)
                for (int32_t head = 0; head < p->heads; head++)
                    attend_head(p, m, call, seq, t, head, thread);
        }
        mla_enter(call, thread, MLA_STAGES);
    }
    return 0;
}

static const struct mla_kernel example = {
    .abi = MLA_ABI,
    .struct_size = sizeof(struct mla_kernel),
    .name = "example",
    .summary = "absorbed order, obvious loops, built outside the tree",
    .isa = "scalar",
    .order = MLA_ABSORBED,
    .invariances = MLA_ALL_INVARIANCES,
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
    static const struct mla_kernel *const kernels[] = {&example};
    static const struct mla_registry registry = {.abi = MLA_ABI, .count = 1, .kernels = kernels};
    return &registry;
}
