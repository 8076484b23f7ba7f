/* SPDX-License-Identifier: MIT
 *
 * What the kernels of one case are given: seeded weights, queries and rows, in memory that child
 * processes share. */
#ifndef MLABENCH_INPUTS_H
#define MLABENCH_INPUTS_H

#include "harness/error.h"
#include "harness/memory.h"
#include "harness/suite.h"
#include "harness/workload.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct inputs {
    struct mla_problem problem; /* wkv_b is set; slots and limits are those of the workload */
    struct workload workload;
    uint64_t seed;
    struct buffer wkv_b;
    struct buffer q;     /* [workload.tokens][heads][qk_nope_head_dim + qk_rope_head_dim] */
    struct buffer rows;  /* [workload.rows][width], sequence after sequence */
    int64_t width;       /* elements of a row */
    struct buffer top_k; /* int32_t [workload.tokens][listed] positions, distinct, every fifth -1 */
    int32_t listed;      /* 0: dense, and top_k is empty */
    int32_t split;       /* parts that the keys are attended in; 0: all at once */
    struct buffer sinks; /* [heads], every fourth -inf, or empty */
    enum input_kind kind;
    struct buffer scratch; /* for arranging: doubles for a row or a key */
};

/* What of the inputs goes into a call: top_k_indices, top_k and sinks, NULL where there are none.
 */
void inputs_call(const struct inputs *inputs, struct mla_call *call);

/* The row of a position of a sequence. */
static inline float *inputs_row(const struct inputs *inputs, int32_t seq, int64_t position)
{
    int64_t row = workload_first_row(&inputs->workload, seq) + position;
    return (float *)inputs->rows.data + row * inputs->width;
}

/* The largest magnitude in any row. */
double inputs_largest_row_element(const struct inputs *inputs);

/* Elements of a row of the problem's kind, or of the expanded latent (kind MLA_KV). */
int64_t row_width(const struct mla_problem *problem, enum mla_kind kind);

/* Bytes that inputs_create will ask for. */
uint64_t inputs_bytes(const struct bench_case *c);

/* Allocates; the contents come from inputs_fill, which a child process may call. */
int inputs_create(const struct bench_case *c, uint64_t seed, struct inputs *inputs,
                  struct mla_error *error);
void inputs_destroy(struct inputs *inputs);

/* A private copy with the same contents, to be changed; the workload is shared with the original.
 * To be destroyed with inputs_destroy_copy. */
int inputs_copy(const struct inputs *inputs, struct inputs *copy, struct mla_error *error);
void inputs_destroy_copy(struct inputs *copy);

/* First as for INPUT_RANDOM, then arranged for the inputs' kind (input_arrange.h).
 * Queries, latents, keys and values are normal with standard deviation 1 (what RMSNorm leaves),
 * Wkv_b such that keys and values have it too. The scores' standard deviation is then
 * scale sqrt(qk_nope_head_dim + qk_rope_head_dim); q is scaled to make it 2 where it falls outside
 * 1 to 3, as uniform attention would hide errors. The same bits for any number of threads. */
void inputs_fill(struct inputs *inputs, int threads);

#endif
