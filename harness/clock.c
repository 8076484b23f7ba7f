/* SPDX-License-Identifier: MIT */
#include "harness/clock.h"

enum { BATCHES = 50, CALLS = 200 };

double clock_cost_ns(void)
{
    static double least;
    for (int i = 0; i < BATCHES && (i > 0 || least == 0); i++) {
        int64_t start = clock_ns(), end = start;
        for (int k = 0; k < CALLS; k++)
            end = clock_ns();
        double cost = (double)(end - start) / CALLS;
        if (least == 0 || cost < least)
            least = cost;
    }
    return least;
}
