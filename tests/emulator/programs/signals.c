/* SPDX-License-Identifier: MIT
 *
 * Signal handlers: what they are told, that they can return or jump, and that the registers are
 * the same after. Runs on Linux as well. */
#define _GNU_SOURCE
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static int failed;

static void check(bool holds, const char *what)
{
    failed += !holds;
    if (!holds)
        printf("signals: FAILED: %s\n", what);
}

#define CHECK(condition) check(condition, #condition)

static volatile sig_atomic_t told, told_code, told_write;
static void *volatile told_address;
static sigjmp_buf before;

static void handle_by(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

static void note(int signal, siginfo_t *info, void *context)
{
    enum { WRITE = 2 };
    const ucontext_t *machine = context;
    told = signal;
    told_code = info->si_code;
    told_address = info->si_addr;
    told_write = (machine->uc_mcontext.gregs[REG_ERR] & WRITE) != 0;
}

static void jump(int signal, siginfo_t *info, void *context)
{
    note(signal, info, context);
    siglongjmp(before, 1);
}

static void illegal_instruction(void)
{
    told = 0;
    if (sigsetjmp(before, 1) == 0)
        __asm__ volatile("ud2");
    CHECK(told == SIGILL && told_code == ILL_ILLOPN);
}

enum { PAGE = 4096 };
static char *page;

static void unprotect(int signal, siginfo_t *info, void *context)
{
    note(signal, info, context);
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    __asm__ volatile("pxor %%xmm7, %%xmm7" : : : "xmm7");
    if (__builtin_cpu_supports("avx512f"))
        __asm__ volatile("vpxor %%xmm7, %%xmm7, %%xmm7" : : : "xmm7");
}

/* 16 floats in a register while the handler runs. */
__attribute__((target("avx512f"))) static void write_with_full_register(void)
{
    float in[16], out[16];
    for (int i = 0; i < 16; i++)
        in[i] = (float)i;
    __asm__ volatile("vmovups %1, %%zmm7\n\t"
                     "movb $5, (%2)\n\t"
                     "vmovups %%zmm7, %0"
                     : "=m"(out)
                     : "m"(in), "r"(page)
                     : "xmm7", "memory");
    CHECK(memcmp(in, out, sizeof in) == 0);
}

static void write_plainly(void)
{
    *(volatile char *)page = 5;
}

static void protected_page(void (*write)(void))
{
    mprotect(page, PAGE, PROT_READ);
    told = 0;
    write();
    CHECK(told == SIGSEGV && told_code == SEGV_ACCERR && told_write);
    CHECK(told_address == page && *page == 5);
}

static void absent_page(void)
{
    munmap(page, PAGE);
    if (sigsetjmp(before, 1) == 0)
        (void)*(volatile char *)(page + 8);
    CHECK(told == SIGSEGV && told_code == SEGV_MAPERR && !told_write && told_address == page + 8);
}

static void sent(void)
{
    sigset_t set;
    handle_by(SIGUSR1, note, 0);
    CHECK(raise(SIGUSR1) == 0 && told == SIGUSR1);
    sigprocmask(SIG_SETMASK, NULL, &set);
    CHECK(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGILL) && !sigismember(&set, SIGSEGV));
}

/* Back where it was, and then the end. */
static void once(void)
{
    handle_by(SIGSEGV, note, (int)SA_RESETHAND);
    printf("signals: %d failed\n", failed);
    fflush(stdout);
    (void)*(volatile char *)page;
}

int main(void)
{
    handle_by(SIGILL, jump, 0);
    illegal_instruction();
    illegal_instruction();
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle_by(SIGSEGV, unprotect, 0);
    protected_page(write_plainly);
    if (__builtin_cpu_supports("avx512f"))
        protected_page(write_with_full_register);
    handle_by(SIGSEGV, jump, 0);
    absent_page();
    sent();
    once();
    return 0;
}
