/* SPDX-License-Identifier: MIT */
#include "harness/criteria_accept.h"

#include <math.h>
#include <stdio.h>

static double not_nan(double x)
{
    return isnan(x) ? INFINITY : x;
}

/* The element that is furthest from being accepted. */
struct worst {
    double figure;
    int64_t at;
};

static void note(struct worst *worst, double figure, int64_t at)
{
    figure = not_nan(figure);
    if (figure > worst->figure)
        *worst = (struct worst){figure, at};
}

static void refuse_element(struct acceptance *a, const struct worst *worst, const float *got,
                           const float *expected)
{
    a->accepted = false;
    snprintf(a->why, sizeof a->why, "element %ld is %.7g instead of %.7g, %.3g times the tolerance",
             (long)worst->at, (double)got[worst->at], (double)expected[worst->at], worst->figure);
}

/* The second condition of those that have two; `figure` is worst / allowed. */
static void join_whole(struct acceptance *a, bool accepted, double figure, const char *what,
                       double value, double limit)
{
    a->figure = fmax(a->figure, not_nan(figure));
    if (accepted || !a->accepted)
        return;
    a->accepted = false;
    snprintf(a->why, sizeof a->why, "%s is %.4g, the limit is %.4g", what, value, limit);
}

static void close_to(int64_t n, const float *got, const float *expected, const float *relative_to,
                     const struct tolerance *t, struct acceptance *a)
{
    struct worst worst = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        double error = fabs((double)got[i] - expected[i]);
        double allowed = t->atol + t->rtol * fabs((double)relative_to[i]);
        if (got[i] != expected[i])
            note(&worst, isfinite(error) ? error / allowed : INFINITY, i);
    }
    *a = (struct acceptance){.accepted = true, .figure = worst.figure};
    if (!(worst.figure <= 1))
        refuse_element(a, &worst, got, expected);
}

void accept_close(int64_t n, const float *got, const float *expected, const struct tolerance *t,
                  struct acceptance *a)
{
    close_to(n, got, expected, expected, t, a);
}

void accept_close_to_got(int64_t n, const float *got, const float *expected,
                         const struct tolerance *t, struct acceptance *a)
{
    close_to(n, got, expected, got, t, a);
}

/* Sums over two arrays x and y. */
struct sums {
    double xx, yy, xy;
};

static void add(struct sums *s, double x, double y)
{
    s->xx += x * x;
    s->yy += y * y;
    s->xy += x * y;
}

void accept_flash_mla(int64_t n, const float *got, const float *expected, const struct tolerance *t,
                      struct acceptance *a)
{
    const double negligible = 1e-12, floor = 1e-6;
    struct worst worst = {0, 0};
    struct sums sums = {0};
    for (int64_t i = 0; i < n; i++) {
        double x = got[i], y = expected[i], error = fabs(x - y);
        if (!isfinite(x) || !isfinite(y)) {
            if (x != y && !(isnan(x) && isnan(y)))
                note(&worst, INFINITY, i);
            continue;
        }
        note(&worst, fmin(error / t->atol, error / (fabs(y) + floor) / t->rtol), i);
        add(&sums, x, y);
    }
    *a = (struct acceptance){.accepted = true, .figure = worst.figure};
    if (!(worst.figure < 1))
        refuse_element(a, &worst, got, expected);
    double cosine = sums.yy < negligible ? 0 : fabs(1 - 2 * sums.xy / (sums.xx + sums.yy));
    join_whole(a, cosine <= t->whole, cosine / t->whole, "the cosine difference", cosine, t->whole);
}

void accept_similar(int64_t n, const float *got, const float *expected, const struct tolerance *t,
                    struct acceptance *a)
{
    const double floor = 1e-8; /* torch's, under each norm */
    struct sums sums = {0};
    accept_close(n, got, expected, t, a);
    for (int64_t i = 0; i < n; i++)
        add(&sums, got[i], expected[i]);
    double cosine = sums.xy / (fmax(sqrt(sums.xx), floor) * fmax(sqrt(sums.yy), floor));
    join_whole(a, cosine > t->whole, (1 - cosine) / (1 - t->whole), "the cosine", cosine, t->whole);
}

/* Like join_whole for those that look at the whole only. */
static void whole_alone(struct acceptance *a, bool accepted, double value, const char *what,
                        double limit)
{
    *a = (struct acceptance){.accepted = true};
    join_whole(a, accepted, value / limit, what, value, limit);
}

void accept_nmse(int64_t n, const float *got, const float *expected, const struct tolerance *t,
                 struct acceptance *a)
{
    double errors = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        double error = (double)got[i] - expected[i];
        errors += error * error;
        squares += (double)got[i] * got[i];
    }
    double nmse = errors == 0 ? 0 : errors / squares;
    whole_alone(a, nmse <= t->whole, nmse, "NMSE", t->whole);
}

void accept_mean(int64_t n, const float *got, const float *expected, const struct tolerance *t,
                 struct acceptance *a)
{
    double errors = 0, magnitudes = 0;
    for (int64_t i = 0; i < n; i++) {
        errors += fabs((double)got[i] - expected[i]);
        magnitudes += fabs((double)expected[i]);
    }
    double ratio = errors / magnitudes;
    whole_alone(a, ratio < t->whole, ratio, "the mean error over the mean magnitude", t->whole);
}
