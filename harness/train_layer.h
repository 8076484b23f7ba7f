/* SPDX-License-Identifier: MIT
 *
 * A layer in training, in fp32: forward keeps on a tape what backward reads, and nothing else
 * outlives it. Projections by CBLAS, attention by a kernel's store, attend and backward. */
#ifndef MLABENCH_TRAIN_LAYER_H
#define MLABENCH_TRAIN_LAYER_H

#include "harness/error.h"
#include "harness/memory.h"
#include "harness/model.h"
#include "harness/tape.h"
#include "harness/train_plan.h"
#include "kernels/kernel.h"

#include <stdbool.h>
#include <stdint.h>

/* One sequence of so many tokens, at positions 0, 1, ... */
struct train_layer {
    const struct model *model;
    const struct ref_layer_weights *weights;
    const struct mla_kernel *kernel;
    enum train_form form;
    enum train_again again;
    struct train_plan plan;
    int64_t tokens;
    int threads;
    struct mla_problem problem;
    struct mla_plan kernel_plan;
    bool ready;             /* the kernel is prepared and must be released */
    struct buffer prepared; /* the kernel's weights */
    struct buffer tables;   /* RoPE's: the same for all layers and steps */
    float *cos, *sin;       /* [tokens][rope / 2] */
};

/* The first kernel of the registry that caches rows of the form's kind as they are and has their
 * derivative. NULL: none. */
const struct mla_kernel *train_kernel(const struct model *model, enum train_form form);

/* Borrows model, weights and kernel. Returns 0, MLA_BAD_INPUT where the model is the article's or
 * the kernel cannot, MLA_FAILED where the kernel returns an error, or MLA_MACHINE. */
int train_layer_create(const struct model *model, const struct ref_layer_weights *weights,
                       const struct mla_kernel *kernel, enum train_form form,
                       enum train_again again, int64_t tokens, int threads,
                       struct train_layer *layer, struct mla_error *error);
void train_layer_destroy(struct train_layer *layer);

/* x [tokens][hidden_size] -> y [tokens][output_size]. *tape, empty, gets copies of what the plan
 * keeps, x included, and is to be released by the caller; it must stay where it is. */
int train_layer_forward(const struct train_layer *layer, const float *x, float *y,
                        struct tape *tape, struct mla_error *error);

/* From the tape, the weights and grad_y [tokens][output_size] to grad_x [tokens][hidden_size],
 * written, and the gradients of the weights, added to: `gradients`, whose members are in writable
 * memory (weights_allocate), has all tensors that the model has. */
int train_layer_backward(const struct train_layer *layer, const struct tape *tape,
                         const float *grad_y, float *grad_x,
                         const struct ref_layer_weights *gradients, struct mla_error *error);

#endif
