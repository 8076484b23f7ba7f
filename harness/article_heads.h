/* SPDX-License-Identifier: MIT
 *
 * What each head of the article's layer attends to, seen from its inputs: Z = X Wz, head i's
 * s_j = scale q_i . k_ij with q_i = Wq_i z and k_ij = Wk_i z_j. As a function of token j the score
 * is linear: s_j = g_i . x_j with g_i = scale Wz^T Wk_i^T q_i, one weight for each element of the
 * input. */
#ifndef MLABENCH_ARTICLE_HEADS_H
#define MLABENCH_ARTICLE_HEADS_H

#include "reference/reference.h"

#include <stdint.h>

struct article_heads {
    double *p;      /* [heads][tokens] softmax of the scores of one token's query */
    double *g;      /* [heads][hidden] */
    double *scores; /* [heads][tokens] */
    double *y;      /* [output_size] of that token, by way of p */
    double *memory; /* malloc'ed, holds them all */
};

/* Of token number `query` among x [tokens][hidden]. Returns 0 or -ENOMEM; can be destroyed in
 * either case. */
int article_heads(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
                  int64_t tokens, const double *x, int64_t query, struct article_heads *out);
void article_heads_destroy(struct article_heads *heads);

#endif
