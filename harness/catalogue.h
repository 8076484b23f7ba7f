/* SPDX-License-Identifier: MIT
 *
 * The kernels at hand: the built-in ones, and those of shared objects named on the command line. */
#ifndef MLABENCH_CATALOGUE_H
#define MLABENCH_CATALOGUE_H

#include "harness/error.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct catalogue {
    const struct mla_kernel **kernels; /* [count], malloc'ed; the kernels are borrowed */
    const char **names;                /* [count], malloc'ed; theirs */
    int count;
};

/* Starts with the built-in kernels. */
int catalogue_create(struct catalogue *catalogue, struct mla_error *error);

/* Adds those of a shared object that exports MLA_REGISTRY_SYMBOL. Refuses one that cannot be
 * loaded, was built for another ABI, is incomplete, or repeats a name. It stays loaded. */
int catalogue_add(struct catalogue *catalogue, const char *path, struct mla_error *error);

void catalogue_destroy(struct catalogue *catalogue);

#endif
