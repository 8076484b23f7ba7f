/* SPDX-License-Identifier: MIT
 *
 * Elementary functions in plain arithmetic. Those of libm differ in their last bits between
 * versions and instruction sets; what the reference computes is the same on every machine. */
#ifndef MLABENCH_REFERENCE_ELEMENTARY_H
#define MLABENCH_REFERENCE_ELEMENTARY_H

/* Within 1 ulp; 0 below -745.2, where e^x is less than half of the least number. */
double ref_exp(double x);

/* Nearly always the double nearest to it. ln 0 is -inf, that of less is NaN. */
double ref_log(double x);

/* x^y for x > 0 and a result that is neither too large nor subnormal; likewise. */
double ref_pow(double x, double y);

/* Within 1 ulp for |x| < 2^52; NaN beyond. */
void ref_sin_cos(double x, double *sin_x, double *cos_x);

#endif
