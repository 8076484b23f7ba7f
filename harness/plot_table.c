/* SPDX-License-Identifier: MIT
 *
 * A plot's table, made of its data as its kind's layout says. */
#include "harness/plot_layout.h"
#include "harness/plot_texts.h"
#include "harness/suite.h"
#include "harness/tex.h"
#include "harness/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One row of the data with where it belongs. */
struct place {
    const char *panel, *series;
    const struct plot_row *row;
};

struct cell {
    char s[96];
};

static struct cell show(const struct plot_row *row, int column, int minus, enum plot_shown shown)
{
    struct cell cell;
    double x = plot_number(row, column) - (minus ? plot_number(row, minus) : 0);
    const int formats = sizeof format_names / sizeof format_names[0];
    bool is_text = isnan(x) && strcmp(row->cell[column], "NaN") != 0;
    bool is_whole = x == floor(x) && fabs(x) < 1e15;
    if (shown == SHOWN_TEXT || (shown == SHOWN_PLAIN && is_text))
        snprintf(cell.s, sizeof cell.s, "%s", row->cell[column]);
    else if (isnan(x))
        snprintf(cell.s, sizeof cell.s, "–");
    else if (shown == SHOWN_COUNT || (shown == SHOWN_PLAIN && is_whole))
        snprintf(cell.s, sizeof cell.s, "%s", unit_count((int64_t)x).s);
    else if (shown == SHOWN_TOKENS)
        snprintf(cell.s, sizeof cell.s, "%s", unit_tokens((int64_t)x).s);
    else if (shown == SHOWN_BYTES)
        snprintf(cell.s, sizeof cell.s, "%s", unit_bytes(x).s);
    else if (shown == SHOWN_FORMAT)
        snprintf(cell.s, sizeof cell.s, "%s",
                 x >= 0 && x < formats ? format_names[(int)x] : "other");
    else if (shown == SHOWN_STATE)
        snprintf(cell.s, sizeof cell.s, "%s", x > 0 ? "cold" : "warm");
    else if (shown == SHOWN_YES)
        snprintf(cell.s, sizeof cell.s, "%s", x > 0 ? "yes" : "");
    else
        tex_number(cell.s, sizeof cell.s, shown == SHOWN_MICROSECONDS ? 1e6 * x : x);
    return cell;
}

/* The text that a source has for a row. */
static const char *key(const struct place *place, int source)
{
    return source >= 0        ? place->row->cell[source]
           : source == PANEL  ? place->panel
           : source == SERIES ? place->series
                              : "";
}

/* The rows that a table is made of, in order; malloc'ed, NULL without memory. */
static struct place *take_rows(const struct plot_draft *draft, const struct plot_data *data,
                               const struct plot_layout *layout, int *count)
{
    struct place *places = malloc((size_t)(data->row_count + 1) * sizeof *places);
    *count = 0;
    for (int b = 0; places && b < data->block_count; b++) {
        const struct plot_block_data *block = &data->blocks[b];
        struct place place = {0};
        bool placed = plot_block_place(draft, b, &place.panel, &place.series);
        if (layout->from_block > 0)
            place.series = block->comment;
        if (layout->from_block > 0 ? b < layout->from_block : !placed)
            continue;
        if ((layout->without && !strcmp(place.series, layout->without)) ||
            (layout->first_panel && strcmp(place.panel, draft->panels.item[0]) != 0))
            continue;
        for (int r = block->first; r < block->first + block->count; r++) {
            place.row = &data->rows[r];
            places[(*count)++] = place;
        }
    }
    return places;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = strtod(*(const char *const *)a, NULL), y = strtod(*(const char *const *)b, NULL);
    return (x > y) - (x < y);
}

#define KEYS_MAX 256

/* The keys across: of a column of numbers ascending, of words as they come; of more than fit every
 * second, third ... down from the last. */
static int keys_across(const struct plot_layout *layout, const struct place *places, int count,
                       const char *keys[TEX_COLUMNS_MAX])
{
    const char *all[KEYS_MAX];
    int found = 0;
    for (int i = 0; i < count; i++) {
        const char *now = key(&places[i], layout->across);
        int k = 0;
        while (k < found && strcmp(all[k], now) != 0)
            k++;
        if (k == found && found < KEYS_MAX)
            all[found++] = now;
    }
    if (layout->across >= 0)
        qsort(all, (size_t)found, sizeof all[0], compare_numbers);
    int step = (found + layout->across_most - 1) / layout->across_most, used = 0;
    for (int k = step ? (found - 1) % step : 0; k < found; k += step)
        keys[used++] = all[k];
    return used;
}

static void append(char *line, size_t size, const char *before, const char *text, const char *after)
{
    size_t used = strlen(line);
    snprintf(line + used, size - used, "%s%s%s", before, text, after);
}

static bool same_line(const struct plot_layout *layout, const struct place *a,
                      const struct place *b)
{
    return !strcmp(key(a, layout->heading), key(b, layout->heading)) &&
           !strcmp(key(a, layout->row), key(b, layout->row));
}

/* Of the rows with the same keys as `of` the one with the largest value, or NULL. */
static const struct place *find(const struct plot_layout *layout, const struct place *places,
                                int count, const struct place *of, const char *across)
{
    const struct place *found = NULL;
    for (int i = 0; i < count; i++) {
        const struct place *p = &places[i];
        if (same_line(layout, p, of) && !strcmp(key(p, layout->across), across) &&
            (!found || plot_number(p->row, layout->value) > plot_number(found->row, layout->value)))
            found = p;
    }
    return found;
}

static void add_line(const struct plot_layout *layout, const struct place *places, int count,
                     const struct place *of, const char *const *across, int columns,
                     struct tex_table *table)
{
    char line[1024];
    snprintf(line, sizeof line, "%s", key(of, layout->row));
    for (int c = 0; c < columns; c++) {
        const struct place *p = find(layout, places, count, of, across[c]);
        append(line, sizeof line, "\t",
               p ? show(p->row, layout->value, 0, layout->value_shown).s : "–", "");
        if (p && layout->second != NONE && !isnan(plot_number(p->row, layout->second)))
            append(line, sizeof line, " (", show(p->row, layout->second, 0, layout->value_shown).s,
                   ")");
    }
    tex_table_row(table, line);
}

static void pivot(const struct plot_layout *layout, const struct place *places, int count,
                  struct tex_table *table)
{
    const char *across[TEX_COLUMNS_MAX];
    int columns = keys_across(layout, places, count, across);
    for (int c = 0; c < columns; c++)
        tex_table_column(table, 'r',
                         layout->across_shown == SHOWN_TOKENS
                             ? unit_tokens(strtoll(across[c], NULL, 10)).s
                             : across[c]);
    for (int i = 0; i < count; i++) {
        int first = 0;
        while (!same_line(layout, &places[first], &places[i]))
            first++;
        if (first < i)
            continue;
        const char *heading = key(&places[i], layout->heading);
        if (heading[0] && strcmp(heading, "all") != 0)
            tex_table_heading(table, heading);
        add_line(layout, places, count, &places[i], across, columns, table);
    }
}

/* The row of the next panel that stands where this one does: panels have the same rows. */
static const struct plot_row *row_beside(const struct plot_draft *draft,
                                         const struct plot_data *data, const struct plot_row *row)
{
    for (int b = 0; b + draft->series.count < data->block_count; b++) {
        const struct plot_block_data *block = &data->blocks[b];
        const struct plot_block_data *beside = &data->blocks[b + draft->series.count];
        long place = row - &data->rows[block->first];
        if (place >= 0 && place < block->count && place < beside->count)
            return &data->rows[beside->first + place];
    }
    return row;
}

static void flat(const struct plot_draft *draft, const struct plot_data *data,
                 const struct plot_layout *layout, const struct place *places, int count,
                 struct tex_table *table)
{
    for (const struct plot_flat_column *f = layout->flat; f->head; f++)
        tex_table_column(table,
                         f->shown == SHOWN_TEXT || f->shown == SHOWN_FORMAT ||
                                 f->shown == SHOWN_STATE || f->shown == SHOWN_YES
                             ? 'l'
                             : 'r',
                         f->head);
    for (int i = 0; i < count; i++) {
        char line[1024];
        const char *heading = key(&places[i], layout->heading);
        if (heading[0])
            tex_table_heading(table, heading);
        snprintf(line, sizeof line, "%s", key(&places[i], layout->row));
        for (const struct plot_flat_column *f = layout->flat; f->head; f++) {
            const struct plot_row *row =
                f->beside ? row_beside(draft, data, places[i].row) : places[i].row;
            append(line, sizeof line, "\t", show(row, f->column, f->minus, f->shown).s, "");
        }
        tex_table_row(table, line);
    }
}

/* Plots without a layout, those of studies: the columns that fit, as they are. */
static void plain(const struct plot_data *data, const struct place *places, int count,
                  struct tex_table *table, char *note, size_t size)
{
    enum { MOST = 8 };
    int columns = data->columns < MOST ? data->columns : MOST;
    for (int c = 0; c < columns; c++) {
        char head[96];
        snprintf(head, sizeof head, "%s", data->column[c]);
        for (char *underscore = head; (underscore = strchr(underscore, '_'));)
            *underscore = ' ';
        bool is_text = count > 0 && isnan(plot_number(places[0].row, c)) &&
                       strcmp(places[0].row->cell[c], "NaN") != 0;
        tex_table_column(table, is_text ? 'l' : 'r', head);
    }
    for (int i = 0; i < count; i++) {
        char line[1024] = "";
        for (int c = 0; c < columns; c++)
            append(line, sizeof line, c ? "\t" : "", show(places[i].row, c, 0, SHOWN_PLAIN).s, "");
        tex_table_row(table, line);
    }
    if (data->columns > columns)
        snprintf(note, size, "The .csv beside this table has %d more columns.",
                 data->columns - columns);
}

static bool has_asterisk(const struct place *places, int count)
{
    for (int i = 0; i < count; i++)
        if (strchr(places[i].row->cell[7], '*'))
            return true;
    return false;
}

void plot_table(const struct plot_draft *draft, const struct plot_data *data,
                struct tex_table *table, char *note, size_t size)
{
    const struct plot_layout *layout = &plot_layouts[draft->plot->kind];
    int count;
    struct place *places = take_rows(draft, data, layout, &count);
    table->failed = !places;
    snprintf(note, size, "%s", layout->note ? layout->note : "");
    if (!places)
        return;
    if (!layout->row_head) {
        plain(data, places, count, table, note, size);
    } else {
        tex_table_column(table, 'l', layout->row_head);
        if (layout->across == NONE)
            flat(draft, data, layout, places, count, table);
        else
            pivot(layout, places, count, table);
    }
    if (draft->plot->kind == PLOT_STAGES && !has_asterisk(places, count))
        note[0] = 0;
    free(places);
}
