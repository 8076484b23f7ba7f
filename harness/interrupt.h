/* SPDX-License-Identifier: MIT
 *
 * Ctrl-C: remembered, so that what was done can still be written. */
#ifndef MLABENCH_INTERRUPT_H
#define MLABENCH_INTERRUPT_H

#include <stdbool.h>

/* SIGINT and SIGTERM are remembered from here on instead of ending the process. */
void interrupt_catch(void);

/* For a child process: they are left to its parent. */
void interrupt_ignore(void);

bool interrupted(void);

#endif
