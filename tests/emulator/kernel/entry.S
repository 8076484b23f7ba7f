/* SPDX-License-Identifier: MIT
 *
 * The ways from the program into the kernel and back. Interrupts are off all the time. */
#include "layout.h"

    /* The stack becomes a struct registers. */
    .macro save_registers
    .irp register, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
    push %\register
    .endr
    cld
    mov %rsp, %rdi
    .endm

    .text
    /* The kernel's stack is empty whenever the program runs. */
    .globl system_call_entry
system_call_entry:
    mov %rsp, program_stack
    mov $kernel_stack_top, %rsp
    push $(USER_DATA | 3)
    push program_stack
    push %r11 /* its flags */
    push $(USER_CODE | 3)
    push %rcx /* where it goes on */
    push $0
    push $0
    save_registers
    call system_call
restore:
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
    pop %\register
    .endr
    add $16, %rsp
    iretq

    /* void program_enter(const struct registers *registers) */
    .globl program_enter
program_enter:
    mov %rdi, %rsp
    jmp restore

    /* One entry every 16 bytes for each exception. The CPU pushes an error code for some. */
    .globl exception_entries
    .balign 16
exception_entries:
    .set vector, 0
    .rept 32
    .balign 16
    .if !((0x60227d00 >> vector) & 1)
    push $0
    .endif
    push $vector
    jmp exception_entry
    .set vector, vector + 1
    .endr

exception_entry:
    save_registers
    call fault
    jmp restore

    .bss
    .balign 8
program_stack:
    .skip 8

    .section .note.GNU-stack, "", @progbits
