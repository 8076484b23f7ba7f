/* SPDX-License-Identifier: MIT
 *
 * The rotary embedding of a config.json, in either spelling:
 *   older  rope_theta and rope_scaling {type or rope_type, factor, ...}, null or absent if plain
 *   newer  rope_parameters {rope_type, rope_theta, factor, ...} */
#ifndef MLABENCH_MODEL_ROPE_H
#define MLABENCH_MODEL_ROPE_H

#include "harness/json_fields.h"
#include "reference/reference.h"

#include <stdbool.h>
#include <stdint.h>

struct model_rope_choice {
    double default_theta;  /* where the model's own code has one, else 0: rope_theta is required */
    bool replace_longrope; /* read LongRoPE as plain RoPE instead of refusing it */
    int64_t max_position_embeddings;
};

/* Fills all of *rope but dim and interleaved. YaRN's missing fields are those of DeepSeek's code:
 * beta_fast 32, beta_slow 1, mscale 1, mscale_all_dim 0. *replaced: whether LongRoPE was. Rope
 * types but default and yarn are refused by name, as is every field that is not understood. */
int model_rope_read(const struct fields *config, const struct model_rope_choice *choice,
                    struct ref_rope *rope, bool *replaced);

#endif
