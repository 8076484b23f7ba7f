/* SPDX-License-Identifier: MIT
 *
 * Seeded weights and hidden states of one layer, for when there is no checkpoint. */
#ifndef MLABENCH_WEIGHTS_H
#define MLABENCH_WEIGHTS_H

#include "harness/error.h"
#include "harness/memory.h"
#include "harness/model.h"
#include "reference/reference.h"

#include <stdint.h>

struct layer_weights {
    struct ref_layer_weights named; /* point into memory */
    struct buffer memory;
};

/* Bytes that weights_create will ask for. */
uint64_t weights_bytes(const struct model *model);

/* Normal weights, such that unit-variance hidden states give unit-variance activations after each
 * projection, LongCat's gains included, but for:
 *   - the last projection of q, scaled so that the scores' standard deviation is 2 where it would
 *     fall outside 1 to 3, as uniform attention would hide errors;
 *   - what a norm takes in, with a standard deviation of 1/4, so that a norm left out or another
 *     norm_eps shows;
 *   - the norms' weights, 1 +- 0.2, so that leaving them out shows.
 * The same bits for any number of threads. Returns 0 or MLA_MACHINE. */
int weights_create(const struct model *model, uint64_t seed, int threads,
                   struct layer_weights *weights, struct mla_error *error);
/* The same memory, zeroed, for somebody else to fill: named's members are then not const. */
int weights_allocate(const struct model *model, enum buffer_kind kind,
                     struct layer_weights *weights, struct mla_error *error);
/* A weight of an MLA layer as checkpoints name it, after "self_attn." and before ".weight". */
struct named_weight {
    const char *name;
    const float *data;     /* [rows][columns] */
    int64_t rows, columns; /* rows 0: a vector */
};
enum { NAMED_WEIGHTS = 8 };

/* Those that the model has. Returns how many. */
int weights_list(const struct model *model, const struct ref_layer_weights *named,
                 struct named_weight list[NAMED_WEIGHTS]);

void weights_destroy(struct layer_weights *weights);

/* Hidden states of tokens first, first + 1, ...: x [tokens][hidden_size], normal, standard
 * deviation 1. A token's depend on (seed, its number) alone. */
void hidden_states(const struct model *model, uint64_t seed, int64_t first, int64_t tokens,
                   float *x);

#endif
