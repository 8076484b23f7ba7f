/* SPDX-License-Identifier: MIT
 *
 * Cells of a CSV file (RFC 4180), each with the comma after it. */
#ifndef MLABENCH_CSV_H
#define MLABENCH_CSV_H

#include "harness/result_table.h"

#include <stdint.h>
#include <stdio.h>

/* In quotes, on one line, and such that a spreadsheet does not take it for a formula. */
void text_cell(FILE *file, const char *text);
void text_value(FILE *file, const char *text); /* without the comma */
void number_cell(FILE *file, double x);        /* empty if it is not finite */
void count_cell(FILE *file, int64_t x);        /* empty if negative */
/* A line's last cell, and its end. */
void last_count(FILE *file, int64_t x);

#define CASE_COLUMNS "model,phase,cached,new,batch,ragged,threads,format,cache_state,kernel,"
void case_cells(FILE *file, const struct result_row *row);

#endif
