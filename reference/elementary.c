/* SPDX-License-Identifier: MIT
 *
 * Arguments are reduced as fdlibm does (Cody and Waite 1980), then Taylor's series: short as the
 * reduced argument is small. Where more than a double is needed a number is the sum of two (Dekker
 * 1971; Shewchuk 1997 has the proofs). */
#include "reference/elementary.h"

#include <math.h>
#include <stdint.h>

/* high + low, |low| at most half an ulp of high. */
struct sum {
    double high, low;
};

static const struct sum ln_2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

/* a + b exactly, |a| >= |b|. */
static struct sum add_ordered(double a, double b)
{
    double high = a + b;
    return (struct sum){high, b - (high - a)};
}

/* a + b exactly. */
static struct sum add(double a, double b)
{
    double high = a + b, of_b = high - a;
    return (struct sum){high, (a - (high - of_b)) + (b - of_b)};
}

/* a b exactly, by halves of 26 bits: fma is not everywhere. */
static struct sum multiply(double a, double b)
{
    const double split = 0x1p27 + 1;
    double a_high = split * a - (split * a - a), a_low = a - a_high;
    double b_high = split * b - (split * b - b), b_low = b - b_high;
    double high = a * b;
    double low = a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low);
    return (struct sum){high, low};
}

static struct sum sum_add(struct sum a, struct sum b)
{
    struct sum high = add(a.high, b.high), low = add(a.low, b.low);
    high = add_ordered(high.high, high.low + low.high);
    return add_ordered(high.high, high.low + low.low);
}

static struct sum sum_multiply(struct sum a, struct sum b)
{
    struct sum product = multiply(a.high, b.high);
    return add_ordered(product.high, product.low + (a.high * b.low + a.low * b.high));
}

static struct sum sum_divide(struct sum a, struct sum b)
{
    double first = a.high / b.high;
    struct sum rest = sum_multiply(b, (struct sum){-first, 0});
    rest = sum_add(a, rest);
    return add_ordered(first, rest.high / b.high);
}

static struct sum whole(double x)
{
    return (struct sum){x, 0};
}

/* ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)), x = 2^e m, m within a factor sqrt(2) of 1. */
static struct sum sum_log(double x)
{
    enum { TERMS = 24 }; /* 0.03^24 / 49 is below 2^-126 */
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    struct sum s = sum_divide(whole(m - 1), add(m, 1)), square = sum_multiply(s, s);
    struct sum series = {0, 0};
    for (int k = TERMS - 1; k >= 0; k--)
        series = sum_add(sum_multiply(series, square), sum_divide(whole(2), whole(2 * k + 1)));
    return sum_add(sum_multiply(whole(exponent), ln_2), sum_multiply(s, series));
}

double ref_log(double x)
{
    if (isnan(x) || x == INFINITY)
        return x;
    if (x <= 0)
        return x == 0 ? -INFINITY : NAN;
    return sum_log(x).high;
}

/* e^x = 2^k e^r, |r| at most ln 2 / 2. */
double ref_pow(double x, double y)
{
    enum { TERMS = 25 }; /* 0.35^25 / 25! is below 2^-121 */
    struct sum exponent = sum_multiply(sum_log(x), whole(y));
    double k = rint(exponent.high / ln_2.high);
    struct sum r = sum_add(exponent, sum_multiply(whole(-k), ln_2)), series = {1, 0};
    for (int n = TERMS; n > 0; n--)
        series = sum_add(whole(1), sum_multiply(r, sum_divide(series, whole(n))));
    return ldexp(series.high, (int)k);
}

/* c[0] + c[1] x + ... */
static double polynomial(int count, const double *c, double x)
{
    double y = c[count - 1];
    for (int i = count - 2; i >= 0; i--)
        y = y * x + c[i];
    return y;
}

/* As above in one double, but for r, whose low part matters. */
double ref_exp(double x)
{
    /* Of ln 2: k times the first part is exact. */
    const double ln_2_high = 0x1.62e42feep-1, ln_2_low = 0x1.a39ef35793c76p-33;
    static const double c[] = {
        1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,      1.0 / 720,       1.0 / 5040,
        1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
    };
    if (isnan(x))
        return x;
    if (x > 709.8)
        return INFINITY;
    if (x < -745.2)
        return 0;
    double k = rint(x * 1.4426950408889634);
    double high = x - k * ln_2_high, low = k * ln_2_low, r = high - low;
    double series = r * r * polynomial(sizeof c / sizeof c[0], c, r) + ((high - r) - low);
    return ldexp(1 + (r + series), (int)k);
}

/* x - k pi / 2, k = rint(2 x / pi). */
static struct sum reduce(double x, double k)
{
    static const double parts[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54,
                                   -0x1.f1976b7ed8fbcp-110};
    struct sum r = whole(x);
    for (int i = 0; i < 3; i++) {
        struct sum product = multiply(-k, parts[i]);
        r = sum_add(r, product);
    }
    return r;
}

void ref_sin_cos(double x, double *sin_x, double *cos_x)
{
    static const double s[] = {
        -1.0 / 6,        1.0 / 120,          -1.0 / 5040,          1.0 / 362880,
        -1.0 / 39916800, 1.0 / 6227020800.0, -1.0 / 1307674368000, 1.0 / 355687428096000,
    };
    static const double c[] = {
        1.0 / 24,        -1.0 / 720,         1.0 / 40320,          -1.0 / 3628800,
        1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000, -1.0 / 6402373705728000,
    };
    *sin_x = *cos_x = NAN;
    if (!(fabs(x) < 0x1p52))
        return;
    double k = rint(x * 0.63661977236758134);
    struct sum r = reduce(x, k);
    double square = r.high * r.high, half = square / 2, most = 1 - half;
    double sin_r = r.high + (r.high * square * polynomial(8, s, square) + r.low * most);
    double cos_r = most + (((1 - most) - half) +
                           (square * square * polynomial(8, c, square) - r.high * r.low));
    int64_t quarter = (int64_t)k & 3;
    double of_sin = quarter & 1 ? cos_r : sin_r, of_cos = quarter & 1 ? sin_r : cos_r;
    *sin_x = quarter & 2 ? -of_sin : of_sin;
    *cos_x = quarter == 1 || quarter == 2 ? -of_cos : of_cos;
}
