/* SPDX-License-Identifier: MIT
 *
 * What runs are called where several stand side by side. */
#ifndef MLABENCH_RUN_LABELS_H
#define MLABENCH_RUN_LABELS_H

#include "harness/runs.h"

/* Sets each run's label: the CPU's model without its trade marks, instruction set and number of
 * CPUs; where that is the same for several, also what tells them apart, of host, commit, suite,
 * seed and start as much as is needed, and if nothing does, their number. Printable ASCII, and all
 * labels differ. */
void run_labels(struct stored_runs *runs);

#endif
