/* SPDX-License-Identifier: MIT
 *
 * What comes out of the machine: bytes through port 0xe9, which bochs copies to its own output, and
 * at last an exit status. */
#ifndef EMULATOR_CONSOLE_H
#define EMULATOR_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* What the program writes. */
void console_write(const void *bytes, size_t count);

/* The kernel's own words, on a line that begins with "emulator: ": %s a string, %u a uint64_t,
 * %x one in hexadecimal. */
void say(const char *format, ...);

/* The lines by which run.sh knows where output begins and ends. */
void console_begin(void);
_Noreturn void console_end(int status);

/* Ends the machine for a reason that lies not in the program, with status 125. */
_Noreturn void give_up(const char *why);

#endif
