/* SPDX-License-Identifier: MIT
 *
 * A model small enough to be handed on with what it computes: the true head dimensions, but few
 * heads and narrow layers, and seeded weights that are exact in bf16. */
#ifndef MLABENCH_CONFORMANCE_MODEL_H
#define MLABENCH_CONFORMANCE_MODEL_H

#include "harness/error.h"
#include "harness/model.h"
#include "harness/weights.h"

#include <stdbool.h>
#include <stdint.h>

struct dimension_cut {
    const char *field; /* as config.json spells it */
    int64_t from, to;
};

enum { CONFORMANCE_CUTS = 8 };

struct conformance_model {
    struct model model; /* as cut */
    struct dimension_cut cuts[CONFORMANCE_CUTS];
    int cut_count;
    bool full;                    /* nothing is cut, and weights are as they were drawn */
    struct layer_weights weights; /* of layer 0 */
};

/* Reads an MLA model's config.json, cuts it unless `full`, writes what is left of it as
 * FOLDER/config.json, in the spelling of the original, reads that and draws weights. Returns 0,
 * MLA_BAD_INPUT or MLA_MACHINE; conformance_model_destroy is due only after success. */
int conformance_model_create(const char *path, const char *folder, bool full, uint64_t seed,
                             int threads, struct conformance_model *m, struct mla_error *error);
void conformance_model_destroy(struct conformance_model *m);

/* What checkpoints put before the names of layer 0's tensors. LongCat-Flash has two attentions a
 * layer: the first. */
const char *conformance_prefix(const struct model *model);

/* Writes FOLDER/model.safetensors. */
int conformance_model_write(const struct conformance_model *m, const char *folder,
                            struct mla_error *error);

#endif
