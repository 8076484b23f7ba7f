/* SPDX-License-Identifier: MIT
 *
 * A shared object with kernels: code of others, which runs as soon as it is loaded. Messages leave
 * its path to the caller. */
#ifndef MLABENCH_PLUGIN_H
#define MLABENCH_PLUGIN_H

#include "harness/child.h"
#include "harness/error.h"
#include "kernels/kernel.h"

struct plugin {
    void *object; /* of dlopen */
    const struct mla_registry *registry;
};

/* Loads it and calls MLA_REGISTRY_SYMBOL. In a child process `channel` tells the parent before each
 * step what comes next (plugin_step); else NULL. Returns 0 or MLA_BAD_INPUT. */
int plugin_open(const char *path, struct child_channel *channel, struct plugin *plugin,
                struct mla_error *error);

/* Runs its destructors, as the end of the program will. */
void plugin_close(struct plugin *plugin, struct child_channel *channel);

/* Calls what the parent process calls of a kernel, `supports` and `plan`, with small problems.
 * Returns 0 or MLA_BAD_INPUT. */
int plugin_probe(const struct mla_kernel *kernel, struct child_channel *channel,
                 struct mla_error *error);

/* Whether a process forked now can still open an OpenMP team: 0 or MLA_BAD_INPUT. Not if one was
 * opened before and the runtime counts on its threads, as libgomp does: fork does not copy them. */
int plugin_left_no_team(double limit_s, struct mla_error *error);

/* Tells the parent what is done next, e.g. "in its constructors". Nothing if channel is NULL. */
__attribute__((format(printf, 2, 3))) void plugin_step(struct child_channel *channel,
                                                       const char *format, ...);

/* What a message of plugin_step says, or NULL for another message. */
const char *plugin_step_of(const json_t *message);

#endif
