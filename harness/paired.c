/* SPDX-License-Identifier: MIT */
#include "harness/paired.h"

#include "harness/random.h"
#include "harness/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* That n fair coins show at most k heads. Long doubles hold 2^-n up to 16,000 of them. */
static double few_heads(int n, int k)
{
    long double term = ldexpl(1, -n), sum = 0;
    for (int i = 0; i <= k && i <= n; i++) {
        sum += term;
        term *= (long double)(n - i) / (long double)(i + 1);
    }
    return (double)fminl(sum, 1);
}

static double signs_p(const double *x, int n)
{
    int slower = 0, faster = 0;
    for (int i = 0; i < n; i++) {
        slower += x[i] > 0;
        faster += x[i] < 0;
    }
    return fmin(1, 2 * few_heads(slower + faster, slower < faster ? slower : faster));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct paired paired_signs(const double *x, int n, double sure)
{
    struct paired result = {n, NAN, NAN, NAN, NAN, NAN};
    double median = stat_median(x, n);
    double *sorted = isnan(median) ? NULL : malloc((size_t)n * sizeof *sorted);
    if (!sorted)
        return result;
    memcpy(sorted, x, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    int cut = 0; /* so many at either end are left out */
    while (1 - 2 * few_heads(n, cut) >= sure)
        cut++;
    result = (struct paired){n, median, -INFINITY, INFINITY, 1, signs_p(x, n)};
    if (cut > 0) {
        result.low = sorted[cut - 1];
        result.high = sorted[n - cut];
        result.sure = 1 - 2 * few_heads(n, cut - 1);
    }
    free(sorted);
    return result;
}

int paired_rounds_needed(double sure)
{
    int n = 1;
    while (1 - 2 * few_heads(n, 0) < sure)
        n++;
    return n;
}

/* The median over processes drawn with repetition, from `draw` of the generator. */
static double redraw(const double *x, const int32_t *process, int n, int32_t processes,
                     uint64_t seed, int draw, int32_t *times, double *drawn)
{
    int count = 0;
    memset(times, 0, (size_t)processes * sizeof *times);
    for (int32_t p = 0; p < processes; p++)
        times[random_below(seed, RANDOM_BOOTSTRAP, ((uint64_t)draw << 32) + (uint64_t)p,
                           (uint64_t)processes)]++;
    for (int i = 0; i < n; i++)
        for (int32_t k = 0; k < times[process[i]]; k++)
            drawn[count++] = x[i];
    return stat_median(drawn, count);
}

void paired_bootstrap(const double *x, const int32_t *process, int n, int32_t processes,
                      double sure, int draws, uint64_t seed, double *low, double *high)
{
    *low = *high = NAN;
    if (isnan(stat_median(x, n)))
        return;
    double *medians = malloc((size_t)draws * sizeof *medians);
    /* The largest sample is the largest process every time. */
    double *drawn = malloc((size_t)n * (size_t)processes * sizeof *drawn);
    int32_t *times = malloc((size_t)processes * sizeof *times);
    if (medians && drawn && times) {
        for (int d = 0; d < draws; d++)
            medians[d] = redraw(x, process, n, processes, seed, d, times, drawn);
        *low = stat_quantile(medians, draws, (1 - sure) / 2);
        *high = stat_quantile(medians, draws, (1 + sure) / 2);
    }
    free(medians);
    free(drawn);
    free(times);
}

void holm(double *p, int n)
{
    double *sorted = malloc((size_t)(n > 0 ? n : 1) * sizeof *sorted);
    int questions = 0;
    for (int i = 0; i < n && sorted; i++)
        if (!isnan(p[i]))
            sorted[questions++] = p[i];
    if (sorted)
        qsort(sorted, (size_t)questions, sizeof *sorted, ascending);
    for (int i = 0; i < n && sorted; i++) {
        double worst = NAN;
        /* The k-th smallest counts n - k + 1 times, and no less than a smaller one does. */
        for (int k = 0; k < questions && !isnan(p[i]) && sorted[k] <= p[i]; k++)
            worst = fmax(worst, fmin(1, sorted[k] * (questions - k)));
        p[i] = worst;
    }
    for (int i = 0; i < n && !sorted; i++) /* no memory: nothing is certain */
        p[i] = isnan(p[i]) ? p[i] : 1;
    free(sorted);
}
