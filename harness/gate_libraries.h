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
    char folder[64];             /* of the copies; "" if there are none */
    char copies[DUEL_ARMS][80];  /* paths of the same length */
};

/* Tries and loads both, and makes the copies, in TMPDIR or /tmp. Whatever it returns,
 * gate_libraries_close is to follow. MLA_BAD_INPUT, MLA_MACHINE, MLA_INTERRUPTED. */
int gate_libraries_open(struct gate_libraries *libraries, const char *base, const char *head,
                        struct mla_error *error);
void gate_libraries_close(struct gate_libraries *libraries);

#endif
