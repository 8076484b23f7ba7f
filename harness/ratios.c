/* SPDX-License-Identifier: MIT */
#include "harness/ratios.h"

#include "harness/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BINS = 12 };

/* Bin 0 is a ratio of 0, bin b one from 2^(b - BINS) on, the last one 1/2 and more. */
static int bin_of(double ratio)
{
    if (ratio <= 0)
        return 0;
    int bin = (int)floor(log2(ratio)) + BINS;
    return bin < 1 ? 1 : bin > BINS - 1 ? BINS - 1 : bin;
}

static void print_kernel(const char *kernel, const json_t *list, int64_t bins[BINS])
{
    int count = (int)json_array_size(list);
    double *ratios = malloc(sizeof *ratios * ((size_t)count + 1));
    if (!ratios)
        return;
    for (int i = 0; i < count; i++) {
        ratios[i] = json_number_value(json_array_get(list, (size_t)i));
        bins[bin_of(ratios[i])]++;
    }
    printf("%-19s %6d", kernel, count);
    static const double quantiles[] = {0.5, 0.9, 0.99, 0.999, 1};
    for (size_t q = 0; q < sizeof quantiles / sizeof quantiles[0]; q++)
        printf(" %8.4f", stat_quantile(ratios, count, quantiles[q]));
    putchar('\n');
    free(ratios);
}

static void print_bins(const int64_t bins[BINS])
{
    enum { WIDTH = 50 };
    int64_t most = 1;
    for (int b = 0; b < BINS; b++)
        most = bins[b] > most ? bins[b] : most;
    for (int b = 0; b < BINS; b++) {
        if (b == 0)
            printf("%21s", "exact");
        else
            printf("  %8.5f to %7.5f", b == 1 ? 0 : ldexp(1, b - BINS), ldexp(1, b + 1 - BINS));
        printf(" %6ld ", (long)bins[b]);
        for (int64_t i = 0; i < (bins[b] * WIDTH + most - 1) / most; i++)
            putchar('#');
        putchar('\n');
    }
}

void ratios_print(const json_t *ratios)
{
    int64_t bins[BINS] = {0};
    const char *kernel;
    json_t *list;
    puts("\nWorst error of each case, as a fraction of the limit:\n"
         "kernel               cases   median      90%      99%    99.9%      max");
    json_object_foreach((json_t *)ratios, kernel, list) print_kernel(kernel, list, bins);
    putchar('\n');
    print_bins(bins);
}
