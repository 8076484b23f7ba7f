/* SPDX-License-Identifier: MIT
 *
 * The reference's elementary functions against MPFR, and their bits against those of every other
 * machine. */
#include "reference/elementary.h"

#include "harness/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <mpfr.h>
#include <string.h>

TestSuite(elementary, .timeout = 60);

enum { DRAWS = 20000 };

static double sine(double x)
{
    double sin_x, cos_x;
    ref_sin_cos(x, &sin_x, &cos_x);
    return sin_x;
}

static double cosine(double x)
{
    double sin_x, cos_x;
    ref_sin_cos(x, &sin_x, &cos_x);
    return cos_x;
}

/* 1e4 to a power, as in RoPE's frequencies. */
static double power(double x)
{
    return ref_pow(1e4, x);
}

static int exact_power(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round)
{
    mpfr_t base;
    mpfr_init2(base, 64);
    mpfr_set_d(base, 1e4, round);
    int inexact = mpfr_pow(y, base, x, round);
    mpfr_clear(base);
    return inexact;
}

static const struct {
    const char *name;
    double (*function)(double);
    int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
    double least, most, ulps;
    bool logarithmic; /* x is spread evenly over the magnitudes */
} functions[] = {
    {"exp", ref_exp, mpfr_exp, -708, 709.7, 1, false},
    {"exp near 0", ref_exp, mpfr_exp, -1, 1, 1, false},
    {"log", ref_log, mpfr_log, 1e-300, 1e300, 0.501, true},
    {"log near 1", ref_log, mpfr_log, 0.9, 1.1, 0.501, false},
    {"pow", power, exact_power, -1, 1, 0.501, false},
    {"pow, large", power, exact_power, -70, 70, 0.501, false},
    {"sin", sine, mpfr_sin, -10, 10, 1, false},
    {"cos", cosine, mpfr_cos, -10, 10, 1, false},
    {"sin, far positions", sine, mpfr_sin, 1, 1e9, 1, true},
    {"cos, far positions", cosine, mpfr_cos, 1, 1e9, 1, true},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static double argument(int f, uint64_t i)
{
    uint64_t bits = random_below(1, (uint32_t)f, i, (uint64_t)1 << 53);
    double share = ldexp((double)bits, -53), least = functions[f].least, most = functions[f].most;
    return functions[f].logarithmic ? least * pow(most / least, share)
                                    : least + (most - least) * share;
}

/* In units in the last place of y, at least of numbers from 2^-1021 on. */
static double error_ulp(int f, mpfr_ptr exact, double x, double y)
{
    int exponent;
    mpfr_set_d(exact, x, MPFR_RNDN);
    functions[f].exact(exact, exact, MPFR_RNDN);
    frexp(mpfr_get_d(exact, MPFR_RNDN), &exponent);
    mpfr_sub_d(exact, exact, y, MPFR_RNDN);
    return ldexp(fabs(mpfr_get_d(exact, MPFR_RNDN)), 53 - exponent);
}

Test(elementary, functions_equal_mpfr)
{
    mpfr_t exact;
    mpfr_init2(exact, 256);
    for (int f = 0; f < FUNCTIONS; f++) {
        double worst = 0;
        for (uint64_t i = 0; i < DRAWS; i++) {
            double x = argument(f, i);
            worst = fmax(worst, error_ulp(f, exact, x, functions[f].function(x)));
        }
        cr_assert(worst <= functions[f].ulps, "%s: off by %g ulps", functions[f].name, worst);
    }
    mpfr_clear(exact);
}

Test(elementary, multiples_of_a_quarter_turn)
{
    mpfr_t exact;
    mpfr_init2(exact, 256);
    for (int f = 6; f < 8; f++)
        for (int k = 1; k < DRAWS; k++) {
            double x = k * (M_PI / 2);
            cr_assert(error_ulp(f, exact, x, functions[f].function(x)) <= 1, "%s of %d quarters",
                      functions[f].name, k);
        }
    mpfr_clear(exact);
}

Test(elementary, the_ends_of_the_range)
{
    cr_assert(ref_exp(0) == 1 && ref_exp(-INFINITY) == 0 && ref_exp(INFINITY) == INFINITY);
    cr_assert(ref_exp(-746) == 0 && ref_exp(710) == INFINITY && isnan(ref_exp(NAN)));
    cr_assert(ref_exp(-745) == 0x1p-1074 && ref_exp(-740) > 0);
    cr_assert(ref_log(1) == 0 && ref_log(0) == -INFINITY && ref_log(INFINITY) == INFINITY);
    cr_assert(isnan(ref_log(-1)) && isnan(ref_log(NAN)));
    cr_assert(ref_pow(1e4, 0) == 1 && ref_pow(1e4, 1) == 1e4 && ref_pow(2, -10) == 0x1p-10);
    cr_assert(sine(0) == 0 && cosine(0) == 1 && isnan(sine(INFINITY)) && isnan(cosine(NAN)));
}

/* The same number on every machine, with every compiler. */
Test(elementary, bits_are_those_of_every_machine)
{
    uint64_t digest = 0;
    for (int f = 0; f < FUNCTIONS; f++)
        for (uint64_t i = 0; i < 1000 && !functions[f].logarithmic; i++) {
            double y = functions[f].function(argument(f, i));
            uint64_t bits;
            memcpy(&bits, &y, sizeof bits);
            digest = (digest ^ bits) * 0x9e3779b97f4a7c15;
        }
    cr_assert(digest == 0xf62cb35897710fc7, "0x%016llx", (unsigned long long)digest);
}
