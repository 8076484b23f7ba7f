/* SPDX-License-Identifier: MIT
 *
 * Wuk is folded into the query and Wuv applied to the weighted latent, so that the cached row
 * itself is every head's key and its c_kv part the value. */
#include "kernels/tiled.h"

#include <string.h>

/* q' = [Wuk^T q_nope | q_rope], a head's tokens together. */
static void absorb(struct tile *tile)
{
    const struct mla_problem *p = tile->problem;
    int64_t nope = p->qk_nope_head_dim, rank = p->kv_lora_rank, qk = qk_head_dim(p);
    int64_t width = tile->shape.qk;
    mla_enter(tile->call, tile->thread, MLA_STAGE_ABSORB);
    for (int32_t r = 0; r < tile->rows; r++) {
        float *row = tile->q + r * width;
        memset(row, 0, (size_t)rank * sizeof(float));
        memcpy(row + rank, tile->call->q + tile_place(tile, r, qk) + nope,
               (size_t)p->qk_rope_head_dim * sizeof(float));
    }
    for (int32_t r = 0, run; r < tile->rows; r += run) {
        run = tile_run(tile, r);
        struct rows weights = rows_strided(wuk(p, tile_head(tile, r)), rank);
        tile->arithmetic->weigh(run, rank, nope, tile->call->q + tile_place(tile, r, qk),
                                p->heads * qk, &weights, tile->q + r * width, width);
    }
}

/* o = Wuv sum_j p_j c_j, likewise. */
static void value_up(struct tile *tile)
{
    const struct mla_problem *p = tile->problem;
    int64_t v = p->v_head_dim, rank = p->kv_lora_rank;
    mla_enter(tile->call, tile->thread, MLA_STAGE_VALUE_UP);
    for (int32_t r = 0, run; r < tile->rows; r += run) {
        run = tile_run(tile, r);
        struct rows weights = rows_strided(wuv(p, tile_head(tile, r)), rank);
        tile->arithmetic->dots(run, v, rank, 1.0f, tile->sums + r * rank, rank, &weights,
                               tile->call->o + tile_place(tile, r, v), p->heads * v);
    }
}

static void latent_itself(struct tile *tile, int32_t count, const struct rows *cached,
                          struct rows *keys, struct rows *values)
{
    (void)tile;
    (void)count;
    *keys = *values = *cached;
}

const struct form absorbed_form = {
    .shape = absorbed_shape,
    .queries = absorb,
    .keys = latent_itself,
    .outputs = value_up,
};
