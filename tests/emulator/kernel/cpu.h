/* SPDX-License-Identifier: MIT
 *
 * The CPU's tables, and the ways in and out that entry.S has. */
#ifndef EMULATOR_CPU_H
#define EMULATOR_CPU_H

#include <stdint.h>

/* From here on, exceptions come to fault() and system calls to system_call(). */
void cpu_init(void);

/* As entry.S leaves them on the stack, and takes them from there. */
struct registers {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error; /* of an exception */
    uint64_t rip, cs, flags, rsp, ss;
};

/* What these leave in the registers is what the program, or the kernel, goes on with. */
void system_call(struct registers *registers);
void fault(struct registers *registers);

_Noreturn void program_enter(const struct registers *registers);

#endif
