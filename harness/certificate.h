/* SPDX-License-Identifier: MIT
 *
 * What stays the same whatever varies: the properties that a kernel promises (kernel.h) and those
 * that every kernel owes, each checked on the inputs of one case. */
#ifndef MLABENCH_CERTIFICATE_H
#define MLABENCH_CERTIFICATE_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/oracle.h"
#include "kernels/kernel.h"

#include <stdint.h>

enum certificate_outcome {
    CERTIFIED_BITS,         /* the same bits */
    CERTIFIED_BOUND,        /* within the error that is allowed */
    CERTIFIED_NOT_PROMISED, /* within the error; the bits differ, as the kernel says they may */
    CERTIFIED_BROKEN,
    CERTIFIED_NOT_APPLICABLE, /* with a reason */
    CERTIFIED_OUTCOMES,
};
extern const char *const certificate_outcome_names[CERTIFIED_OUTCOMES];

/* A kernel under examination. */
struct certificate_subject {
    const struct inputs *inputs;
    const struct oracle *oracle;
    const struct mla_kernel *kernel;
    int64_t max_position_embeddings;
};

struct certificate_check {
    const char *name;
    const char *summary;
    uint32_t promise; /* enum mla_invariance; 0: owed by every kernel */
};

/* All of them, in the order in which they are shown. A kernel may crash or hang in any: to be run
 * in a child process. */
#define CERTIFICATE_CHECKS 19
extern const struct certificate_check certificate_checks[CERTIFICATE_CHECKS];

/* Runs one. Returns 0 with the outcome, `why` saying what is broken or not applicable; or
 * MLA_MACHINE. */
int certificate_check(const struct certificate_subject *subject, int check,
                      enum certificate_outcome *outcome, struct mla_error *why);

/* To be called in that child before it starts any thread: then leaks of all threads are seen. */
void certificate_prepare(void);

#endif
