/* SPDX-License-Identifier: MIT */
#include "harness/plot_data.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int split(char *line, const char *cell[PLOT_COLUMNS_MAX])
{
    int count = 0;
    char *rest = line;
    for (char *next; count < PLOT_COLUMNS_MAX && (next = strsep(&rest, "\t"));)
        cell[count++] = next;
    for (int i = count; i < PLOT_COLUMNS_MAX; i++)
        cell[i] = "";
    return count;
}

static bool is_empty(const struct plot_row *row, int columns)
{
    for (int i = 0; i < columns; i++)
        if (row->cell[i][0] && strcmp(row->cell[i], "NaN") != 0)
            return false;
    return true;
}

static int add_block(struct plot_data *data, const char *comment)
{
    struct plot_block_data *grown =
        realloc(data->blocks, (size_t)(data->block_count + 1) * sizeof *grown);
    if (!grown)
        return -1;
    data->blocks = grown;
    grown[data->block_count++] = (struct plot_block_data){comment, data->row_count, 0};
    return 0;
}

static int add_row(struct plot_data *data, char *line)
{
    struct plot_row row = {0};
    split(line, row.cell);
    if (data->block_count == 0 || is_empty(&row, PLOT_COLUMNS_MAX))
        return 0;
    if ((data->row_count & (data->row_count - 1)) == 0) { /* full at 0, 1, 2, 4, 8 ... */
        size_t room = data->row_count ? 2 * (size_t)data->row_count : 1;
        struct plot_row *grown = realloc(data->rows, room * sizeof *grown);
        if (!grown)
            return -1;
        data->rows = grown;
    }
    data->rows[data->row_count++] = row;
    data->blocks[data->block_count - 1].count++;
    return 0;
}

/* The first comment names the columns, each later one a block, or the panel that one is in. */
static int take_line(struct plot_data *data, char *line)
{
    if (!line[0])
        return 0;
    if (strncmp(line, "# ", 2) != 0)
        return add_row(data, line);
    if (!data->columns) {
        data->columns = split(line + 2, data->column);
        return 0;
    }
    /* A block's panel goes before its own name, which may begin like that too. */
    data->in_panel = !data->in_panel && strncmp(line, "# in ", 5) == 0;
    return data->in_panel ? 0 : add_block(data, line + 2);
}

int plot_data_read(const char *path, struct plot_data *data, struct mla_error *error)
{
    *data = (struct plot_data){0};
    size_t size = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return mla_fail(error, MLA_MACHINE, "cannot read %s: %s", path, strerror(errno));
    ssize_t length = getdelim(&data->text, &size, 0, file);
    int failed = length < 0 ? -1 : 0;
    char *rest = data->text;
    for (char *line; !failed && (line = strsep(&rest, "\n"));)
        failed = take_line(data, line);
    fclose(file);
    return failed ? mla_fail(error, MLA_MACHINE, "cannot read %s, or no memory for it", path) : 0;
}

void plot_data_destroy(struct plot_data *data)
{
    free(data->blocks);
    free(data->rows);
    free(data->text);
    *data = (struct plot_data){0};
}

double plot_number(const struct plot_row *row, int column)
{
    char *end;
    const char *cell = row->cell[column];
    double value = strtod(cell, &end);
    return end == cell || *end ? NAN : value;
}
