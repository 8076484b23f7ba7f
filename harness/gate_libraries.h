/* SPDX-License-Identifier: MIT
 *
 * Two builds' libraries of kernels, and the copies of them that a duel's arms are loaded from. */
#ifndef MLABENCH_GATE_LIBRARIES_H
#define MLABENCH_GATE_LIBRARIES_H

#include "harness/catalogue.h"
#include "harness/duel.h"
#include "harness/error.h"

struct gate_libraries {
    struct catalogue base, head; /* as this process loaded them */
    const char *from[DUEL_ARMS]; /* borrowed */
    char folder[64];             /* of the copies; "" if there are none */
    char copies[DUEL_ARMS][80];  /* paths of the same length */
};

/* Tries and loads both, and finds a place for the copies, in TMPDIR or /tmp. The paths have to
 * stay. Whatever it returns, gate_libraries_close is to follow. MLA_BAD_INPUT, MLA_MACHINE,
 * MLA_INTERRUPTED. */
int gate_libraries_open(struct gate_libraries *libraries, const char *base, const char *head,
                        struct mla_error *error);
/* Makes the copies anew, one after the other in an order drawn by the seed. The code of a file lies
 * in the same memory for every process that loads it, and where it lies can make it slower by
 * percents; so each process gets files of its own. Returns 0, MLA_BAD_INPUT or MLA_MACHINE. */
int gate_libraries_copy(const struct gate_libraries *libraries, uint64_t seed,
                        struct mla_error *error);

void gate_libraries_close(struct gate_libraries *libraries);

#endif
