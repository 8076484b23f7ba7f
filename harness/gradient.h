/* SPDX-License-Identifier: MIT
 *
 * A kernel's `backward` on a case's inputs, in guarded memory, and whether its gradients are right.
 *
 * Bound. As in verify.h, with the scales of reference/backward.h: an element x of a gradient passes
 * if it is off by no more than GRADIENT_LIMIT times
 *
 *     u sqrt(n) (|x| + |x_0| + sqrt(square_x)),
 *
 * x_0 being what was there before, where the kernel adds. n is that of the forward pass, and
 * v_head_dim for grad_o . v; for the rows also the queries and heads that attend a row, for Wkv_b
 * all queries and all rows. Right fp32 kernels come to a quarter of it. */
#ifndef MLABENCH_GRADIENT_H
#define MLABENCH_GRADIENT_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/memory.h"
#include "harness/trial.h"
#include "kernels/kernel.h"

#include <stdbool.h>

#define GRADIENT_LIMIT 1.0

/* What the gradients of rows and Wkv_b hold before. */
#define GRADIENT_ALREADY 0.25F

struct gradient {
    struct trial trial; /* that attended first: its o and lse go in */
    struct buffer grad_o;
    struct buffer grad_q, grad_rows, grad_wkv_b; /* what came out */
    struct buffer workspace;
};

/* The worst errors, in the unit above. */
struct gradient_ratios {
    double q, rows, wkv_b;
};

/* Whether it can be asked at all; if not, `*why` says why: it has no `backward`, says -ENOTSUP, or
 * the inputs have lists, which `backward` does not take, or are arranged, for which the bound does
 * not hold. Calls the kernel's `plan` and, on no sequence, `backward`. */
bool gradient_applies(const struct inputs *inputs, const struct mla_kernel *kernel,
                      const char **why);

/* Attends as the way says, and calls `backward` once, for all sequences, with a seeded grad_o,
 * everything that it reads being read-only. Of rows and Wkv_b the gradients have something in them
 * before, and NaN where the kernel has to leave them alone. Returns 0, MLA_FAILED with what the
 * kernel returned or did, or MLA_MACHINE; gradient_destroy is due in any case. */
int gradient_run(const struct inputs *inputs, const struct mla_kernel *kernel,
                 const struct trial_way *way, struct gradient *gradient, struct mla_error *error);
void gradient_destroy(struct gradient *gradient);

/* MLA_FAILED with the first that is wrong; the ratios, or NULL, are of all elements. */
int gradient_compare(struct gradient *gradient, struct gradient_ratios *ratios,
                     struct mla_error *error);

/* Whether all gradients have the same bits, the sequences lying in the same slots. */
bool gradient_same(const struct gradient *a, const struct gradient *b);

#endif
