/* SPDX-License-Identifier: MIT
 *
 * One block of keys after the other: of each head the gradients of its keys and values, over all
 * queries; then those of the rows that they came from, summed over heads. No two threads add to the
 * same element, and every element is added to in the same order, however many there are. */
#include "kernels/backward_tiled.h"

#include "kernels/backward_pass.h"
#include "kernels/call.h"
#include "kernels/row_cache.h"
#include "kernels/shape.h"

#include <errno.h>
#include <omp.h>
#include <string.h>

static struct row_layout layout_of(const struct mla_problem *problem)
{
    return problem->kind == MLA_LATENT ? latent_layout(problem) : expanded_layout(problem);
}

/* Sets the thread's arrays side by side in `memory`, unless NULL, and returns their floats. */
static int64_t place_arrays(struct pass *pass, float *memory)
{
    const struct mla_problem *p = pass->problem;
    bool latent = p->kind == MLA_LATENT;
    const int64_t tile = (int64_t)TOKENS * BLOCK;
    const struct {
        float **array;
        int64_t floats;
    } parts[] = {
        {&pass->scores, tile},
        {&pass->products, tile},
        {&pass->weights_transposed, tile},
        {&pass->scores_transposed, tile},
        {&pass->gathered, row_cache_gathered(&pass->layout, BLOCK, latent)},
        {&pass->expanded, latent ? BLOCK * pass->each : 0},
        {&pass->part_transposed,
         latent ? (int64_t)BLOCK * (p->qk_nope_head_dim + p->v_head_dim) : 0},
        {&pass->sums, latent ? (int64_t)BLOCK * STRIP : 0},
    };
    int64_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].array = memory ? memory + used : NULL;
        used += parts[i].floats;
    }
    return thread_floats(used);
}

static struct pass pass_of(const struct mla_problem *problem)
{
    return (struct pass){.problem = problem,
                         .layout = layout_of(problem),
                         .qk = qk_head_dim(problem),
                         .v = problem->v_head_dim,
                         .each = qk_head_dim(problem) + problem->v_head_dim};
}

/* Floats of `parts`. */
static int64_t shared_floats(const struct pass *pass)
{
    return thread_floats((int64_t)pass->problem->heads * BLOCK * pass->each);
}

int tiled_backward_workspace(const struct mla_problem *problem, size_t *bytes)
{
    struct pass pass = pass_of(problem);
    int64_t threads = place_arrays(&pass, NULL) * problem->max_threads;
    *bytes = (size_t)(shared_floats(&pass) + threads) * sizeof(float);
    return 0;
}

/* --- the rows, which heads share --- */

/* Adds columns of all of a group's heads' parts to a row from `column` on. */
static void add_parts(const struct pass *pass, int64_t j, int64_t first_head, int64_t heads,
                      int64_t from, int64_t columns, int64_t column)
{
    float *row = pass->call->grad_rows + pass->slots[j] * row_width(pass->problem) + column;
    for (int64_t h = first_head; h < first_head + heads; h++) {
        const float *part = part_of(pass, h) + j * pass->each + from;
        for (int64_t i = 0; i < columns; i++)
            row[i] += part[i];
    }
}

/* A strip of c_kv's gradient, through Wuk^T and Wuv^T. */
static void add_latents(const struct pass *pass, int64_t first)
{
    const struct mla_problem *p = pass->problem;
    int64_t rank = p->kv_lora_rank, columns = rank - first < STRIP ? rank - first : STRIP;
    memset(pass->sums, 0, sizeof(float) * BLOCK * STRIP);
    for (int32_t h = 0; h < p->heads; h++) {
        struct rows key_weights = rows_strided(wuk(p, h) + first, rank);
        struct rows value_weights = rows_strided(wuv(p, h) + first, rank);
        loops_arithmetic.weigh(pass->count, columns, p->qk_nope_head_dim, part_of(pass, h),
                               pass->each, &key_weights, pass->sums, STRIP);
        loops_arithmetic.weigh(pass->count, columns, pass->v, part_of(pass, h) + pass->qk,
                               pass->each, &value_weights, pass->sums, STRIP);
    }
    for (int64_t j = 0; j < pass->count; j++) {
        float *row = pass->call->grad_rows + pass->slots[j] * row_width(p) + first;
        for (int64_t i = 0; i < columns; i++)
            row[i] += pass->sums[j * STRIP + i];
    }
}

/* How many pieces of work the rows' gradients are, and one of them: of keys and values a row's, of
 * latents a strip's and, first, k_rope's. */
static int64_t row_items(const struct pass *pass)
{
    if (pass->problem->kind == MLA_KV)
        return pass->count;
    return 1 + (pass->problem->kv_lora_rank + STRIP - 1) / STRIP;
}

static void differentiate_rows(const struct pass *pass, int64_t item)
{
    const struct mla_problem *p = pass->problem;
    int64_t group = p->heads / p->heads_kv;
    if (p->kind == MLA_KV) {
        for (int64_t g = 0; g < p->heads_kv; g++)
            add_parts(pass, item, g * group, group, 0, pass->each, g * pass->each);
    } else if (item > 0) {
        add_latents(pass, (item - 1) * STRIP);
    } else {
        for (int64_t j = 0; j < pass->count; j++)
            add_parts(pass, j, 0, p->heads, p->qk_nope_head_dim, p->qk_rope_head_dim,
                      p->kv_lora_rank);
    }
}

/* --- all of a call --- */

static void begin_block(struct pass *pass, int64_t done, int64_t keys)
{
    pass->done = done;
    pass->count = keys - done < BLOCK ? (int32_t)(keys - done) : BLOCK;
    for (int64_t j = 0; j < pass->count; j++)
        pass->slots[j] = mla_slot(pass->problem, pass->seq, pass->seq->kv_begin + done + j);
    while (mla_keys(pass->problem, pass->seq, pass->first) <= done)
        pass->first++;
}

/* By all threads of the team. Sequences may share rows, so they take turns. */
static void differentiate_sequence(struct pass *pass, const struct mla_seq *seq)
{
    const struct mla_problem *p = pass->problem;
    pass->seq = seq;
    pass->first = 0;
#pragma omp for schedule(static)
    for (int64_t t = 0; t < seq->tokens; t++)
        memset(pass->call->grad_q + (seq->token + t) * p->heads * pass->qk, 0,
               (size_t)(p->heads * pass->qk) * sizeof(float));
    int64_t keys = seq->tokens > 0 ? mla_keys(p, seq, seq->tokens - 1) : 0;
    for (int64_t done = 0; done < keys; done += BLOCK) {
        begin_block(pass, done, keys);
#pragma omp for schedule(dynamic)
        for (int32_t h = 0; h < p->heads; h++)
            backward_head(pass, h);
#pragma omp for schedule(dynamic)
        for (int64_t item = 0; item < row_items(pass); item++)
            differentiate_rows(pass, item);
    }
}

int tiled_backward(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_gradient *gradient)
{
    if (gradient->threads < 1 || gradient->threads > problem->max_threads)
        return -EINVAL;
#pragma omp parallel num_threads(gradient->threads)
    {
        struct pass pass = pass_of(problem);
        pass.call = gradient;
        pass.cache = memory->cache;
        pass.parts = gradient->workspace;
        float *own = pass.parts + shared_floats(&pass);
        place_arrays(&pass, own + omp_get_thread_num() * place_arrays(&pass, NULL));
        for (int32_t b = 0; b < gradient->batch; b++)
            differentiate_sequence(&pass, &gradient->seqs[b]);
    }
    return 0;
}

int tiled_backward_kv(const struct mla_problem *problem, const struct mla_memory *memory,
                      const struct mla_gradient *gradient)
{
    return problem->kind == MLA_KV ? tiled_backward(problem, memory, gradient) : -ENOTSUP;
}
