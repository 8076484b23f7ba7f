/* SPDX-License-Identifier: MIT
 *
 * One kernel of two builds, timed against each other in one process: as it was before, as it is
 * after, and once more as it was before. What differs between the first and the last, which are the
 * same, is what this process does to anything.
 *
 * Each arm is loaded from a file of its own through the same code, in an order and at distances
 * drawn anew, and has memory of its own: where code and data come to lie changes times by percents,
 * and so differs from process to process. */
#ifndef MLABENCH_DUEL_H
#define MLABENCH_DUEL_H

#include "harness/error.h"
#include "harness/inputs.h"

#include <stdint.h>

enum duel_arm { DUEL_BASE, DUEL_HEAD, DUEL_CONTROL, DUEL_ARMS };

struct duel {
    const char *paths[DUEL_ARMS]; /* libraries of kernels; three files, or the loader takes two of
                                     them for one */
    const char *kernel;
    const struct inputs *inputs;
    int threads, rounds;
    double repetition_ms; /* wanted length of an arm's turn */
    uint64_t seed;
};

struct duel_round {
    double ns[DUEL_ARMS]; /* per iteration */
    double steal_ms;      /* as in struct sample, of the arms together */
    int64_t involuntary_switches;
};

/* To be called in a child process. Hands over each round as it ends. */
int duel(const struct duel *duel, void (*take)(void *context, const struct duel_round *round),
         void *context, struct mla_error *error);

#endif
