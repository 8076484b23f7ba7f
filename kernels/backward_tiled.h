/* SPDX-License-Identifier: MIT
 *
 * The verb `backward` of kernels whose cache holds rows as they come, in tiles as in
 * FlashAttention-2 (Dao 2023): the weights are formed anew from lse, block by block, so that no
 * more than a block's are ever held. Latents are expanded for each head. */
#ifndef MLABENCH_BACKWARD_TILED_H
#define MLABENCH_BACKWARD_TILED_H

#include "kernels/kernel.h"

#pragma GCC visibility push(hidden)

int tiled_backward_workspace(const struct mla_problem *problem, size_t *bytes);
int tiled_backward(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_gradient *gradient);

/* For kernels that cache a latent's keys and values, of which its gradient cannot be had:
 * -ENOTSUP. */
int tiled_backward_kv(const struct mla_problem *problem, const struct mla_memory *memory,
                      const struct mla_gradient *gradient);

#pragma GCC visibility pop

#endif
