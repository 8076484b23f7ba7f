/* SPDX-License-Identifier: MIT
 *
 * Strips of vectors of columns, whose width is a constant of the loops over them. */
#ifndef MLABENCH_SIMD_STRIPS_H
#define MLABENCH_SIMD_STRIPS_H

#include <stdint.h>

/* Strips as wide as registers allow; towards the end evenly, as a narrow one has too few
 * accumulators to keep the multipliers busy. */
static inline int strip_width(int64_t left, int most)
{
    if (left <= most)
        return (int)left;
    return left >= 2 * most ? most : (int)((left + 1) / 2);
}

/* WIDTH(1) WIDTH(2) ... up to a macro's value, WIDTH(n) being a case of a switch. */
#define WIDTHS(most)    WIDTHS_OF(most)
#define WIDTHS_OF(most) WIDTHS_##most
#define WIDTHS_2        WIDTH(1) WIDTH(2)
#define WIDTHS_3        WIDTHS_2 WIDTH(3)
#define WIDTHS_4        WIDTHS_3 WIDTH(4)
#define WIDTHS_5        WIDTHS_4 WIDTH(5)
#define WIDTHS_6        WIDTHS_5 WIDTH(6)

#endif
