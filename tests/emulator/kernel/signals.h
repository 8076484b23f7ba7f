/* SPDX-License-Identifier: MIT
 *
 * The program's handlers of signals: of exceptions, and of what it sends itself. */
#ifndef EMULATOR_SIGNALS_H
#define EMULATOR_SIGNALS_H

#include "cpu.h"

#include <stdbool.h>

/* Has the program go on in its handler of the signal; code and address are for its siginfo_t.
 * False where it has none, or has the signal blocked. */
bool signal_deliver(struct registers *registers, int signal, int code, uint64_t address);

#endif
