/* SPDX-License-Identifier: MIT
 *
 * A handler gets what Linux gives it: on the stack, above where it returns to, a ucontext and a
 * siginfo, and above these the vector registers, as XSAVE has them. */
#include "bytes.h"
#include "calls.h"
#include "console.h"
#include "layout.h"
#include "signals.h"

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <errno.h>
#include <stddef.h>

enum { SIGNALS = 64, RED_ZONE = 128 };
enum { XSAVE_HEADER = 512, XSAVE_HEADER_SIZE = 64 };

static struct sigaction actions[SIGNALS + 1];
static uint64_t blocked;

struct frame {
    uint64_t return_to;
    struct ucontext context;
    siginfo_t info;
};

static bool is_signal(uint64_t signal)
{
    return signal >= 1 && signal <= SIGNALS;
}

static uint64_t bit(int signal)
{
    return 1ul << (signal - 1);
}

/* Bytes that XSAVE writes. */
static uint32_t vectors_size(void)
{
    uint32_t leaf = 0xd, subleaf = 0, size, rdx;
    __asm__("cpuid" : "+a"(leaf), "=b"(size), "+c"(subleaf), "=d"(rdx));
    return size;
}

static void save_vectors(void *to)
{
    memset((char *)to + XSAVE_HEADER, 0, XSAVE_HEADER_SIZE);
    __asm__ volatile("xsave64 (%0)" : : "r"(to), "a"(-1), "d"(-1) : "memory");
}

static void restore_vectors(const void *from)
{
    __asm__ volatile("xrstor64 (%0)" : : "r"(from), "a"(-1), "d"(-1) : "memory");
}

static void save_registers(struct sigcontext *to, const struct registers *from, uint64_t address)
{
    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r10 = from->r10;
    to->r11 = from->r11;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->rdi = from->rdi;
    to->rsi = from->rsi;
    to->rbp = from->rbp;
    to->rbx = from->rbx;
    to->rdx = from->rdx;
    to->rax = from->rax;
    to->rcx = from->rcx;
    to->rsp = from->rsp;
    to->rip = from->rip;
    to->eflags = from->flags;
    to->cs = USER_CODE | 3;
    to->err = from->error;
    to->trapno = from->vector;
    to->cr2 = address;
}

static void restore_registers(struct registers *to, const struct sigcontext *from)
{
    enum { PROGRAMS_FLAGS = 0xdd5, ALWAYS_SET = 2 };
    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r10 = from->r10;
    to->r11 = from->r11;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->rdi = from->rdi;
    to->rsi = from->rsi;
    to->rbp = from->rbp;
    to->rbx = from->rbx;
    to->rdx = from->rdx;
    to->rax = from->rax;
    to->rcx = from->rcx;
    to->rsp = from->rsp;
    to->rip = from->rip;
    to->flags = (from->eflags & PROGRAMS_FLAGS) | ALWAYS_SET;
}

bool signal_deliver(struct registers *registers, int signal, int code, uint64_t address)
{
    if (!is_signal((uint64_t)signal) || blocked & bit(signal))
        return false;
    struct sigaction *action = &actions[signal];
    uint64_t handler = (uint64_t)action->sa_handler;
    if (handler == (uint64_t)SIG_DFL || handler == (uint64_t)SIG_IGN)
        return false;

    uint64_t vectors = (registers->rsp - RED_ZONE - vectors_size()) / 64 * 64;
    struct frame *frame = (struct frame *)((vectors - sizeof *frame) / 16 * 16 - 8);
    save_vectors((void *)vectors);
    memset(frame, 0, sizeof *frame);
    frame->return_to = (uint64_t)action->sa_restorer;
    save_registers(&frame->context.uc_mcontext, registers, address);
    frame->context.uc_mcontext.fpstate = (void *)vectors;
    frame->context.uc_sigmask = blocked;
    frame->info.si_signo = signal;
    frame->info.si_code = code;
    frame->info.si_addr = (void *)address;

    registers->rip = handler;
    registers->rsp = (uint64_t)frame;
    registers->rdi = (uint64_t)signal;
    registers->rsi = (uint64_t)&frame->info;
    registers->rdx = (uint64_t)&frame->context;
    registers->rax = 0;
    registers->flags = 2;
    blocked |= action->sa_mask | (action->sa_flags & SA_NODEFER ? 0 : bit(signal));
    if (action->sa_flags & SA_RESETHAND)
        action->sa_handler = SIG_DFL;
    return true;
}

/* The handler has returned, which took the frame's first word from the stack. */
int64_t call_sigreturn(const uint64_t *arguments)
{
    (void)arguments;
    const struct frame *frame = (const struct frame *)(caller->rsp - sizeof(uint64_t));
    const struct sigcontext *context = &frame->context.uc_mcontext;
    if (context->fpstate)
        restore_vectors(context->fpstate);
    blocked = frame->context.uc_sigmask;
    restore_registers(caller, context);
    return (int64_t)caller->rax;
}

int64_t call_sigaction(const uint64_t *arguments)
{
    const struct sigaction *new = (const struct sigaction *)arguments[1];
    struct sigaction *old = (struct sigaction *)arguments[2];
    if (!is_signal(arguments[0]) || arguments[0] == SIGKILL || arguments[0] == SIGSTOP)
        return -EINVAL;
    struct sigaction *action = &actions[arguments[0]];
    if (old)
        *old = *action;
    if (new)
        *action = *new;
    return 0;
}

int64_t call_sigprocmask(const uint64_t *arguments)
{
    const uint64_t *set = (const uint64_t *)arguments[1];
    uint64_t *old = (uint64_t *)arguments[2], before = blocked;
    if (set && arguments[0] == SIG_BLOCK)
        blocked |= *set;
    else if (set && arguments[0] == SIG_UNBLOCK)
        blocked &= ~*set;
    else if (set)
        blocked = *set;
    if (old)
        *old = before;
    return 0;
}

int64_t call_kill(const uint64_t *arguments)
{
    int signal = (int)arguments[1];
    caller->rax = 0;
    if (signal == 0 || signal_deliver(caller, signal, SI_USER, 0))
        return 0;
    say("signal %u, which the program sent itself", (uint64_t)signal);
    console_end(128 + signal);
}

int64_t call_tgkill(const uint64_t *arguments)
{
    return call_kill(arguments + 1);
}
