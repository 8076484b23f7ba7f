/* SPDX-License-Identifier: MIT
 *
 * The cases of a result, gathered into the lines of its summary. */
#ifndef MLABENCH_REPORT_SUMMARY_H
#define MLABENCH_REPORT_SUMMARY_H

#include "harness/report_standing.h"

struct rival {
    const struct result_row *row;
    bool
        unbeaten; /* none is surely faster, and it is the fastest by medians or within 10 % of it */
};

struct won {
    struct rival *rivals; /* [count] of a case, the fastest first, without what is left out */
    int count;
    const struct result_row *use; /* of those that are unbeaten, the one that is so most often */
    bool sure;                    /* that all others of several are slower than the fastest */
    int line;                     /* which of the lines it is in, from 0, in order of appearance */
};

struct summary {
    const struct result_table *table;
    struct won *cases; /* [count], in the table's order */
    int count, lines;
};

/* Gathers a result's cases, to be destroyed. False: no memory. */
bool summary_gather(const struct result_table *table, struct summary *summary);
void summary_destroy(struct summary *summary);

/* Whether a reader would ask of both at once: the same model, phase, format and threads, cold or
 * not. */
bool summary_same_question(const struct result_row *a, const struct result_row *b);

/* Where a line holds: contexts and what else its cases are, "256 to 64k cached; 4k cached, batch
 * 8". */
void summary_where(const struct summary *summary, int line, char *text, unsigned long size);

/* A kernel that other lines of the same question use, and that was timed in none of this one's
 * cases; NULL: there is none. */
const char *summary_absent(const struct summary *summary, int line);

#endif
