/* SPDX-License-Identifier: MIT
 *
 * What keys and values of an MHA layer lose in a latent of low rank. The rows are
 * [all heads' K | all heads' V] before RoPE; the directions are those that are best for one set of
 * tokens, the errors those over other tokens, as a cache meets them. */
#ifndef MLABENCH_RANK_TRIAL_H
#define MLABENCH_RANK_TRIAL_H

#include "harness/model.h"
#include "harness/spectrum.h"
#include "reference/reference.h"

#include <stdbool.h>
#include <stdint.h>

struct rank_trial {
    const struct model *model;               /* MHA */
    const struct ref_layer_weights *weights; /* its own */
    const struct spectrum *spectrum;         /* of the hidden states */
    int64_t fitted, held_out;                /* tokens; fitted >= hidden_size */
    int64_t queries;                         /* the last ones of those held out */
    uint64_t seed;
    int threads;
    const int64_t *ranks; /* [count], ascending, each even and hidden_size at most */
    int count;
    bool separate; /* K and V in latents of their own as well: takes as long again */
};

/* Root mean squares of the errors, relative. */
struct rank_errors {
    double fitted;   /* of [K | V], over the tokens that the directions were fitted to */
    double held_out; /* of [K | V], over other tokens */
    double separate; /* the same of two latents, K's and V's, each of half the rank; NAN where
                        that was not asked for */
    double output;   /* of o, over the tokens held out: exact attention over keys and values that
                        went through the (joint) latent, RoPE applied afterwards, against exact
                        attention over those that did not */
};

/* errors [count]. Returns 0 or MLA_MACHINE. */
int rank_trial(const struct rank_trial *trial, struct rank_errors *errors, struct mla_error *error);

#endif
