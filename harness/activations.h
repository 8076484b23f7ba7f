/* SPDX-License-Identifier: MIT
 *
 * How much memory one layer's training holds between its forward and its backward pass: by running
 * it and looking at its tape. */
#ifndef MLABENCH_ACTIVATIONS_H
#define MLABENCH_ACTIVATIONS_H

#include "harness/error.h"
#include "harness/model.h"
#include "harness/train_plan.h"
#include "harness/weights.h"

#include <stdbool.h>
#include <stdint.h>

/* What the tensors on a tape are parts of. */
enum activation_part {
    ACTIVATION_X,      /* the layer's input */
    ACTIVATION_Q,      /* c_q before and after its norm, q */
    ACTIVATION_KV,     /* c_kv before and after its norm, k_rope, the cache */
    ACTIVATION_OUTPUT, /* attention's o and lse */
    ACTIVATION_PARTS,
};

struct activation_case {
    const struct model *model;
    const struct layer_weights *weights;
    struct layer_weights *gradients; /* of weights_allocate; NULL: forward alone */
    enum train_form form;
    enum train_again again;
    int64_t tokens;
    uint64_t seed; /* of x and of the gradient of y */
    int threads;
};

/* What was found. Bytes are of all tokens together. */
struct activations {
    const char *kernel;               /* that attended */
    uint64_t computed;                /* by the plan's widths, no memory looked at */
    uint64_t payload;                 /* of the tensors on the tape */
    uint64_t allocated;               /* what was allocated for them */
    uint64_t written;                 /* what was written of that */
    uint64_t parts[ACTIVATION_PARTS]; /* of allocated */
    uint64_t bf16;                    /* computed: all in bf16 but lse */
    uint64_t remade;                  /* computed: what backward makes again, for a while */
    int64_t flops;                    /* of the projections among that, per token */
    bool backward;                    /* it has been run, and its gradients are finite */
    uint64_t digest;                  /* of all gradients' bits, if so */
};

/* Clears *gradients first. Returns 0, or as train_layer.h's functions do; MLA_FAILED also where a
 * gradient is not finite. */
int activations_measure(const struct activation_case *c, struct activations *found,
                        struct mla_error *error);

#endif
