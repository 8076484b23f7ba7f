/* SPDX-License-Identifier: MIT
 *
 * The reference's answers for a case: for every query, or, where that would take too long, for a
 * seeded sample of them. */
#ifndef MLABENCH_ORACLE_H
#define MLABENCH_ORACLE_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/memory.h"

#include <stdint.h>

struct oracle_query {
    int32_t seq;
    int64_t token; /* of the sequence's new ones, from 0 */
    int64_t keys;  /* attended from position kv_begin on; with a list, no more than it has */
};

struct oracle {
    int64_t count; /* queries checked */
    int64_t total; /* queries of the case */
    struct oracle_query *queries;
    struct buffer answers; /* shared; see oracle_answer */
};

/* One query's answer, pointing into the oracle. */
struct oracle_answer {
    double *o, *lse; /* as in struct ref_output */
    /* Its rms_o and rms_lse, or, where the inputs are arranged (input_kind.h), scale_o and
     * scale_lse. */
    double *scale_o, *scale_lse;
};
struct oracle_answer oracle_answer(const struct oracle *oracle, const struct mla_problem *problem,
                                   int64_t query);

/* Chooses the queries and allocates. Always chosen: each sequence's first and last query, and those
 * at which the number of keys is one less than, equal to or one more than a multiple of 64 (where
 * blocks begin and end) for the first multiples; then random ones, as long as the head-key pairs
 * stay within `budget`. */
int oracle_create(const struct inputs *inputs, double budget, struct oracle *oracle,
                  struct mla_error *error);
/* For the same queries as another oracle, over other rows. */
int oracle_like(const struct oracle *other, const struct inputs *inputs, struct oracle *oracle,
                struct mla_error *error);
void oracle_destroy(struct oracle *oracle);

/* Fills in the answers; a child process may do it. Returns 0 or MLA_MACHINE. */
int oracle_compute(struct oracle *oracle, const struct inputs *inputs, int threads,
                   struct mla_error *error);

#endif
