/* SPDX-License-Identifier: MIT
 *
 * What is running, how much is done, and how long the rest may take: one line that renews itself
 * on a terminal, plain lines otherwise, nothing when quiet. All of it on stderr. */
#ifndef MLABENCH_PROGRESS_H
#define MLABENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool quiet, terminal;
    int done, total; /* cases */
    int64_t start_ns;
    char what[256]; /* the case under way */
    bool drawn;     /* whether the terminal's line holds something */
};

void progress_start(struct progress *progress, bool quiet, int total);

/* The next case begins. Without a terminal, this is when a line is printed. */
void progress_case(struct progress *progress, int done, const char *what);

/* Within a case: shown on a terminal only. */
__attribute__((format(printf, 2, 3))) void progress_step(struct progress *progress,
                                                         const char *format, ...);

/* Makes room for other output, which may follow at any time. */
void progress_clear(struct progress *progress);

#endif
