/* SPDX-License-Identifier: MIT
 *
 * Addresses and selectors, for C and for assembly. */
#ifndef EMULATOR_LAYOUT_H
#define EMULATOR_LAYOUT_H

#define KERNEL_BASE  0xffffffff80000000 /* physical address 0, and 1 GiB from there on */
#define KERNEL_START 0x100000           /* physical */
#define KERNEL_STACK 0x10000            /* bytes */

#define PAGE         0x1000
#define USER_END     0x7ffffffff000 /* the program's addresses are below, its stack just below */
#define USER_STACK   0x800000
#define USER_MMAP    0x100000000000 /* and up */
#define USER_PIE     0x10000000     /* where a position-independent program is put */

/* Of the descriptor table in start.S. SYSRET wants the program's in this order, code last. */
#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_SYSRET 0x18
#define USER_DATA   0x20
#define USER_CODE   0x28
#define TASK_STATE  0x30

#endif
