/* SPDX-License-Identifier: MIT
 *
 * Where a case's sequences lie in one kernel's cache. */
#ifndef MLABENCH_PLACEMENT_H
#define MLABENCH_PLACEMENT_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct placement {
    struct mla_problem problem; /* the inputs', with the slots that this kernel needs */
    struct mla_plan plan;
    struct mla_seq *seqs; /* [workload.batch], malloc'ed */
    int32_t *table;       /* the block tables of all sequences, malloc'ed; NULL: contiguous */
};

/* Asks the kernel for its plan. Sequences start at multiples of its slot_align and are followed by
 * at least `spare` slots that hold no token; with pages, these are shuffled and some stay unused.
 * `first_slot`: slots left free before all of them. Returns 0, MLA_FAILED with what `plan`
 * returned, or MLA_MACHINE. */
int placement_create(const struct inputs *inputs, const struct mla_kernel *kernel, int64_t spare,
                     int64_t first_slot, struct placement *placement, struct mla_error *error);
void placement_destroy(struct placement *placement);

#endif
