/* SPDX-License-Identifier: MIT
 *
 * What stands in place of the BIOS: 64 KiB at the end of the first 4 GiB, where the CPU begins, in
 * real mode, at the last 16 bytes. Enters protected mode, copies the kernel to memory, and jumps
 * to it. */
#include "layout.h"

    .text
    .code16
rom:
    cli
    inb $0x92, %al /* address line 20, off after a reset */
    orb $2, %al
    outb %al, $0x92
    lgdtl %cs:(table_pointer - 0xffff0000)
    mov %cr0, %eax
    and $0x9fffffff, %eax /* caches on */
    or $1, %eax
    mov %eax, %cr0
    ljmpl $KERNEL_CODE, $protected

    .code32
protected:
    mov $KERNEL_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    cld
    mov $kernel, %esi
    mov $KERNEL_START, %edi
    mov $kernel_end - kernel, %ecx
    rep movsb
    mov $KERNEL_START, %eax
    jmp *%eax

    .balign 8
table: /* flat code and data */
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
table_pointer:
    .word table_pointer - table - 1
    .long table

    .balign 16
kernel:
    .incbin "kernel.bin"
kernel_end:

    .org 0xfff0
    .code16
    jmp rom
    .org 0xffff
    .byte 0
