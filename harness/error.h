/* SPDX-License-Identifier: MIT
 *
 * How the harness reports failure: a function returns 0 or one of these, and leaves a sentence for
 * the user in the struct. main turns the code into the exit code, its negative. */
#ifndef MLABENCH_ERROR_H
#define MLABENCH_ERROR_H

enum mla_code {
    MLA_FAILED = -1,     /* a kernel failed verification */
    MLA_BAD_INPUT = -2,  /* usage, or what a file says */
    MLA_REGRESSION = -3, /* found by the gate */
    MLA_MACHINE = -4,    /* memory, disk, a file that cannot be read or written */
    MLA_INTERRUPTED = -130,
};

struct mla_error {
    char message[1024]; /* without a newline at its end */
};

/* Formats the message and returns code, so that callers can `return mla_fail(...)`. Control
 * characters become '?': what a file holds must not reach a terminal as commands. */
__attribute__((format(printf, 3, 4))) int mla_fail(struct mla_error *error, int code,
                                                   const char *format, ...);

#ifdef __clang_analyzer__ /* which cannot see into it that the code comes back */
#define mla_fail(error, code, ...) ((mla_fail)(error, code, __VA_ARGS__), (code))
#endif

#endif
