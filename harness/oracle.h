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
    int64_t keys;  /* attended, from position kv_begin on */
};

struct oracle {
    int64_t count; /* queries checked */
    int64_t total; /* queries of the case */
    struct oracle_query *queries;
    struct buffer answers; /* shared; see oracle_answer */
};

/* One query's answer, pointing into the oracle. */
struct oracle_answer {
    double *o, *lse, *rms_o, *rms_lse; /* as in struct ref_output */
};
struct oracle_answer oracle_answer(const struct oracle *oracle, const struct mla_problem *problem,
                                   int64_t query);

/* Chooses the queries and allocates. Always chosen: each sequence's first and last query, and those
 * at which the number of keys is one less than, equal to or one more than a multiple of 64 (where
 * blocks begin and end) for the first multiples; then random ones, as long as the head-key pairs
 * stay within `budget`. */
int oracle_create(const struct inputs *inputs, double budget, struct oracle *oracle,
                  struct mla_error *error);
void oracle_destroy(struct oracle *oracle);

/* Fills in the answers; a child process may do it. Returns 0 or MLA_MACHINE. */
int oracle_compute(struct oracle *oracle, const struct inputs *inputs, int threads,
                   struct mla_error *error);

#endif
