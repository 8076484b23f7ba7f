/* SPDX-License-Identifier: MIT
 *
 * The contract between a kernel and whoever runs it. A kernel is one `struct mla_kernel`: data that
 * describes the variant and a few functions. It computes attention between two plain fp32
 * interfaces, so that any two kernels can be compared:
 *
 *   in   q    [tokens][heads][qk_nope_head_dim + qk_rope_head_dim], RoPE already applied
 *        rows one per cached token, RoPE already applied:
 *             MLA_LATENT  [kv_lora_rank c_kv | qk_rope_head_dim k_rope], keys and values being
 *                         [k_nope | v] = Wkv_b c_kv per head, k_rope shared by all heads
 *             MLA_KV      [heads_kv][qk_nope_head_dim + qk_rope_head_dim k | v_head_dim v]
 *   out  o    [tokens][heads][v_head_dim] = sum_j softmax(scale q.k_j)_j v_j
 *        lse  [tokens][heads]: natural log of the softmax's denominator, a sink included;
 *             for a query with no key and no sink o = 0 and lse = -inf
 *
 * A kernel allocates nothing, keeps no state of its own, reads nothing outside what it was handed,
 * and never writes its inputs. All arrays are dense and row-major. Every function returns 0 or a
 * negative errno and may be called from one thread at a time; inside, it opens one OpenMP team of
 * the number of threads that the call states. `supports` and `plan` answer at
 * once, on any CPU, and open none.
 */
#ifndef MLABENCH_KERNEL_H
#define MLABENCH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLA_ABI 1u /* raised whenever a struct below changes other than by growing at its end */

enum mla_kind { MLA_LATENT, MLA_KV };
enum mla_format { MLA_FP32, MLA_BF16, MLA_FP16, MLA_FP8, MLA_INT8 };
enum mla_mask { MLA_CAUSAL, MLA_MASK_NONE };

/* How a kernel does its arithmetic: what the FLOP accounting counts. */
enum mla_order {
    MLA_EXPANDED,   /* keys and values are cached, or expanded from the latent by `store` */
    MLA_ABSORBED,   /* Wuk is folded into q, Wuv applied to the weighted latent */
    MLA_REEXPANDED, /* the latent is cached, keys and values are expanded anew by each `attend` */
};

/* What `attend` is doing, for timing its stages apart. */
enum mla_stage {
    MLA_STAGE_ABSORB,   /* work on Wuk: folding it into q, or expanding keys */
    MLA_STAGE_CORE,     /* scores, softmax, weighted sum */
    MLA_STAGE_VALUE_UP, /* work on Wuv */
    MLA_STAGE_STORE,    /* timed around `store` by the caller, never announced by a kernel */
    MLA_STAGES,
};

/* Invariances a kernel promises: the same bits of o and lse, whatever varies. */
enum mla_invariance {
    MLA_SAME_FOR_THREADS = 1 << 0,  /* the number of threads */
    MLA_SAME_FOR_BATCH = 1 << 1,    /* which other sequences are in the call, and their order */
    MLA_SAME_FOR_QUERIES = 1 << 2,  /* how many new tokens are attended in one call */
    MLA_SAME_FOR_CHUNKS = 1 << 3,   /* how the rows were chunked when they were stored */
    MLA_SAME_WHEN_REPEATED = 1 << 4 /* the same call again */
};
#define MLA_ALL_INVARIANCES 31u

/* All that is fixed while a cache lives. Dimensions are spelled as in the model's config.json. */
struct mla_problem {
    enum mla_kind kind;
    enum mla_format format; /* of the cache */
    enum mla_mask mask;
    int32_t heads;    /* num_attention_heads */
    int32_t heads_kv; /* num_key_value_heads, a divisor of heads; query head h uses
                         h / (heads / heads_kv). With MLA_LATENT equal to heads */
    int32_t qk_nope_head_dim, qk_rope_head_dim, v_head_dim; /* either part of qk may be 0 */
    int32_t kv_lora_rank;                                   /* MLA_LATENT only, else 0 */
    float scale;        /* of the scores, in both orders: absorption does not change it */
    const float *wkv_b; /* MLA_LATENT: [heads][qk_nope_head_dim Wuk | v_head_dim Wuv][kv_lora_rank],
                           borrowed, valid as long as the problem; else NULL */
    int64_t slots;      /* rows that the cache can hold */
    int64_t page_size;  /* slots per page; 0: every sequence is contiguous */
    /* The most that one call will bring, for the workspace: */
    int64_t max_tokens; /* new tokens, of all sequences together */
    int64_t max_keys;   /* of one sequence */
    int32_t max_batch;
    int32_t max_threads;
};

/* Bytes that a kernel needs for a problem. Cache bytes are those of all `slots`. */
struct mla_plan {
    size_t prepared;      /* weights as the kernel wants them */
    size_t cache_payload; /* what the format stores, e.g. slots * (kv_lora_rank + rope) * 4 */
    size_t cache_padding; /* what its layout adds to that */
    size_t workspace;     /* scratch; its contents mean nothing between calls */
    int64_t slot_align;   /* where a sequence and a page may start: a multiple of this, 1 or more */
    enum mla_kind cached; /* which kind of row `load` returns: MLA_KV with heads_kv = heads when
                             the latent was expanded */
};

/* One sequence of a batch. Positions count from 0 and index its cached rows. */
struct mla_seq {
    int64_t token;            /* its first row in q, o and lse */
    int64_t tokens;           /* its new tokens, 0 or more */
    int64_t position;         /* of its first new token; the others follow */
    int64_t kv_begin, kv_end; /* keys attended: positions kv_begin <= j < kv_end, of which
                                MLA_CAUSAL leaves j <= the query's own position */
    int64_t slot;             /* contiguous: slot of position 0, a multiple of slot_align */
    const int32_t *pages;     /* paged: its row of the block table; else NULL */
};

/* The slot that holds a position. */
static inline int64_t mla_slot(const struct mla_problem *p, const struct mla_seq *seq,
                               int64_t position)
{
    if (p->page_size == 0)
        return seq->slot + position;
    return (int64_t)seq->pages[position / p->page_size] * p->page_size + position % p->page_size;
}

/* How many keys, from kv_begin on, the sequence's new token number t (0 is its first) attends. */
static inline int64_t mla_keys(const struct mla_problem *p, const struct mla_seq *seq, int64_t t)
{
    int64_t end = seq->kv_end;
    if (p->mask == MLA_CAUSAL && end > seq->position + t + 1)
        end = seq->position + t + 1;
    return end > seq->kv_begin ? end - seq->kv_begin : 0;
}

/* What a kernel works on. The memory is the caller's; a kernel that asked for 0 bytes gets NULL. */
struct mla_memory {
    const void *prepared; /* written by `prepare`, read-only afterwards */
    void *cache;          /* written by `store` and `copy_page`, only read by the others */
    void *workspace;
};

/* One call of `attend`. */
struct mla_call {
    const struct mla_seq *seqs; /* [batch], ragged; a sequence may have no token or no key */
    int32_t batch;
    int32_t threads; /* at most max_threads */
    const float *q;
    float *o, *lse;
    /* Sparse attention: [tokens][top_k] positions, -1 for none, in place of the whole key range
     * (the mask and kv_begin, kv_end still hold). NULL: dense. */
    const int32_t *top_k_indices;
    int32_t top_k;
    const float *sinks; /* [heads] scores that join each softmax with no value, or NULL */
    /* Called by each thread of the team when it enters a stage, and with MLA_STAGES when it leaves
     * the last. NULL when nobody measures: use mla_enter. */
    void (*enter)(void *context, int32_t thread, enum mla_stage stage);
    void *enter_context;
};

static inline void mla_enter(const struct mla_call *call, int32_t thread, enum mla_stage stage)
{
    if (call->enter)
        call->enter(call->enter_context, thread, stage);
}

/* One call of `backward`: from the gradient of o to those of what o was computed from. With
 * p = exp(scale q.k - lse) and D = o . grad_o per query and head,
 *   grad_v_j = sum p_j grad_o;  grad_s_j = p_j (grad_o . v_j - D)
 *   grad_q = scale sum_j grad_s_j k_j;  grad_k_j = scale sum grad_s_j q
 * the sums without an index being over the queries, and query heads, that attend row j; for
 * MLA_LATENT on to [k_nope | v] = Wkv_b c_kv, and k_rope's summed over heads (Dao 2023,
 * FlashAttention-2, Algorithm 2).
 *
 * Every new token of the sequences attends as in a dense `attend` (there is no list of keys here),
 * to the rows that the cache holds; a format's rounding counts as if it were not there. q, o and
 * lse are that call's. A sink is in lse and o, and nothing else is needed of it; its own gradient
 * is -sum exp(sink - lse) D over the queries, which needs no kernel. None of what is read overlaps
 * what is written. */
struct mla_gradient {
    const struct mla_seq *seqs; /* [batch], as in mla_call */
    int32_t batch;
    int32_t threads;     /* at most max_threads */
    const float *q;      /* [tokens][heads][qk_nope_head_dim + qk_rope_head_dim] */
    const float *o;      /* [tokens][heads][v_head_dim] */
    const float *lse;    /* [tokens][heads] */
    const float *grad_o; /* [tokens][heads][v_head_dim] */
    float *grad_q;       /* like q: written by the kernel, 0 for a query without a key; of tokens
                            that are in no sequence left alone */
    float *grad_rows;    /* [slots][width of a row that `store` takes], fp32, in slot order whatever
                            the cache's layout: added to, hence set to 0 by the caller before the
                            first call; slots that no query attends are left alone */
    float *grad_wkv_b;   /* like wkv_b: added to, likewise; NULL with MLA_KV */
    void *workspace;     /* of as many bytes as `backward_workspace` says, whose contents mean
                            nothing between calls; NULL if that is 0 */
};

/* Vectors that a stage of the layer works on, `count` in each token's part of an array:
 *   x_ti = x + t * x_token_stride + i * x_stride, `width` floats; y_ti likewise. x and y never
 * overlap. Of y only the vectors are written, not what lies between them. */
struct mla_vectors {
    int64_t tokens, count, width;
    const float *x;
    int64_t x_token_stride, x_stride; /* in floats */
    float *y;
    int64_t y_token_stride, y_stride;
};

/* Rotary position embedding; YaRN, if the model has it, is in the numbers. */
struct mla_rope {
    int32_t dim;               /* elements that rotate, the last of each vector; even, 0: none */
    bool interleaved;          /* pairs are (x[2i], x[2i+1]) of them; else (x[i], x[i + dim/2]) */
    const double *frequencies; /* [dim/2] angle per position, in radians */
    double magnitude;          /* that cos and sin are multiplied by; 1 without YaRN */
};

struct mla_kernel {
    uint32_t abi;         /* MLA_ABI */
    uint32_t struct_size; /* sizeof(struct mla_kernel): later members read as absent. At least
                             up to and including `backward` */
    const char *name;     /* as on the command line: lower case, digits, '-' */
    const char *summary;  /* one line for `mlabench list` */
    const char *isa;      /* "x86-64", "avx2", ...: what the CPU must have */
    enum mla_order order;
    uint32_t invariances; /* enum mla_invariance */
    double unit_roundoff; /* of its arithmetic, fp32: 2^-24 */

    /* Whether it can do this problem with these extras; if not, `*why` says why, for the user. */
    bool (*supports)(const struct mla_problem *, bool top_k, bool sinks, const char **why);
    int (*plan)(const struct mla_problem *, struct mla_plan *);
    /* Once per weights: fill `prepared`. May be NULL. */
    int (*prepare)(const struct mla_problem *, void *prepared, int32_t threads);
    /* Put `rows` [count] at positions position, position + 1, ... of the sequence. */
    int (*store)(const struct mla_problem *, const struct mla_memory *, const struct mla_seq *,
                 int64_t position, int64_t count, const float *rows, int32_t threads);
    /* The inverse, as exactly as the format kept them: rows of plan.cached's kind. */
    int (*load)(const struct mla_problem *, const struct mla_memory *, const struct mla_seq *,
                int64_t position, int64_t count, float *rows);
    int (*attend)(const struct mla_problem *, const struct mla_memory *, const struct mla_call *);
    int (*copy_page)(const struct mla_problem *, const struct mla_memory *, int32_t from,
                     int32_t to);
    /* Let go of what `prepare` holds beyond memory. May be NULL. */
    void (*release)(const struct mla_problem *, void *prepared);
    /* The derivative of `attend`: see struct mla_gradient. The cache is only read; of the memory's
     * workspace nothing is used. -ENOTSUP for a problem that it supports but whose gradients it
     * cannot form, having cached something else than rows, -EINVAL if there are more threads than
     * the problem says: nothing is then written. May be NULL. */
    int (*backward)(const struct mla_problem *, const struct mla_memory *,
                    const struct mla_gradient *);

    /* Stages of the layer around attention that a kernel may bring along; NULL: the harness's own.
     * They are called with any of the layer's dimensions, fp32 in and out, tokens 0 or more, and
     * must be as exact as fp32 arithmetic in any order of summation is. */
    /* y = W x: x [tokens][in], weight [out][in], y [tokens][out]. */
    int (*linear)(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                  float *y, int32_t threads);
    /* RMSNorm of each vector: y_k = x_k weight_k gain / sqrt(mean(x^2) + eps), weight [width]. */
    int (*norm)(const struct mla_vectors *, const float *weight, double eps, double gain,
                int32_t threads);
    /* Each vector of token t at positions[t], which is 0 to max_position_embeddings - 1: the last
     * rope.dim elements rotated, the others copied. Of pair i = (a, b), with the angle
     * r = positions[t] frequencies[i] taken in double, as fp32 is too coarse for far positions:
     *   y_a = magnitude (x_a cos r - x_b sin r), y_b = magnitude (x_a sin r + x_b cos r) */
    int (*rope)(const struct mla_vectors *, const struct mla_rope *, const int64_t *positions,
                int32_t threads);

    /* The order that `attend` would take for a call with these sequences, where that varies: what
     * the FLOP accounting then counts instead of `order`. May be NULL. */
    enum mla_order (*order_for)(const struct mla_problem *, const struct mla_seq *seqs,
                                int32_t batch);

    /* The bytes of workspace that `backward` needs for the problem, those of `attend` not among
     * them. NULL: none. Answers at once, like `plan`. */
    int (*backward_workspace)(const struct mla_problem *, size_t *bytes);
};

/* What a shared object exports, under the name MLA_REGISTRY_SYMBOL. */
struct mla_registry {
    uint32_t abi; /* MLA_ABI */
    uint32_t count;
    const struct mla_kernel *const *kernels;
};
typedef const struct mla_registry *mla_registry_function(void);
#define MLA_REGISTRY_SYMBOL "mla_kernels"
const struct mla_registry *mla_kernels(void);

#ifdef __cplusplus
}
#endif

#endif
