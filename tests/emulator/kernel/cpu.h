/* SPDX-License-Identifier: MIT
 *
 * The CPU's tables, and the ways in and out that entry.S has. */
#ifndef EMULATOR_CPU_H
#define EMULATOR_CPU_H

#include <stdint.h>

/* From here on, exceptions come to fault() and system calls to system_call(). */
void cpu_init(void);

/* What the program had, as entry.S leaves it on the stack. */
struct call {
    uint64_t number;
    uint64_t arguments[6];
    uint64_t flags, rip, rsp;
};

struct fault {
    uint64_t rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11;
    uint64_t vector, error;
    uint64_t rip, cs, flags, rsp, ss;
};

/* Returns what the program gets in RAX. */
int64_t system_call(const struct call *call);

/* Returns where the instruction can be tried again. */
void fault(const struct fault *fault);

_Noreturn void program_enter(uint64_t entry, uint64_t stack);

#endif
