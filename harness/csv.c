/* SPDX-License-Identifier: MIT */
#include "harness/csv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void text_value(FILE *file, const char *text)
{
    bool formula = text[0] && strchr("=+-@", text[0]);
    fputc('"', file);
    if (formula)
        fputc('\'', file);
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            fputc('"', file);
        fputc((unsigned char)*c < ' ' ? ' ' : *c, file);
    }
    fputc('"', file);
}

void text_cell(FILE *file, const char *text)
{
    text_value(file, text);
    fputc(',', file);
}

void number_cell(FILE *file, double x)
{
    if (isfinite(x))
        fprintf(file, "%.9g", x);
    fputc(',', file);
}

void count_cell(FILE *file, int64_t x)
{
    if (x >= 0)
        fprintf(file, "%" PRId64, x);
    fputc(',', file);
}

void last_count(FILE *file, int64_t x)
{
    if (x >= 0)
        fprintf(file, "%" PRId64, x);
    fputs("\r\n", file);
}

void case_cells(FILE *file, const struct result_row *row)
{
    text_cell(file, row->model);
    text_cell(file, row->phase);
    count_cell(file, row->cached);
    count_cell(file, row->new_tokens);
    count_cell(file, row->batch);
    count_cell(file, row->ragged);
    count_cell(file, row->threads);
    text_cell(file, row->format);
    text_cell(file, row->cold ? "cold" : "warm");
    text_cell(file, row->kernel);
}
