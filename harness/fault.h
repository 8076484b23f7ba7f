/* SPDX-License-Identifier: MIT
 *
 * What to say of a crash: which buffer was touched where, from within the signal handler. */
#ifndef MLABENCH_FAULT_H
#define MLABENCH_FAULT_H

/* The longest description. */
#define FAULT_MAX        256

#define FAULT_KEY        "child_fault"
#define FAULT_BUFFER_KEY "child_fault_in_buffer"

/* From here on a fatal signal writes a line of JSON to the file descriptor: FAULT_KEY with the
 * description, FAULT_BUFFER_KEY with whether it is about a guarded buffer. Then it ends the process
 * as it would have. */
void fault_report_to(int fd);

#endif
