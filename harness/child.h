/* SPDX-License-Identifier: MIT
 *
 * Work in a child process: whatever it does (crash, hang, take too long to interrupt), the parent
 * lives on and knows what came of it. The parent itself never opens an OpenMP team, as a child
 * forked after that could not open its own. */
#ifndef MLABENCH_CHILD_H
#define MLABENCH_CHILD_H

#include "harness/error.h"

#include <jansson.h>

/* Sends a message to the parent; the reference is stolen. */
struct child_channel;
void child_send(struct child_channel *channel, json_t *message);

/* How a child ended. */
enum child_ending {
    CHILD_RETURNED,
    CHILD_CRASHED,
    CHILD_OUT_OF_BOUNDS, /* it touched what a guarded buffer forbids (memory.h) */
    CHILD_HUNG,          /* beyond the time limit */
    CHILD_STOPPED,       /* by Ctrl-C, or from outside */
};

struct child_job {
    /* Runs in the child; its result and message become those of child_run. */
    int (*work)(void *context, struct child_channel *channel, struct mla_error *error);
    /* Runs in the parent for each message, borrowed. May be NULL. */
    void (*receive)(void *context, const json_t *message);
    void *context;
    double limit_s; /* then it is stopped: MLA_FAILED */
};

/* The name of the check that a kernel failed by ending its child like that: "crash", "bounds",
 * "hang", or "status" where the job returned an error. Static. */
const char *child_ending_check(enum child_ending ending);

/* What the job returned; MLA_FAILED with a sentence if it crashed (where, as fault.h has it) or was
 * stopped;
 * MLA_INTERRUPTED, within a second, after Ctrl-C; MLA_MACHINE if no process could be had. */
int child_run(const struct child_job *job, struct mla_error *error);

/* The same, and how the child ended. */
int child_run_ending(const struct child_job *job, enum child_ending *how, struct mla_error *error);

#endif
