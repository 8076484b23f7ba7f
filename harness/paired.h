/* SPDX-License-Identifier: MIT
 *
 * Two kernels timed in the same rounds. What a round's ratio of times owes to the machine befalls
 * both, and the logarithm makes twice as slow and twice as fast alike. Everything here takes the
 * logarithms, log(after / before): positive is slower. */
#ifndef MLABENCH_PAIRED_H
#define MLABENCH_PAIRED_H

#include <stdint.h>

/* The median, and what the signs alone say of it: exact for independent rounds, whatever their
 * distribution (Conover, Practical Nonparametric Statistics, 3rd edition, 3.1 and 3.4). */
struct paired {
    int n;
    double median;
    double low, high; /* order statistics around it; infinite if there are too few to be as sure as
                         was asked */
    double sure;      /* the probability that the interval covers the median, at least; 1 if
                         infinite */
    double p;         /* of so uneven signs or more, either way, if nothing changed; rounds that are
                         exactly even do not count */
};

/* x needs no order and is not modified. `sure`: wanted, below 1, e.g. 0.95. All but n are NAN if n
 * is 0, if one of x is NAN, or if there is no memory. */
struct paired paired_signs(const double *x, int n, double sure);

/* Fewest rounds whose interval is finite. */
int paired_rounds_needed(double sure);

/* A second opinion, on rounds that are alike within a process, as memory and code then lie where
 * they lie: the interval of the median over `draws` samples of as many processes, drawn with
 * repetition (a cluster bootstrap; Efron and Tibshirani 1993, 13.3). process[i], 0 to
 * processes - 1, is that of x[i]. Both are NAN where the median would be. */
void paired_bootstrap(const double *x, const int32_t *process, int n, int32_t processes,
                      double sure, int draws, uint64_t seed, double *low, double *high);

/* p-values of several questions asked at once, corrected so that the chance of a single false "yes"
 * among them stays what it is for one (Holm 1979). In place; NANs stay, and are no questions. */
void holm(double *p, int n);

#endif
