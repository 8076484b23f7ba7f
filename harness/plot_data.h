/* SPDX-License-Identifier: MIT
 *
 * A plot's data/NAME.tsv read back, block by block (harness/plot_draw.h). */
#ifndef MLABENCH_PLOT_DATA_H
#define MLABENCH_PLOT_DATA_H

#include "harness/error.h"

#include <stdbool.h>

#define PLOT_COLUMNS_MAX 32

struct plot_row {
    const char *cell[PLOT_COLUMNS_MAX]; /* "" where a line ends early */
};

struct plot_block_data {
    const char *comment; /* what it holds, as plot_block was told */
    int first, count;    /* of the rows; none for a block of NaN alone */
};

struct plot_data {
    char *text; /* what all strings point into */
    const char *column[PLOT_COLUMNS_MAX];
    int columns;
    bool in_panel; /* while it is read: whether the last line named the next block's panel */
    struct plot_row *rows;
    int row_count;
    struct plot_block_data *blocks;
    int block_count;
};

/* Returns 0 or MLA_MACHINE. plot_data_destroy is to follow in either case. */
int plot_data_read(const char *path, struct plot_data *data, struct mla_error *error);
void plot_data_destroy(struct plot_data *data);

/* A cell as a number; NAN if it is none. */
double plot_number(const struct plot_row *row, int column);

#endif
