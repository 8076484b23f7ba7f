/* SPDX-License-Identifier: MIT
 *
 * Running gnuplot, without a shell. */
#ifndef MLABENCH_GNUPLOT_H
#define MLABENCH_GNUPLOT_H

#include <stdbool.h>

struct gnuplot_outcome {
    bool missing;      /* there is no gnuplot to run */
    char message[256]; /* why it failed, for the user */
};

/* Runs `gnuplot -c arguments[0] ...` in a folder; the list ends with NULL. In scripts the arguments
 * are strings that nothing interprets. Returns whether it succeeded. */
bool gnuplot_run(const char *folder, const char *const *arguments, struct gnuplot_outcome *outcome);

#endif
