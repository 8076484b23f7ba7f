/* SPDX-License-Identifier: MIT
 *
 * CPU exceptions. But for the first touch of a page, each is a signal; where the program has no
 * handler for it, the end, with the status that a shell gives for the signal. */
#include "console.h"
#include "cpu.h"
#include "layout.h"
#include "pages.h"
#include "signals.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <stddef.h>

enum { PAGE_FAULT = 14 };

static const struct {
    const char *name;
    int signal, code; /* as in a siginfo_t */
} exceptions[32] = {
    [0] = {"#DE divide error", SIGFPE, FPE_INTDIV},
    [1] = {"#DB debug", SIGTRAP, TRAP_TRACE},
    [3] = {"#BP breakpoint", SIGTRAP, SI_KERNEL},
    [4] = {"#OF overflow", SIGSEGV, SI_KERNEL},
    [5] = {"#BR bound range", SIGSEGV, SI_KERNEL},
    [6] = {"#UD invalid opcode", SIGILL, ILL_ILLOPN},
    [7] = {"#NM no FPU", SIGFPE, SI_KERNEL},
    [8] = {"#DF double fault", SIGSEGV, SI_KERNEL},
    [10] = {"#TS invalid TSS", SIGSEGV, SI_KERNEL},
    [11] = {"#NP segment not present", SIGBUS, SI_KERNEL},
    [12] = {"#SS stack segment", SIGBUS, SI_KERNEL},
    [13] = {"#GP general protection", SIGSEGV, SI_KERNEL},
    [PAGE_FAULT] = {"#PF page fault", SIGSEGV, SEGV_MAPERR},
    [16] = {"#MF x87 error", SIGFPE, FPE_FLTINV},
    [17] = {"#AC alignment check", SIGBUS, BUS_ADRALN},
    [19] = {"#XM SIMD error", SIGFPE, FPE_FLTINV},
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

static void report(const struct registers *registers)
{
    const char *name = exceptions[registers->vector].name;
    say("%s (vector %u, error 0x%x) at rip 0x%x:%s", name ? name : "exception", registers->vector,
        registers->error, registers->rip, instruction_at(registers->rip));
    if (registers->vector == PAGE_FAULT)
        say("%s 0x%x, %s", access_of(registers->error), faulting_address(),
            is_mapped(faulting_address()) ? "protected" : "not mapped");
    if (registers->cs == KERNEL_CODE)
        say("on behalf of a system call or a signal");
}

void fault(struct registers *registers)
{
    uint64_t address = registers->rip;
    int signal = exceptions[registers->vector].signal, code = exceptions[registers->vector].code;
    if (registers->vector == PAGE_FAULT) {
        address = faulting_address();
        if (pages_touch(address))
            return;
        code = is_mapped(address) ? SEGV_ACCERR : SEGV_MAPERR;
    }
    if (registers->cs != KERNEL_CODE && signal_deliver(registers, signal, code, address))
        return;
    report(registers);
    console_end(128 + (signal ? signal : SIGSEGV));
}
