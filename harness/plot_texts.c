/* SPDX-License-Identifier: MIT */
#include "harness/plot_texts.h"

#include "harness/csv.h"
#include "harness/tex.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of which a block's series are, in each kind of plot. */
static const struct words *series_of(const struct plot_draft *draft)
{
    static const struct words one = {{""}, 1};
    switch (draft->plot->kind) {
    case PLOT_STAGES:
    case PLOT_COUNTERS:
        return &one;
    case PLOT_PEAK:
        return &draft->labels;
    default:
        return draft->series.count ? &draft->series : &one;
    }
}

bool plot_block_place(const struct plot_draft *draft, int block, const char **panel,
                      const char **series)
{
    const struct words *words = series_of(draft);
    *panel = *series = "";
    if (draft->plot->kind == PLOT_ERROR || words->count == 0 ||
        block >= draft->panels.count * words->count)
        return false;
    *panel = draft->panels.item[block / words->count];
    *series = words->item[block % words->count];
    return true;
}

/* Blocks whose columns are others than the file's. */
static bool has_own_columns(const char *comment)
{
    static const char *const comments[] = {
        "limits of x and y", "roofs: median GFLOP/s or read GB/s, 0 for FMA or level, least, most"};
    for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++)
        if (!strcmp(comment, comments[i]))
            return true;
    return false;
}

static void print_csv(FILE *file, const struct plot_draft *draft, const struct plot_data *data)
{
    fputs("panel,series", file);
    for (int c = 0; c < data->columns; c++) {
        fputc(',', file);
        text_value(file, data->column[c]);
    }
    fputs("\r\n", file);
    for (int b = 0; b < data->block_count; b++) {
        const struct plot_block_data *block = &data->blocks[b];
        const char *panel, *series;
        bool placed = plot_block_place(draft, b, &panel, &series);
        if (has_own_columns(block->comment))
            continue;
        for (int r = block->first; r < block->first + block->count; r++) {
            text_cell(file, panel);
            text_value(file, placed ? series : block->comment);
            for (int c = 0; c < data->columns; c++) {
                const char *cell = data->rows[r].cell[c];
                fputc(',', file);
                if (isfinite(plot_number(&data->rows[r], c)))
                    fputs(cell, file);
                else if (cell[0] && strcmp(cell, "NaN") != 0)
                    text_value(file, cell);
            }
            fputs("\r\n", file);
        }
    }
}

struct content {
    const struct plot_draft *draft;
    const struct plot_data *data;
    struct tex_table table;
    char note[512];
};

static void caption_text(FILE *file, struct content *content)
{
    fprintf(file, "%s\n", content->draft->plot->caption);
}

static void caption_tex(FILE *file, struct content *content)
{
    tex_text(file, content->draft->plot->caption);
    fputs("%\n", file);
}

static void table_csv(FILE *file, struct content *content)
{
    print_csv(file, content->draft, content->data);
}

static void table_tex(FILE *file, struct content *content)
{
    tex_table_write(file, &content->table, content->note);
}

static int write_files(const char *out_folder, struct content *content, struct mla_error *error)
{
    static const struct {
        const char *folder, *type;
        void (*print)(FILE *file, struct content *content);
    } files[] = {{"captions", "txt", caption_text},
                 {"captions", "tex", caption_tex},
                 {"tables", "csv", table_csv},
                 {"tables", "tex", table_tex}};
    int code = 0;
    for (size_t i = 0; !code && i < sizeof files / sizeof files[0]; i++) {
        char name[160];
        struct out_file out;
        snprintf(name, sizeof name, "%s/%s.%s", files[i].folder, content->draft->plot->name,
                 files[i].type);
        code = out_open(&out, out_folder, name, error);
        if (code)
            break;
        files[i].print(out.file, content);
        code = out_close(&out, error);
    }
    return code;
}

int plot_texts(const char *out_folder, const struct plot_draft *draft, struct mla_error *error)
{
    struct plot_data data;
    struct content content = {.draft = draft, .data = &data};
    int code = plot_data_read(draft->data.path, &data, error);
    if (!code) {
        plot_table(draft, &data, &content.table, content.note, sizeof content.note);
        draft->plot->table_rows = content.table.count;
        if (content.table.failed)
            code = mla_fail(error, MLA_MACHINE, "no memory for the table of %s", draft->plot->name);
    }
    if (!code)
        code = write_files(out_folder, &content, error);
    tex_table_destroy(&content.table);
    plot_data_destroy(&data);
    return code;
}
