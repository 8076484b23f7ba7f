/* SPDX-License-Identifier: MIT
 *
 * Which of a plot's data its table shows, and how: one layout per kind of plot. */
#ifndef MLABENCH_PLOT_LAYOUT_H
#define MLABENCH_PLOT_LAYOUT_H

#include "harness/plots.h"

#include <stdbool.h>

/* Where a text or a key of the table comes from: a column of the data, or one of these. */
enum { NONE = -1, PANEL = -2, SERIES = -3 };

enum plot_shown {
    SHOWN_NUMBER,
    SHOWN_PLAIN, /* a text, a whole number or another one */
    SHOWN_TEXT,
    SHOWN_COUNT,
    SHOWN_TOKENS,
    SHOWN_BYTES,
    SHOWN_MICROSECONDS, /* of seconds */
    SHOWN_FORMAT,       /* the name of that number */
    SHOWN_STATE,        /* of the caches: warm or cold */
    SHOWN_YES,          /* or nothing for 0 */
};

struct plot_flat_column {
    const char *head;
    int column;
    enum plot_shown shown;
    int minus;   /* the column to be taken off; 0: none, as column 0 is a place */
    bool beside; /* from the same row of the series' block in the next panel */
};

/* `across`: a column for each of its values, holding `value` and in parentheses `second`; NONE: a
 * line for each row of the data, with the columns of `flat`. */
struct plot_layout {
    int heading, row, across, value, second;
    enum plot_shown across_shown, value_shown;
    int across_most;
    const char *row_head, *note;
    const struct plot_flat_column *flat;
    int from_block;      /* that block and those after it, each a series by its comment; 0: those of
                            the panels */
    const char *without; /* all but the blocks of that name */
    bool first_panel;    /* alone */
};

/* Without row_head: a kind that has no layout. */
extern const struct plot_layout plot_layouts[PLOT_KINDS];

#endif
