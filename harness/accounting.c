/* SPDX-License-Identifier: MIT */
#include "harness/accounting.h"

#include "harness/inputs.h"

const char *const accounting_sentences[] = {
    "A query at position p attends p + 1 keys under the causal mask, or those of its list that the "
    "mask leaves; masked pairs are never counted.",
    "Core FLOPs per query-key pair and head: 2 (qk_nope_head_dim + qk_rope_head_dim + v_head_dim) "
    "with expanded keys and values, 2 (2 kv_lora_rank + qk_rope_head_dim) absorbed.",
    "Beside the core, with 2 kv_lora_rank (qk_nope_head_dim + v_head_dim) FLOPs per head: absorbed "
    "kernels count it once per new token, expanded ones once per new token stored, re-expanding "
    "ones once per token attended.",
    "Bytes are those that a core must move: the cached rows attended, once per sequence (of lists: "
    "as many as they name together, or all), and q and o; weights are not counted.",
    "Step bytes are all that a step must read and write once: the rows cached before, Wkv_b in "
    "fp32 "
    "where latents are attended, the new rows in fp32 and q are read; the new rows as they are "
    "cached, o and the log-sum-exp are written. FLOPs over step bytes place a kernel on the "
    "roofline: cold, all of them come from DRAM; warm, from the level that holds them.",
    "Time is that of one step: storing the new tokens' rows and attending with their queries; "
    "projections and RoPE are outside.",
    "% of FMA peak and of read bandwidth are relative to what this run measured at the same number "
    "of threads, on the best instruction set of this CPU; the FMA peak is measured anew in every "
    "round.",
    NULL,
};

int64_t cache_elements(const struct mla_problem *p, enum mla_kind cached)
{
    return row_width(p, cached);
}

/* Of columns of which each `block` share an fp32 scale. */
static int64_t scaled_bytes(int64_t columns, int64_t block)
{
    return columns + 4 * ((columns + block - 1) / block);
}

/* Columns that RoPE rotates stay bf16. */
static int64_t fp8_bytes(int64_t columns, int64_t rope)
{
    enum { BLOCK = 128 };
    return scaled_bytes(columns, BLOCK) + 2 * rope;
}

static int64_t int8_bytes(int64_t columns)
{
    return columns > 0 ? scaled_bytes(columns, columns) : 0;
}

int64_t cache_bytes_per_token(const struct mla_problem *p, enum mla_kind cached,
                              enum mla_format format)
{
    int64_t rope = p->qk_rope_head_dim, nope = p->qk_nope_head_dim, v = p->v_head_dim;
    switch (format) {
    case MLA_FP32:
        return 4 * cache_elements(p, cached);
    case MLA_BF16:
    case MLA_FP16:
        return 2 * cache_elements(p, cached);
    case MLA_FP8:
        return cached == MLA_LATENT ? fp8_bytes(p->kv_lora_rank, rope)
                                    : p->heads_kv * (fp8_bytes(nope, rope) + fp8_bytes(v, 0));
    case MLA_INT8:
        return cached == MLA_LATENT
                   ? int8_bytes(p->kv_lora_rank) + int8_bytes(rope)
                   : p->heads_kv * (int8_bytes(nope) + int8_bytes(rope) + int8_bytes(v));
    }
    return -1;
}

/* Cached rows of a sequence that some of its queries attend; of lists, no fewer than that. */
static int64_t rows_attended(const struct mla_problem *p, const struct workload *workload,
                             int32_t seq)
{
    int64_t tokens = workload->seqs[seq].tokens, listed = 0;
    int64_t keys = tokens > 0 ? mla_keys(p, &workload->seqs[seq], tokens - 1) : 0;
    if (workload->listed == 0)
        return keys;
    for (int64_t t = 0; t < tokens; t++)
        listed += workload_keys(workload, p, seq, t);
    return listed < keys ? listed : keys;
}

struct account account(const struct mla_problem *p, const struct workload *workload,
                       enum mla_order order, enum mla_kind cached)
{
    double pairs = (double)workload_pairs(workload, p);
    double heads = p->heads;
    double qk = p->qk_nope_head_dim + p->qk_rope_head_dim, v = p->v_head_dim;
    double per_token = 2.0 * p->kv_lora_rank * (p->qk_nope_head_dim + v) * heads;
    double attended = 0, before = 0;
    for (int32_t i = 0; i < workload->batch; i++) {
        double keys = (double)rows_attended(p, workload, i);
        double fresh = (double)workload->seqs[i].tokens;
        attended += keys;
        before += workload->listed ? keys : keys > fresh ? keys - fresh : 0;
    }
    struct account a;
    if (order == MLA_ABSORBED)
        a.core_flops = pairs * heads * 2 * (2.0 * p->kv_lora_rank + p->qk_rope_head_dim);
    else
        a.core_flops = pairs * heads * 2 * (qk + v);
    double expanded = workload->listed ? pairs : attended;
    double expansions = order == MLA_REEXPANDED ? expanded : (double)workload->tokens;
    a.flops = a.core_flops + (p->kind == MLA_LATENT ? expansions * per_token : 0);
    double row = (double)cache_bytes_per_token(p, cached, p->format);
    double fresh = (double)workload->tokens;
    a.bytes = attended * row + 4.0 * fresh * heads * (qk + v);
    a.weight_bytes = p->kind == MLA_LATENT ? 2.0 * per_token : 0;
    a.read_bytes =
        before * row + a.weight_bytes + 4.0 * fresh * ((double)row_width(p, p->kind) + heads * qk);
    a.written_bytes = fresh * (row + 4.0 * heads * (v + 1));
    return a;
}
