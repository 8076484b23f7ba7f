/* SPDX-License-Identifier: MIT
 *
 * Scores where keys that are made of a latent carry RoPE, and ways to have them from the latent.
 * With R_p the rotation at position p, c_j the latent of the key at position j, and k_j = Wuk c_j,
 *   s_j = scale (R_p q) . (R_j k_j) = scale q^T R_p^T R_j Wuk c_j.
 * Absorbing Wuk into the query leaves no place for R_j, which is another at each distance p - j and
 * does not commute with Wuk. */
#ifndef MLABENCH_ROPE_ABSORPTION_H
#define MLABENCH_ROPE_ABSORPTION_H

#include "harness/error.h"
#include "reference/reference.h"

#include <stdint.h>

enum rope_way {
    ROPE_EXPANDED,      /* as above, the key expanded and rotated: what the next four are held to */
    ROPE_LEFT_OUT,      /* (Wuk^T q) . c_j: right at distance 0 */
    ROPE_ON_QUERY,      /* (Wuk^T R_p q) . c_j: right for the key at position 0 */
    ROPE_ON_LATENT,     /* (R'_p Wuk^T q) . (R'_j c_j), R' as wide as the latent: right at
                           distance 0 */
    ROPE_PER_KEY,       /* (Wuk^T R_j^T R_p q) . c_j, absorbed anew for each key: exact */
    DECOUPLED_EXPANDED, /* k without RoPE, and a part of its own that has it, shared by all heads:
                           q . (Wuk c_j) + (R_p q_rope) . (R_j k_rope_j) */
    DECOUPLED_ABSORBED, /* (Wuk^T q) . c_j + (R_p q_rope) . (R_j k_rope_j): exact */
    ROPE_WAYS,
};

/* The way whose scores a way is to give: ROPE_EXPANDED or DECOUPLED_EXPANDED. */
enum rope_way rope_truth(enum rope_way way);

/* FLOPs per head of a score, without what is done once per query: products of Wuk, of latents and
 * of keys, a multiplication and an addition each. Rotating is not counted. */
double rope_flops(enum rope_way way, int64_t head_dim, int64_t rank, int64_t rope_dim);

struct rope_heads {
    int32_t heads, queries; /* queries all at one position */
    int64_t rank, head_dim; /* of the latent, and of a head's part without decoupled RoPE */
    int64_t rope_dim;       /* of the decoupled part */
    struct ref_rope rope;   /* its dim is ignored: the ways rotate head_dim, rank and rope_dim */
    double scale, decoupled_scale;
    const double *wuk;    /* [heads][head_dim][rank] */
    const double *q;      /* [heads][queries][head_dim], before RoPE */
    const double *q_rope; /* [heads][queries][rope_dim], before RoPE */
    int64_t position;     /* of the queries */
    int threads;
};

struct rope_keys {
    int64_t count;
    const int64_t *positions; /* [count] */
    const double *c;          /* [count][rank] */
    const double *k_rope;     /* [count][rope_dim], before RoPE */
};

/* scores[way] [heads][queries][count], or NULL where a way is not wanted. Returns 0 or MLA_MACHINE.
 */
int rope_scores(const struct rope_heads *heads, const struct rope_keys *keys,
                double *const scores[ROPE_WAYS], struct mla_error *error);

#endif
