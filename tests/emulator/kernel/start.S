/* SPDX-License-Identifier: MIT
 *
 * From 32 bits at physical KERNEL_START to C at KERNEL_BASE: page tables, long mode, and every
 * register state that AVX-512 needs. */
#include "layout.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)

    .section .start, "ax"
    .code32
    .globl start
start:
    /* Memory is not zero after power-on, in this emulator as in a machine. */
    mov $PHYSICAL(bss_start), %edi
    mov $PHYSICAL(bss_end), %ecx
    sub %edi, %ecx
    xor %eax, %eax
    rep stosb

    /* The first GiB in pages of 2 MiB, at KERNEL_BASE and, until C takes that away, at 0. */
    mov $PHYSICAL(directory), %edi
    mov $0x83, %eax /* present, writable, large */
    mov $512, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b
    movl $PHYSICAL(directory) + 3, PHYSICAL(pointers)
    movl $PHYSICAL(directory) + 3, PHYSICAL(pointers) + 8 * 510
    movl $PHYSICAL(pointers) + 3, PHYSICAL(page_map)
    movl $PHYSICAL(pointers) + 3, PHYSICAL(page_map) + 8 * 511
    mov $PHYSICAL(page_map), %eax
    mov %eax, %cr3

    mov $0x40620, %eax /* physical address extension, FXSAVE, SIMD exceptions, XSAVE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx /* EFER: SYSCALL, long mode, no-execute */
    rdmsr
    or $0x901, %eax
    wrmsr
    mov $0x80010033, %eax /* paging, write protection for the kernel too, FPU errors, protected */
    mov %eax, %cr0
    lgdt PHYSICAL(segments_pointer)
    ljmp $KERNEL_CODE, $PHYSICAL(long_mode)

    .code64
long_mode:
    movabs $high, %rax
    jmp *%rax
high:
    lgdt segments_pointer_high
    mov $KERNEL_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    fninit
    /* XCR0: of x87, SSE, AVX, masks, and both parts of AVX-512's registers, what there is. */
    mov $0xd, %eax
    xor %ecx, %ecx
    cpuid
    and $0xe7, %eax
    xor %edx, %edx
    xor %ecx, %ecx
    xsetbv
    mov $kernel_stack_top, %rsp
    xor %ebp, %ebp
    call kernel_main

    .data
    .balign 8
    .globl segments
segments:
    .quad 0
    .quad 0x00af9a000000ffff /* KERNEL_CODE */
    .quad 0x00cf92000000ffff /* KERNEL_DATA */
    .quad 0                  /* USER_SYSRET */
    .quad 0x00cff2000000ffff /* USER_DATA */
    .quad 0x00affa000000ffff /* USER_CODE */
    .quad 0, 0               /* TASK_STATE, which C fills in */
segments_end:
segments_pointer:
    .word segments_end - segments - 1
    .long PHYSICAL(segments)
    .balign 8
segments_pointer_high:
    .word segments_end - segments - 1
    .quad segments

    .bss
    .balign 4096
    .globl page_map
page_map:
    .skip 4096
pointers:
    .skip 4096
directory:
    .skip 4096
    .skip KERNEL_STACK
    .globl kernel_stack_top
kernel_stack_top:

    .section .note.GNU-stack, "", @progbits
