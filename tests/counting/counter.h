/* SPDX-License-Identifier: MIT
 *
 * Instructions of a region, counted by what runs the program: callgrind, which is told where the
 * region begins and ends and writes a file of its own for it, or an emulator whose time stamp is
 * the number of instructions it has retired. A CPU's own time stamp is neither. */
#ifndef MLABENCH_COUNTING_COUNTER_H
#define MLABENCH_COUNTING_COUNTER_H

#include <stdbool.h>

bool counter_is_callgrind(void);

/* What lies between the two is counted, and a few instructions of their own, as many each time.
 * Callgrind is to be run with --collect-atstart=no; it names `what` in its file. Otherwise a line
 * `count WHAT: N` is printed. */
void counter_begin(void);
void counter_end(const char *what);

/* 2,001 instructions, whatever the compiler. */
__attribute__((always_inline)) static inline void counter_loop(void)
{
#ifdef __x86_64__
    __asm__ volatile("movl $1000, %%ecx\n1: decl %%ecx\njnz 1b" ::: "ecx", "cc");
#elif defined __aarch64__
    __asm__ volatile("mov w9, #1000\n1: subs w9, w9, #1\nb.ne 1b" ::: "w9", "cc");
#endif
}

#endif
