/* SPDX-License-Identifier: MIT */
#include "calls.h"
#include "console.h"
#include "cpu.h"

#include <asm/unistd.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum { PROCESS = 1, CALLS = 512 };

/* A call without a function returns its result, and does nothing. */
static const struct {
    call_function *function;
    int result;
    bool known;
} calls[CALLS] = {
#define CALL(name, function)   [__NR_##name] = {function, 0, true}
#define CONSTANT(name, result) [__NR_##name] = {NULL, result, true}
    CALL(brk, call_brk),
    CALL(mmap, call_mmap),
    CALL(mprotect, call_mprotect),
    CALL(munmap, call_munmap),
    CALL(madvise, call_madvise),
    CONSTANT(mremap, -ENOMEM), /* malloc copies then */
    CONSTANT(mlock, 0),
    CONSTANT(munlock, 0),

    CALL(write, call_write),
    CALL(writev, call_writev),
    CALL(fstat, call_fstat),
    CALL(newfstatat, call_newfstatat),
    CALL(ioctl, call_ioctl),
    CONSTANT(read, 0), /* end of file */
    CONSTANT(close, 0),
    CONSTANT(fcntl, 0),
    CONSTANT(lseek, -ESPIPE),
    CONSTANT(open, -ENOENT),
    CONSTANT(openat, -ENOENT),
    CONSTANT(access, -ENOENT),
    CONSTANT(faccessat, -ENOENT),
    CONSTANT(faccessat2, -ENOENT),
    CONSTANT(stat, -ENOENT),
    CONSTANT(lstat, -ENOENT),
    CONSTANT(readlink, -ENOENT),
    CONSTANT(readlinkat, -ENOENT),
    CONSTANT(getcwd, -ENOENT),

    CALL(clock_gettime, call_clock_gettime),
    CALL(clock_getres, call_clock_getres),
    CALL(gettimeofday, call_gettimeofday),
    CALL(time, call_time),
    CALL(getrandom, call_getrandom),
    CALL(uname, call_uname),
    CALL(sysinfo, call_sysinfo),
    CALL(prlimit64, call_prlimit),
    CALL(sched_getaffinity, call_getaffinity),
    CALL(getcpu, call_getcpu),
    CONSTANT(sched_setaffinity, 0),
    CONSTANT(clock_nanosleep, 0),
    CONSTANT(nanosleep, 0),
    CONSTANT(getuid, 0),
    CONSTANT(geteuid, 0),
    CONSTANT(getgid, 0),
    CONSTANT(getegid, 0),

    CALL(arch_prctl, call_arch_prctl),
    CALL(futex, call_futex),
    CALL(exit, call_exit),
    CALL(exit_group, call_exit),
    CALL(kill, call_kill),
    CALL(tkill, call_kill),
    CALL(tgkill, call_tgkill),
    CONSTANT(set_tid_address, PROCESS),
    CONSTANT(getpid, PROCESS),
    CONSTANT(gettid, PROCESS),
    CONSTANT(getppid, 0),
    CONSTANT(set_robust_list, 0),
    CONSTANT(rseq, -ENOSYS),
    CONSTANT(sched_yield, 0),
    CALL(rt_sigaction, call_sigaction),
    CALL(rt_sigprocmask, call_sigprocmask),
    CALL(rt_sigreturn, call_sigreturn),
    CONSTANT(sigaltstack, 0), /* accepted, never used */
    CONSTANT(prctl, -EINVAL),
    CONSTANT(clone, -EAGAIN), /* one thread, one process */
    CONSTANT(clone3, -ENOSYS),
    CONSTANT(fork, -EAGAIN),
    CONSTANT(vfork, -EAGAIN),
#undef CALL
#undef CONSTANT
};

static int64_t unknown(uint64_t number)
{
    static bool said[CALLS];
    if (number >= CALLS || !said[number])
        say("unknown system call %u at rip 0x%x", number, caller->rip);
    if (number < CALLS)
        said[number] = true;
    return -ENOSYS;
}

struct registers *caller;

void system_call(struct registers *registers)
{
    uint64_t number = registers->rax;
    const uint64_t arguments[] = {registers->rdi, registers->rsi, registers->rdx,
                                  registers->r10, registers->r8,  registers->r9};
    int64_t result;
    caller = registers;
    if (number >= CALLS || !calls[number].known)
        result = unknown(number);
    else if (calls[number].function)
        result = calls[number].function(arguments);
    else
        result = calls[number].result;
    registers->rax = (uint64_t)result;
}
