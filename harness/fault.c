/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* the registers in a signal's context */
#include "harness/fault.h"

#include "harness/memory.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/* "reading" or "writing", where the CPU says which. */
static const char *access_of(const void *context)
{
#if defined(__x86_64__)
    enum { WRITE_BIT = 2 };
    const ucontext_t *machine = context;
    return machine->uc_mcontext.gregs[REG_ERR] & WRITE_BIT ? "writing" : "reading";
#else
    (void)context;
    return "touching";
#endif
}

/* Returns whether the address is a guarded buffer's. */
static bool describe_access(const siginfo_t *info, const void *context, char text[FAULT_MAX])
{
    ptrdiff_t offset = 0;
    const struct buffer *buffer = buffer_around(info->si_addr, &offset);
    const char *access = access_of(context);
    if (!buffer)
        snprintf(text, FAULT_MAX, "%s address %p, which is none of its buffers", access,
                 info->si_addr);
    else if (offset < 0)
        snprintf(text, FAULT_MAX, "%s %td bytes before the start of %s (%zu bytes)", access,
                 -offset, buffer->what, buffer->size);
    else if ((size_t)offset >= buffer->size)
        snprintf(text, FAULT_MAX, "%s at offset %td of %s, which has %zu bytes", access, offset,
                 buffer->what, buffer->size);
    else
        snprintf(text, FAULT_MAX, "%s at offset %td of %s, which is read-only now", access, offset,
                 buffer->what);
    return buffer != NULL;
}

static const char *plain_name(int number)
{
    switch (number) {
    case SIGILL:
        return "an instruction that this CPU does not have";
    case SIGFPE:
        return "an integer division by zero, or one that overflows";
    case SIGABRT:
        return "it called abort";
    default:
        return "a bus error";
    }
}

static fault_report *report;

/* snprintf of integers and strings takes no lock and no memory in the C libraries we know. */
static void handle(int number, siginfo_t *info, void *context)
{
    char text[FAULT_MAX];
    bool in_buffer = false;
    if (number == SIGSEGV)
        in_buffer = describe_access(info, context, text);
    else
        snprintf(text, sizeof text, "%s", plain_name(number));
    report(text, in_buffer);
    /* SA_RESETHAND has put back what ends the process: returning does the faulting access again,
     * but a signal that was sent has to be sent again. */
    if (info->si_code <= 0)
        raise(number);
}

void fault_report_by(fault_report *by)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    report = by;
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, NULL);
}

static int report_fd;

static void write_all(const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t written = write(report_fd, text, length);
        if (written <= 0)
            return;
        text += written;
        length -= (size_t)written;
    }
}

static void write_json(const char *text, bool in_buffer)
{
    /* Begins with a new line, as the process may have been in the middle of one. */
    write_all("\n{\"" FAULT_KEY "\": \"");
    write_all(text);
    write_all(in_buffer ? "\", \"" FAULT_BUFFER_KEY "\": true}\n" : "\"}\n");
}

void fault_report_to(int fd)
{
    report_fd = fd;
    fault_report_by(write_json);
}
