/* SPDX-License-Identifier: MIT
 *
 * A layer of a real model instead of a seeded one: its weights, and perhaps hidden states and the
 * outputs that somebody else got from them. */
#ifndef MLABENCH_GIVEN_H
#define MLABENCH_GIVEN_H

#include "harness/checkpoint.h"
#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/memory.h"
#include "harness/tensor.h"

#include <stdint.h>

struct given {
    struct checkpoint checkpoint;
    char options[2600];   /* of the command line that give the same again */
    struct buffer x;      /* hidden states [tokens][hidden_size]; empty: seeded ones */
    int64_t tokens;       /* of x; 0: as many as are asked for */
    struct buffer expect; /* double [expected][output_size], or empty */
    int64_t expected;
    enum tensor_type expect_type; /* that the file has */
    double expect_limit;          /* RMS error over RMS that outputs may differ by */
};

/* What a user names: NULL where there is none. */
struct given_names {
    const char *checkpoint, *layer; /* as for checkpoint_load */
    /* As for tensor_file_open, [tokens][width] or [1][tokens][width]: what self_attn is called
     * with, the output of input_layernorm, and what it returns, o_proj's output before the
     * residual. */
    const char *input, *expect;
    double expect_limit; /* 0: by the type of what is expected, see given_limit */
};

/* How far a correct layer's y is from outputs of that precision: LAYER_OBSERVED_LIMIT, or what
 * computing in a 16-bit type costs, 2 % of RMS in F16 and BF16. */
double given_limit(enum tensor_type type);

/* Returns 0, MLA_BAD_INPUT or MLA_MACHINE; given_close is due only after success. */
int given_open(const struct given_names *names, struct given *given, struct mla_error *error);
void given_close(struct given *given);

/* Hidden states of tokens first, first + 1, ... as fp32 [tokens][hidden_size]: of x, or as
 * hidden_states makes them. */
void given_hidden(const struct given *given, uint64_t seed, int64_t first, int64_t tokens,
                  float *x);

/* Overwrites Wkv_b, queries and rows of a case's inputs with those that the layer makes of its
 * hidden states: projections in fp32 by BLAS, norms and RoPE in double. Token `position` of the
 * first sequence is hidden state number `position`; the other sequences' follow. */
int given_fill(const struct given *given, struct inputs *inputs, int threads,
               struct mla_error *error);

#endif
