/* SPDX-License-Identifier: MIT
 *
 * One kernel's run on a case of the absorbed core: where its rows lie, its memory, its calls.
 * Internal to criteria_core.c. */
#ifndef MLABENCH_CRITERIA_CORE_RUN_H
#define MLABENCH_CRITERIA_CORE_RUN_H

#include "harness/criteria_core.h"

/* The first four members are the caller's, the others zero before. */
struct core_run {
    const struct core *core;
    const struct mla_kernel *kernel;
    int threads;
    struct finding *finding; /* what the kernel does wrong short of its outputs */
    bool placed;             /* the kernel supports the case and has planned it */
    struct mla_problem problem;
    struct mla_plan plan;
    struct mla_seq seqs[CORE_BATCH_MAX];
    int32_t *table; /* of pages; malloc'ed */
    struct buffer prepared, cache, workspace, o, lse;
    struct buffer stale; /* a sequence's rows, one of them yet to be overwritten */
};

/* The case as kernels see it, without slots; a sequence of it, without its place. One query per
 * sequence is causal by its position, so that kernels without MLA_MASK_NONE serve too. */
struct mla_problem core_run_problem(const struct core *core);
struct mla_seq core_run_seq(const struct core *core, int32_t seq);

/* Return 0 or MLA_MACHINE. */
int core_run_place(struct core_run *run, struct mla_error *error);
int core_run_allocate(struct core_run *run, struct mla_error *error);

/* Prepares, stores, attends. False, with the finding filled in, if a function fails. */
bool core_run_kernel(struct core_run *run);

void core_run_release(struct core_run *run);

#endif
