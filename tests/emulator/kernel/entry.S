/* SPDX-License-Identifier: MIT
 *
 * The ways from the program into the kernel and back. Interrupts are off all the time. */
#include "layout.h"

    .text
    /* The stack becomes a struct call. The kernel's is empty whenever the program runs. */
    .globl system_call_entry
system_call_entry:
    mov %rsp, program_stack
    mov $kernel_stack_top, %rsp
    push program_stack
    push %rcx /* where to return to */
    push %r11 /* its flags */
    push %r9
    push %r8
    push %r10
    push %rdx
    push %rsi
    push %rdi
    push %rax
    cld
    mov %rsp, %rdi
    call system_call
    add $8, %rsp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %r10
    pop %r8
    pop %r9
    pop %r11
    pop %rcx
    pop %rsp
    sysretq

    /* void program_enter(uint64_t entry, uint64_t stack) */
    .globl program_enter
program_enter:
    mov %rdi, %rcx
    mov %rsi, %rsp
    mov $2, %r11d /* flags: none */
    xor %eax, %eax
    xor %ebx, %ebx
    xor %edx, %edx
    xor %esi, %esi
    xor %edi, %edi
    xor %ebp, %ebp
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    sysretq

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

    /* The stack becomes a struct fault. */
exception_entry:
    push %r11
    push %r10
    push %r9
    push %r8
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    cld
    mov %rsp, %rdi
    call fault
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    pop %r8
    pop %r9
    pop %r10
    pop %r11
    add $16, %rsp
    iretq

    .bss
    .balign 8
program_stack:
    .skip 8

    .section .note.GNU-stack, "", @progbits
