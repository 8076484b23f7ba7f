/* SPDX-License-Identifier: MIT
 *
 * A block of keys and one head: the gradients of its queries, keys, values and weights. */
#include "kernels/backward_pass.h"

#include "kernels/dot.h"
#include "kernels/expand.h"
#include "kernels/row_cache.h"
#include "kernels/softmax.h"

#include <string.h>

/* A head of a token, in an array [tokens][heads][width]. */
static int64_t place(const struct pass *pass, int64_t token, int32_t head, int64_t width)
{
    return ((pass->seq->token + token) * pass->problem->heads + head) * width;
}

/* How many of the block's keys a token attends. */
static int32_t keys_of_token(const struct pass *pass, int64_t token)
{
    int64_t left = mla_keys(pass->problem, pass->seq, token) - pass->done;
    return left < pass->count ? (int32_t)left : pass->count;
}

/* A token's scores and products to its weights, p = exp(s - lse), and the scores' gradients,
 * times scale: scale p (grad_o . v - D), D = o . grad_o. */
static void differentiate_scores(struct pass *pass, int64_t row, int32_t head, int64_t token,
                                 int32_t column, int32_t count)
{
    const struct mla_gradient *call = pass->call;
    float lse = call->lse[place(pass, token, head, 1)], scale = pass->problem->scale;
    int64_t at = place(pass, token, head, pass->v);
    float d = dot(pass->v, call->o + at, call->grad_o + at);
    float *scores = pass->scores + row * BLOCK, *products = pass->products + row * BLOCK;
    for (int32_t j = 0; j < count; j += 4) {
        /* Beyond count there are other scores or the row's end, but no key. */
        float4 p = exp_negative(float4_load(scores + j) - lse);
        float4 gradient = scale * (p * (float4_load(products + j) - d));
        float4_store(scores + j, gradient);
        for (int32_t l = 0; l < 4 && j + l < count; l++) {
            pass->weights_transposed[(j + l) * TOKENS + column] = p[l];
            pass->scores_transposed[(j + l) * TOKENS + column] = gradient[l];
        }
    }
}

/* Tokens token .. token + tokens - 1, all of which attend keys of the block. */
static void differentiate_tile(struct pass *pass, int32_t head, int64_t token, int32_t tokens)
{
    const struct mla_gradient *call = pass->call;
    int64_t qk = pass->qk, v = pass->v, heads = pass->problem->heads;
    const float *q = call->q + place(pass, token, head, qk);
    const float *grad_o = call->grad_o + place(pass, token, head, v);
    loops_arithmetic.dots(tokens, pass->count, qk, pass->problem->scale, q, heads * qk, &pass->keys,
                          pass->scores, BLOCK);
    loops_arithmetic.dots(tokens, pass->count, v, 1.0f, grad_o, heads * v, &pass->values,
                          pass->products, BLOCK);
    int32_t counts[TOKENS], attended[BLOCK] = {0};
    for (int32_t r = 0; r < tokens; r++) {
        counts[r] = keys_of_token(pass, token + r);
        differentiate_scores(pass, r, head, token + r, tokens - 1 - r, counts[r]);
        for (int32_t j = 0; j < counts[r]; j++)
            attended[j]++;
    }
    loops_arithmetic.weigh_ragged(tokens, qk, counts, pass->scores, BLOCK, &pass->keys,
                                  call->grad_q + place(pass, token, head, qk), heads * qk);
    float *part = part_of(pass, head);
    struct rows queries = rows_strided(q + (tokens - 1) * heads * qk, -heads * qk);
    struct rows gradients = rows_strided(grad_o + (tokens - 1) * heads * v, -heads * v);
    loops_arithmetic.weigh_ragged(pass->count, qk, attended, pass->scores_transposed, TOKENS,
                                  &queries, part, pass->each);
    loops_arithmetic.weigh_ragged(pass->count, v, attended, pass->weights_transposed, TOKENS,
                                  &gradients, part + qk, pass->each);
}

/* Wkv_b's gradient: that of each key and value times the latent it was expanded from. */
static void differentiate_weights(struct pass *pass, int32_t head)
{
    const struct mla_problem *p = pass->problem;
    int64_t nope = p->qk_nope_head_dim, rank = p->kv_lora_rank, rows = nope + pass->v;
    const float *part = part_of(pass, head);
    for (int64_t j = 0; j < pass->count; j++)
        for (int64_t d = 0; d < rows; d++)
            pass->part_transposed[d * BLOCK + j] =
                part[j * pass->each + (d < nope ? d : pass->qk + d - nope)];
    loops_arithmetic.weigh(rows, rank, pass->count, pass->part_transposed, BLOCK, &pass->cached,
                           pass->call->grad_wkv_b + head * rows * rank, rank);
}

static void find_keys(struct pass *pass, int32_t head)
{
    const struct mla_problem *p = pass->problem;
    bool latent = p->kind == MLA_LATENT;
    pass->cached =
        row_cache_rows(&pass->layout, pass->cache, latent ? 0 : head / (p->heads / p->heads_kv),
                       pass->count, pass->slots, latent, pass->list, pass->gathered);
    pass->keys = pass->cached;
    if (latent) {
        expand_keys(&loops_arithmetic, p, head, pass->count, &pass->cached, pass->expanded,
                    pass->each);
        expand_values(&loops_arithmetic, p, head, pass->count, &pass->cached,
                      pass->expanded + pass->qk, pass->each);
        pass->keys = rows_strided(pass->expanded, pass->each);
    }
    pass->values = rows_from(pass->keys, pass->qk);
}

void backward_head(struct pass *pass, int32_t head)
{
    find_keys(pass, head);
    memset(part_of(pass, head), 0, (size_t)(BLOCK * pass->each) * sizeof(float));
    for (int64_t token = pass->first; token < pass->seq->tokens; token += TOKENS) {
        int64_t left = pass->seq->tokens - token;
        differentiate_tile(pass, head, token, left < TOKENS ? (int32_t)left : TOKENS);
    }
    if (pass->problem->kind == MLA_LATENT)
        differentiate_weights(pass, head);
}
