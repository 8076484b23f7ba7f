/* SPDX-License-Identifier: MIT
 *
 * A model's dimensions as kernels and the reference want them. */
#ifndef MLABENCH_PROBLEM_H
#define MLABENCH_PROBLEM_H

#include "harness/model.h"
#include "kernels/kernel.h"
#include "reference/reference.h"

/* The model's attention as a kernel sees it: MLA and the article's form have latent rows, MHA has
 * keys and values. The weights, slots, pages and limits are left 0 for the caller to fill in. */
void model_problem(const struct model *model, enum mla_format format, struct mla_problem *problem);

/* The same for the reference's attention, with the scale as the kernels are given it, so that its
 * rounding to fp32 is not their error. */
void problem_ref_dims(const struct mla_problem *problem, struct ref_dims *dims);

/* From the model, with its exact scale: for the reference's attention, and for its whole layer. */
void model_ref_dims(const struct model *model, struct ref_dims *dims);
void model_ref_layer_dims(const struct model *model, struct ref_layer_dims *dims);

#endif
