/* SPDX-License-Identifier: MIT
 *
 * What a gate has found, as outcomes of the kernels of the newer build: what grew or broke has
 * failed; what is not resolved, or was wrong before, is skipped. */
#ifndef MLABENCH_GATE_TALLY_H
#define MLABENCH_GATE_TALLY_H

#include "harness/gate_run.h"
#include "harness/tally.h"

/* `tally` was made for libraries->head, and keeps outcomes. */
void gate_tally(const struct gate_run *run, struct tally *tally);

#endif
