/* SPDX-License-Identifier: MIT
 *
 * What to say of a crash: which buffer was touched where, from within the signal handler. */
#ifndef MLABENCH_FAULT_H
#define MLABENCH_FAULT_H

#include <stdbool.h>

/* The longest description. */
#define FAULT_MAX 256

/* From here on a fatal signal calls `by`, from within its handler, with what it was in words
 * and whether it is about a guarded buffer. Then it ends the process as it would have. */
typedef void fault_report(const char *text, bool in_buffer);
void fault_report_by(fault_report *by);

#define FAULT_KEY        "child_fault"
#define FAULT_BUFFER_KEY "child_fault_in_buffer"

/* As a line of JSON to the file descriptor: FAULT_KEY with the words, FAULT_BUFFER_KEY with whether
 * it is about a guarded buffer. */
void fault_report_to(int fd);

#endif
