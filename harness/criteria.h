/* SPDX-License-Identifier: MIT
 *
 * How other projects accept a kernel of Multi-head Latent Attention: the inputs of their tests and
 * what they demand of the outputs, as read in their sources in 2026. Inputs are drawn anew here,
 * with fewer heads and sequences where an expanded cache would not fit; lengths are theirs.
 *
 * All but the last test the absorbed core: q and rows 512 + 64 wide, values the row's first 512
 * elements. That is MLA with Wuk = Wuv = I, qk_nope_head_dim = v_head_dim = kv_lora_rank = 512 and
 * qk_rope_head_dim = 64, whatever a kernel's order. The last tests a whole layer.
 *
 * What a kernel returns is rounded to the type that their test compares. The reference is exact,
 * rounded to the same type once: theirs may err more, which makes these verdicts, if anything,
 * stricter. */
#ifndef MLABENCH_CRITERIA_H
#define MLABENCH_CRITERIA_H

#include "harness/criteria_accept.h"
#include "harness/criteria_values.h"

#include <stdbool.h>
#include <stdint.h>

enum { CORE_LATENT = 512, CORE_ROPE = 64, CORE_BATCH_MAX = 4, CRITERION_CASES_MAX = 8 };

/* One call of the core. */
struct core_case {
    const char *name;
    int32_t heads, batch;
    int64_t lengths[CORE_BATCH_MAX]; /* keys of each sequence */
    int64_t tokens;                  /* queries of each sequence, at its last positions */
    int64_t page_size;               /* 0: contiguous, as for kernels that have no pages */
    bool causal, sinks;
    enum dtype q_dtype, kv_dtype, o_dtype;
    struct tolerance o, lse;
};

/* One layer over the first `tokens` positions, at once. */
struct layer_case {
    const char *model; /* of configs/models */
    int64_t tokens;
};

struct criterion {
    const char *name; /* in the table and in JSON */
    const char *project, *source;
    const char *summary; /* what the test does, and where this one does less */
    double scale;
    enum distribution q, rows;
    bool q_rope_zero;  /* the RoPE part of q */
    bool shuffled;     /* pages, else in order */
    bool nan_unused;   /* slots that hold no row, else they are 0 */
    bool new_row;      /* one row of each sequence is overwritten after the others were stored */
    bool compares_lse; /* else o alone */
    double lse_factor; /* what lse is multiplied by before it is compared */
    accept_function *accept;
    const struct core_case *cases;
    int case_count;
    const struct layer_case *layers; /* judged by layer_tolerance */
    int layer_count;
    struct tolerance layer_tolerance;
};

enum { CRITERIA = 7 };
extern const struct criterion criteria[CRITERIA];

#endif
