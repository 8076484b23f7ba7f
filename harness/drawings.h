/* SPDX-License-Identifier: MIT
 *
 * Drawings of 28 x 28 pixels for the article's example: the digits, with a round pen. No data from
 * anywhere, and the same on every machine but for rounding. */
#ifndef MLABENCH_DRAWINGS_H
#define MLABENCH_DRAWINGS_H

enum { DRAWINGS = 10, DRAWING_SIDE = 28, DRAWING_PIXELS = DRAWING_SIDE * DRAWING_SIDE };

/* ink [DRAWING_SIDE][DRAWING_SIDE] of a digit, rows from the top, 0 (paper) to 1. */
void drawing_ink(int digit, double ink[DRAWING_PIXELS]);

/* The same with mean 0 and variance 1 over its pixels: what a layer takes. Returns the deviation
 * that was divided by. */
double drawing_standardised(const double ink[DRAWING_PIXELS], double x[DRAWING_PIXELS]);

#endif
