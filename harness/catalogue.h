/* SPDX-License-Identifier: MIT
 *
 * The kernels at hand: the built-in ones, and those of shared objects named on the command line. */
#ifndef MLABENCH_CATALOGUE_H
#define MLABENCH_CATALOGUE_H

#include "harness/error.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct catalogue {
    const struct mla_kernel **kernels; /* [count], malloc'ed as each of them is: copies that are
                                          NULL in what the kernel's own, smaller struct has not */
    const char **names;                /* [count], malloc'ed; the kernels' */
    const char **paths;                /* [count], malloc'ed; of the shared object that each is
                                          from, borrowed from catalogue_add; NULL: built in */
    int count;
    double load_limit_s; /* that a shared object may take to load; catalogue_create sets 20 */
};

/* Starts with the built-in kernels. */
int catalogue_create(struct catalogue *catalogue, struct mla_error *error);

/* Adds those of a shared object that exports MLA_REGISTRY_SYMBOL; it stays loaded. First a child
 * process tries it: one that cannot be loaded, that crashes, hangs or exits when it is, or whose
 * registry or kernels are not as kernel.h wants them is refused, in words, with MLA_BAD_INPUT, and
 * nothing is added. Also MLA_MACHINE, MLA_INTERRUPTED. */
int catalogue_add(struct catalogue *catalogue, const char *path, struct mla_error *error);

/* The same of one that catalogue_add has accepted, or a copy of it, without trying it first: for a
 * process that nothing is lost with. Without catalogue_create before, there are no others. */
int catalogue_load(struct catalogue *catalogue, const char *path, struct mla_error *error);

/* NULL if there is none of that name. */
const struct mla_kernel *catalogue_find(const struct catalogue *catalogue, const char *name);

void catalogue_destroy(struct catalogue *catalogue);

#endif
