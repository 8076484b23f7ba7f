/* SPDX-License-Identifier: MIT
 *
 * One block of keys on its way back, for the files that `backward` consists of. */
#ifndef MLABENCH_BACKWARD_PASS_H
#define MLABENCH_BACKWARD_PASS_H

#include "kernels/arithmetic.h"
#include "kernels/kernel.h"
#include "kernels/row_layout.h"

#pragma GCC visibility push(hidden)

enum {
    BLOCK = 64,  /* keys */
    TOKENS = 64, /* of a tile: queries of one head */
    STRIP = 64,  /* columns of latents whose gradients are summed over heads at once: so much of
                    Wkv_b, and the sums, stay in the second-level cache */
};

/* One thread's view of a block of keys of a sequence. */
struct pass {
    const struct mla_problem *problem;
    const struct mla_gradient *call;
    const void *cache;
    struct row_layout layout;
    int64_t qk, v, each; /* each: of a key and its value, qk + v */

    const struct mla_seq *seq;
    int64_t done;  /* keys of the sequence before this block */
    int32_t count; /* keys of this block */
    int64_t first; /* new token that attends any of it; all later ones do */
    int64_t slots[BLOCK];

    struct rows cached, keys, values;
    const float *list[BLOCK];

    float *parts; /* [heads][BLOCK][each]: gradients of keys and values; shared */
    /* In the thread's part of the workspace: */
    float *scores;             /* [TOKENS][BLOCK], then the gradients of the scores */
    float *products;           /* [TOKENS][BLOCK]: grad_o . v */
    float *weights_transposed; /* [BLOCK][TOKENS], and of tokens the last first: those that attend
                                  a key come before those that do not */
    float *scores_transposed;  /* likewise */
    float *gathered;           /* cached rows that could not be used where they lie */
    float *expanded;           /* [BLOCK][each] */
    float *part_transposed;    /* [qk_nope_head_dim + v_head_dim][BLOCK] */
    float *sums;               /* [BLOCK][STRIP] */
};

/* A head's. */
static inline float *part_of(const struct pass *pass, int64_t head)
{
    return pass->parts + head * BLOCK * pass->each;
}

/* Writes the head's part and adds to its grad_q and grad_wkv_b. */
void backward_head(struct pass *pass, int32_t head);

#pragma GCC visibility pop

#endif
