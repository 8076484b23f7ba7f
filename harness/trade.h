/* SPDX-License-Identifier: MIT
 *
 * The trade between speed, error and bytes: kernels and cache formats at the same work. */
#ifndef MLABENCH_TRADE_H
#define MLABENCH_TRADE_H

#include "harness/result_table.h"

/* Errors up to so many times as large count as equal: that much they vary with the inputs. */
#define TRADE_SAME_ERROR 2.0

/* Whether a row can be compared: it has a time, a total error and bytes per token, and is no
 * baseline, which computes something else. */
bool trade_takes(const struct result_row *row);

/* Rows to be compared: the same work at the same number of threads, whatever the format. */
bool trade_together(const struct result_row *a, const struct result_row *b);

/* Whether some row that goes together with this one is better in time, error or bytes per token and
 * in none of them worse. What no other beats is the front. */
bool trade_beaten(const struct result_table *table, const struct result_row *row);

/* The rows of a family that show the trade best, by one of them: of the groups with the most
 * formats those with the most rows, then the longest context. NULL where none has two formats. */
const struct result_row *trade_leader(const struct result_table *table, const char *family);

#endif
