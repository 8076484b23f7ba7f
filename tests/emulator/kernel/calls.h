/* SPDX-License-Identifier: MIT
 *
 * The system calls. Each takes up to 6 arguments and returns a result or a negative errno. Memory
 * that the program names is read and written as if the program did it: a bad address is a fault,
 * not EFAULT. */
#ifndef EMULATOR_CALLS_H
#define EMULATOR_CALLS_H

#include "cpu.h"

#include <stdbool.h>
#include <stdint.h>

/* The program's, during a call. */
extern struct registers *caller;

typedef int64_t call_function(const uint64_t *arguments);

/* calls_memory.c */
call_function call_brk, call_mmap, call_mprotect, call_munmap, call_madvise;
void brk_init(uint64_t end_of_program);

/* calls_output.c */
call_function call_write, call_writev, call_fstat, call_newfstatat, call_ioctl;

/* calls_machine.c */
call_function call_clock_gettime, call_clock_getres, call_gettimeofday, call_time, call_getrandom,
    call_uname, call_sysinfo, call_prlimit, call_getaffinity, call_getcpu;
void random_bytes(void *to, uint64_t count);

/* calls_thread.c */
call_function call_arch_prctl, call_futex, call_exit;

/* calls_signal.c */
call_function call_sigaction, call_sigprocmask, call_sigreturn, call_kill, call_tgkill;

#endif
