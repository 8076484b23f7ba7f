/* SPDX-License-Identifier: MIT
 *
 * Attention on the loops of kernels/simd: a form (what a query, a key and a value are made of) on
 * an instruction set.
 *
 * Rows of queries that share keys form jobs, and keys fall into spans of equal length from kv_begin
 * on. What a row adds up over a span is a partial; partials are merged in pairs, pairs of pairs and
 * so on, as their number dictates. So a row's bits are the same whoever computes which of its
 * spans, and each thread can take an equal share of a call's work even if there is one query only.
 */
#ifndef MLABENCH_VECTOR_H
#define MLABENCH_VECTOR_H

#include "kernels/kernel.h"
#include "kernels/simd/integers.h"
#include "kernels/simd/loops.h"

#pragma GCC visibility push(hidden)

struct vector_form; /* job.h */
extern const struct vector_form vector_absorbed, vector_integers, vector_expanded,
    vector_reexpanded;

struct vector_variant {
    const struct vector_form *form;
    const struct simd_loops *loops;
    const struct integers_loops *integers; /* of vector_integers, else NULL */
};

/* The kernel verbs. Forms that expand a latent want `prepared` from expand_prepare. */
int vector_plan(const struct vector_variant *variant, const struct mla_problem *problem,
                enum mla_kind cached, struct mla_plan *plan);
int vector_attend(const struct vector_variant *variant, const struct mla_problem *problem,
                  const struct mla_memory *memory, const struct mla_call *call);

#pragma GCC visibility pop

#endif
