// SPDX-License-Identifier: MIT
//
// A kernel in C++17 outside the tree: MLA in the absorbed order over a plain fp32 cache of latent
// rows, one pass over the keys (online softmax), and a norm of its own for the layer around it.
// Built against the installed header alone (see the Makefile), then
//     mlabench verify --plugin ./example.so --kernel example-cpp --model tiny
//
// Absorbed order, per query and head: q' = Wuk^T q_nope; s_j = scale (q' . c_kv_j + q_rope .
// k_rope_j); o = Wuv sum_j softmax(s)_j c_kv_j. Nothing is allocated and nothing throws: all memory
// is the caller's, and every function that C calls is noexcept.
#include <mlabench/kernel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <omp.h>

namespace
{

template <typename T> struct Span {
    T *first;
    int64_t size;

    T *begin() const
    {
        return first;
    }
    T *end() const
    {
        return first + size;
    }
    T &operator[](int64_t i) const
    {
        return first[i];
    }
    Span part(int64_t from, int64_t count) const
    {
        return {first + from, count};
    }
    operator Span<const T>() const
    {
        return {first, size};
    }
};
using In = Span<const float>;
using Out = Span<float>;

float dot(In a, In b)
{
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

// y = keep y + alpha x
void blend(float keep, float alpha, In x, Out y)
{
    std::transform(x.begin(), x.end(), y.begin(), y.begin(),
                   [=](float xi, float yi) { return keep * yi + alpha * xi; });
}

// The cached rows [c_kv | k_rope] of a problem.
struct Cache {
    const mla_problem &p;
    float *data;

    static int64_t width(const mla_problem &p)
    {
        return p.kv_lora_rank + p.qk_rope_head_dim;
    }

    Out row(const mla_seq &seq, int64_t position) const
    {
        return {data + mla_slot(&p, &seq, position) * width(p), width(p)};
    }
    Out page(int64_t number) const
    {
        const int64_t size = p.page_size * width(p);
        return {data + number * size, size};
    }
};

Cache cache_of(const mla_problem *p, const mla_memory *memory)
{
    return {*p, static_cast<float *>(memory->cache)};
}

bool supports(const mla_problem *p, bool top_k, bool sinks, const char **why) noexcept
{
    *why = "the C++ example does dense MLA without sinks, over an fp32 cache";
    return p->kind == MLA_LATENT && p->format == MLA_FP32 && !top_k && !sinks;
}

int plan(const mla_problem *p, mla_plan *plan) noexcept
{
    *plan = {};
    plan->cache_payload = p->slots * Cache::width(*p) * sizeof(float);
    plan->workspace = 2 * std::size_t(p->max_threads) * p->kv_lora_rank * sizeof(float);
    plan->slot_align = 1;
    plan->cached = MLA_LATENT;
    return 0;
}

int store(const mla_problem *p, const mla_memory *memory, const mla_seq *seq, int64_t position,
          int64_t count, const float *rows, int32_t) noexcept
{
    const Cache cache = cache_of(p, memory);
    for (int64_t i = 0; i < count; i++) {
        const Out row = cache.row(*seq, position + i);
        std::copy_n(rows + i * row.size, row.size, row.begin());
    }
    return 0;
}

int load(const mla_problem *p, const mla_memory *memory, const mla_seq *seq, int64_t position,
         int64_t count, float *rows) noexcept
{
    const Cache cache = cache_of(p, memory);
    for (int64_t i = 0; i < count; i++) {
        const In row = cache.row(*seq, position + i);
        std::copy_n(row.begin(), row.size, rows + i * row.size);
    }
    return 0;
}

int copy_page(const mla_problem *p, const mla_memory *memory, int32_t from, int32_t to) noexcept
{
    const Cache cache = cache_of(p, memory);
    const In page = cache.page(from);
    std::copy_n(page.begin(), page.size, cache.page(to).begin());
    return 0;
}

// One head of one query, and where its thread may write.
struct Head {
    const mla_problem &p;
    const mla_call &call;
    Cache cache;
    int32_t thread;
    Out absorbed, latent; // q' and the weighted latent, in the workspace

    void attend(const mla_seq &seq, int64_t t, int32_t head) const
    {
        const int64_t rank = p.kv_lora_rank, nope = p.qk_nope_head_dim;
        const int64_t rope = p.qk_rope_head_dim, v = p.v_head_dim;
        const int64_t at = (seq.token + t) * p.heads + head, keys = mla_keys(&p, &seq, t);
        const In q{call.q + at * (nope + rope), nope + rope};
        const In wkv_b{p.wkv_b + head * (nope + v) * rank, (nope + v) * rank};
        const Out o{call.o + at * v, v};

        mla_enter(&call, thread, MLA_STAGE_ABSORB);
        std::fill(absorbed.begin(), absorbed.end(), 0.0F);
        for (int64_t i = 0; i < nope; i++)
            blend(1, q[i], wkv_b.part(i * rank, rank), absorbed);

        mla_enter(&call, thread, MLA_STAGE_CORE);
        std::fill(latent.begin(), latent.end(), 0.0F);
        float max = -std::numeric_limits<float>::infinity(), sum = 0;
        for (int64_t j = 0; j < keys; j++) {
            const In row = cache.row(seq, seq.kv_begin + j);
            const In c_kv = row.part(0, rank);
            const float s =
                p.scale * (dot(absorbed, c_kv) + dot(q.part(nope, rope), row.part(rank, rope)));
            // A new maximum rescales what was added up so far; exp(-inf) is 0 for the first key.
            const float before = max;
            max = std::max(max, s);
            const float keep = std::exp(before - max), weight = std::exp(s - max);
            sum = keep * sum + weight;
            blend(keep, weight, c_kv, latent);
        }

        mla_enter(&call, thread, MLA_STAGE_VALUE_UP);
        for (int64_t i = 0; i < v; i++)
            o[i] = keys ? dot(wkv_b.part((nope + i) * rank, rank), latent) / sum : 0;
        call.lse[at] = keys ? max + std::log(sum) : max;
    }
};

int attend(const mla_problem *p, const mla_memory *memory, const mla_call *call) noexcept
{
    const int64_t rank = p->kv_lora_rank;
#pragma omp parallel num_threads(call->threads)
    {
        const int32_t thread = omp_get_thread_num();
        float *scratch = static_cast<float *>(memory->workspace) + 2 * thread * rank;
        const Head one{*p,     *call,           cache_of(p, memory),
                       thread, {scratch, rank}, {scratch + rank, rank}};
        for (int32_t b = 0; b < call->batch; b++) {
            const mla_seq &seq = call->seqs[b];
#pragma omp for collapse(2) nowait
            for (int64_t t = 0; t < seq.tokens; t++)
                for (int32_t head = 0; head < p->heads; head++)
                    one.attend(seq, t, head);
        }
        mla_enter(call, thread, MLA_STAGES);
    }
    return 0;
}

int norm(const mla_vectors *v, const float *weight, double eps, double gain,
         int32_t threads) noexcept
{
#pragma omp parallel for collapse(2) num_threads(threads)
    for (int64_t t = 0; t < v->tokens; t++) {
        for (int64_t i = 0; i < v->count; i++) {
            const In x{v->x + t * v->x_token_stride + i * v->x_stride, v->width};
            const Out y{v->y + t * v->y_token_stride + i * v->y_stride, v->width};
            const double mean = double(dot(x, x)) / double(x.size);
            const float factor = float(gain / std::sqrt(mean + eps));
            std::transform(x.begin(), x.end(), weight, y.begin(),
                           [=](float xk, float wk) { return xk * factor * wk; });
        }
    }
    return 0;
}

const mla_kernel kernel = [] {
    mla_kernel k{};
    k.abi = MLA_ABI;
    k.struct_size = sizeof k;
    k.name = "example-cpp";
    k.summary = "absorbed order in one pass, C++, built outside the tree";
    k.isa = "scalar";
    k.order = MLA_ABSORBED;
    k.invariances = MLA_ALL_INVARIANCES;
    k.unit_roundoff = 0x1p-24;
    k.supports = supports;
    k.plan = plan;
    k.store = store;
    k.load = load;
    k.attend = attend;
    k.copy_page = copy_page;
    k.norm = norm;
    return k;
}();

} // namespace

extern "C" const mla_registry *mla_kernels()
{
    static const mla_kernel *const kernels[] = {&kernel};
    static const mla_registry registry{MLA_ABI, 1, kernels};
    return &registry;
}
