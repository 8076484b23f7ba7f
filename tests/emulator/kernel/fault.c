/* SPDX-License-Identifier: MIT
 *
 * CPU exceptions. But for the first touch of a page, each is the end, with the status that a shell
 * gives for the signal that Linux would send. */
#include "console.h"
#include "cpu.h"
#include "layout.h"
#include "pages.h"

#include <asm/signal.h>
#include <stddef.h>

enum { PAGE_FAULT = 14 };

static const struct {
    const char *name;
    int signal;
} exceptions[32] = {
    [0] = {"#DE divide error", SIGFPE},
    [1] = {"#DB debug", SIGTRAP},
    [3] = {"#BP breakpoint", SIGTRAP},
    [4] = {"#OF overflow", SIGSEGV},
    [5] = {"#BR bound range", SIGSEGV},
    [6] = {"#UD invalid opcode", SIGILL},
    [7] = {"#NM no FPU", SIGFPE},
    [8] = {"#DF double fault", SIGSEGV},
    [10] = {"#TS invalid TSS", SIGSEGV},
    [11] = {"#NP segment not present", SIGBUS},
    [12] = {"#SS stack segment", SIGBUS},
    [13] = {"#GP general protection", SIGSEGV},
    [PAGE_FAULT] = {"#PF page fault", SIGSEGV},
    [16] = {"#MF x87 error", SIGFPE},
    [17] = {"#AC alignment check", SIGBUS},
    [19] = {"#XM SIMD error", SIGFPE},
};

static uint64_t faulting_address(void)
{
    uint64_t address;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

static const char *access_of(uint64_t error)
{
    enum { WRITE = 2, EXECUTE = 16 };
    return error & EXECUTE ? "executing" : error & WRITE ? "writing" : "reading";
}

/* The bytes there, or as many as can be read, as text. */
static const char *instruction_at(uint64_t rip)
{
    enum { LONGEST = 15 };
    static char text[3 * LONGEST + 1];
    char *at = text;
    for (uint64_t byte = rip; byte < rip + LONGEST && pages_readable(byte); byte++) {
        uint8_t value = *(const uint8_t *)byte;
        *at++ = ' ';
        *at++ = "0123456789abcdef"[value >> 4];
        *at++ = "0123456789abcdef"[value & 15];
    }
    *at = 0;
    return text;
}

static bool is_mapped(uint64_t address)
{
    address -= address % PAGE;
    return pages_any_mapped(address, address + PAGE);
}

void fault(const struct fault *fault)
{
    if (fault->vector == PAGE_FAULT && pages_touch(faulting_address()))
        return;
    const char *name = exceptions[fault->vector].name;
    int signal = exceptions[fault->vector].signal;
    say("%s (vector %u, error 0x%x) at rip 0x%x:%s", name ? name : "exception", fault->vector,
        fault->error, fault->rip, instruction_at(fault->rip));
    if (fault->vector == PAGE_FAULT)
        say("%s 0x%x, %s", access_of(fault->error), faulting_address(),
            is_mapped(faulting_address()) ? "protected" : "not mapped");
    if (fault->cs == KERNEL_CODE)
        say("on behalf of a system call");
    console_end(128 + (signal ? signal : SIGSEGV));
}
