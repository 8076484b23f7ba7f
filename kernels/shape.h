/* SPDX-License-Identifier: MIT
 *
 * Widths that follow from a problem. */
#ifndef MLABENCH_SHAPE_H
#define MLABENCH_SHAPE_H

#include "kernels/kernel.h"
#include "kernels/row_layout.h"

static inline int64_t qk_head_dim(const struct mla_problem *p)
{
    return p->qk_nope_head_dim + p->qk_rope_head_dim;
}

/* Of the latent c_kv and k_rope. */
static inline int64_t latent_width(const struct mla_problem *p)
{
    return p->kv_lora_rank + p->qk_rope_head_dim;
}

/* Of the keys and values of all key-value heads, [heads_kv][k | v]. */
static inline int64_t expanded_width(const struct mla_problem *p)
{
    return p->heads_kv * (qk_head_dim(p) + p->v_head_dim);
}

/* Of the rows that `store` is given. */
static inline int64_t row_width(const struct mla_problem *p)
{
    return p->kind == MLA_LATENT ? latent_width(p) : expanded_width(p);
}

/* A head's Wuk [qk_nope_head_dim][kv_lora_rank] and Wuv [v_head_dim][kv_lora_rank]. */
static inline const float *wuk(const struct mla_problem *p, int64_t head)
{
    return p->wkv_b + head * (p->qk_nope_head_dim + p->v_head_dim) * p->kv_lora_rank;
}

static inline const float *wuv(const struct mla_problem *p, int64_t head)
{
    return wuk(p, head) + (int64_t)p->qk_nope_head_dim * p->kv_lora_rank;
}

/* Attention over cached rows, as its loops see it. Query heads fall into `groups` of equal size
 * that share a group of each row's columns, or all share the only one. */
struct shape {
    int32_t heads, groups;
    int64_t qk, v;         /* floats of a query and of its key, and of a value */
    struct row_layout row; /* as cached */
    int64_t value_column;  /* of the row's group: where its value begins. Its key begins at 0 */
};

/* Keys and values are cached. */
static inline struct shape expanded_shape(const struct mla_problem *p)
{
    return (struct shape){.heads = p->heads,
                          .groups = p->heads_kv,
                          .qk = qk_head_dim(p),
                          .v = p->v_head_dim,
                          .row = expanded_layout(p),
                          .value_column = qk_head_dim(p)};
}

/* The latent row is every head's key, and its c_kv part every head's value. */
static inline struct shape absorbed_shape(const struct mla_problem *p)
{
    return (struct shape){.heads = p->heads,
                          .groups = 1,
                          .qk = latent_width(p),
                          .v = p->kv_lora_rank,
                          .row = latent_layout(p)};
}

/* The latent row is cached, and each head's key and value are expanded from all of it. */
static inline struct shape reexpanded_shape(const struct mla_problem *p)
{
    return (struct shape){.heads = p->heads,
                          .groups = p->heads,
                          .qk = qk_head_dim(p),
                          .v = p->v_head_dim,
                          .row = latent_layout(p)};
}

#endif
