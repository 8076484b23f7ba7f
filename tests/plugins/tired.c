/* SPDX-License-Identifier: MIT
 *
 * Kernels that are right when they are verified and no longer so once they have been called often,
 * as they are when they are timed. */
#include "kernels/kernel.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

extern const struct mla_kernel mla_naive;

/* Verification asks less often, in a process of its own. */
enum { FRESH = 4 };

static int calls;

/* Nothing is computed any more. */
static int attend_lazy(const struct mla_problem *problem, const struct mla_memory *memory,
                       const struct mla_call *call)
{
    return ++calls > FRESH ? 0 : mla_naive.attend(problem, memory, call);
}

/* The first output is one unit in the last place too large. */
static int attend_rough(const struct mla_problem *problem, const struct mla_memory *memory,
                        const struct mla_call *call)
{
    int status = mla_naive.attend(problem, memory, call);
    if (++calls > FRESH)
        call->o[0] = nextafterf(call->o[0], INFINITY);
    return status;
}

const struct mla_registry *mla_kernels(void)
{
    static struct mla_kernel lazy, rough, free;
    static const struct mla_kernel *const table[] = {&lazy, &rough, &free};
    static const struct mla_registry registry = {.abi = MLA_ABI, .count = 3, .kernels = table};
    lazy = rough = mla_naive;
    lazy.name = "tired-lazy";
    lazy.attend = attend_lazy;
    rough.name = "tired-rough";
    rough.attend = attend_rough;
    free = rough;
    free.name = "tired-free";
    free.invariances = 0; /* so that it may */
    return &registry;
}
