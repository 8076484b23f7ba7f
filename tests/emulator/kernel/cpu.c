/* SPDX-License-Identifier: MIT */
#include "cpu.h"
#include "layout.h"
#include "port.h"

/* entry.S and start.S */
extern char exception_entries[], system_call_entry[], kernel_stack_top[];
extern uint64_t segments[];

enum { VECTORS = 32, ENTRY_SIZE = 16 };
enum { STAR = 0xc0000081, LSTAR = 0xc0000082, FLAGS_MASK = 0xc0000084 };

struct table_pointer {
    uint16_t limit;
    uint64_t address;
} __attribute__((packed));

/* Which stack exceptions in the program switch to; and no port is the program's. */
static struct {
    uint32_t reserved;
    uint64_t stacks[3]; /* by privilege */
    uint64_t more[9];
    uint16_t reserved_too, port_map;
} __attribute__((packed)) task;

static struct {
    uint64_t low, high;
} gates[VECTORS];

static void point_gates(void)
{
    const uint64_t present = 0x8e00ul << 32;
    for (uint64_t i = 0; i < VECTORS; i++) {
        uint64_t entry = (uint64_t)exception_entries + i * ENTRY_SIZE;
        gates[i].low =
            present | KERNEL_CODE << 16 | (entry & 0xffff) | (entry >> 16 & 0xffff) << 48;
        gates[i].high = entry >> 32;
    }
    struct table_pointer pointer = {sizeof gates - 1, (uint64_t)gates};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void point_task(void)
{
    const uint64_t present = 0x89ul << 40;
    uint64_t at = (uint64_t)&task, *segment = &segments[TASK_STATE / sizeof *segments];
    task.stacks[0] = (uint64_t)kernel_stack_top;
    task.port_map = sizeof task;
    segment[0] = present | (sizeof task - 1) | (at & 0xffffff) << 16 | (at >> 24 & 0xff) << 56;
    segment[1] = at >> 32;
    __asm__ volatile("ltr %w0" : : "r"(TASK_STATE));
}

void cpu_init(void)
{
    point_task();
    point_gates();
    register_write(STAR, (uint64_t)(USER_SYSRET | 3) << 48 | (uint64_t)KERNEL_CODE << 32);
    register_write(LSTAR, (uint64_t)system_call_entry);
    register_write(FLAGS_MASK, 0x47700); /* trap, interrupt, direction, privilege, nesting, AC */
}
