/* SPDX-License-Identifier: MIT
 *
 * The program: a static ELF executable for x86-64 Linux. The disk holds, each part beginning a
 * sector:
 *
 *   "mlabench-emulator ARGUMENTS VARIABLES BYTES\n"
 *   so many arguments, then so many NAME=VALUE of its environment, each ending in a NUL, all of
 *   them BYTES long
 *   the executable */
#ifndef EMULATOR_PROGRAM_H
#define EMULATOR_PROGRAM_H

_Noreturn void program_run(void);

#endif
