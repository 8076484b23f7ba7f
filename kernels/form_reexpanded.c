/* SPDX-License-Identifier: MIT
 *
 * The latent is cached, and each block of it expanded to a head's keys and values anew. */
#include "kernels/expand.h"
#include "kernels/tiled.h"

static void expand(struct tile *tile, int32_t count, const struct rows *cached, struct rows *keys,
                   struct rows *values)
{
    const struct shape *shape = &tile->shape;
    int64_t stride = shape->qk + shape->v;
    *keys = rows_strided(tile->expanded, stride);
    *values = rows_from(*keys, shape->qk);
    mla_enter(tile->call, tile->thread, MLA_STAGE_ABSORB);
    expand_keys(tile->arithmetic, tile->problem, tile->group, count, cached, tile->expanded,
                stride);
    mla_enter(tile->call, tile->thread, MLA_STAGE_VALUE_UP);
    expand_values(tile->arithmetic, tile->problem, tile->group, count, cached,
                  tile->expanded + shape->qk, stride);
    mla_enter(tile->call, tile->thread, MLA_STAGE_CORE);
}

const struct form reexpanded_form = {
    .shape = reexpanded_shape,
    .strided = true,
    .expands = true,
    .queries = tile_copy_queries,
    .keys = expand,
    .outputs = tile_copy_outputs,
};
