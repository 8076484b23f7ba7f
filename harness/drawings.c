/* SPDX-License-Identifier: MIT */
#include "harness/drawings.h"

#include <math.h>

/* A part of an ellipse, angles in degrees, clockwise from the right; or, where rx is 0, a line from
 * (x, y) to (x2, y2). In pixels from the upper left corner. */
struct stroke {
    double x, y, rx, ry, from, to;
    double x2, y2;
};

enum { STROKES_MAX = 3, SEGMENTS = 24 };
static const double pen = 1.2; /* radius */

#define ARC(x, y, rx, ry, from, to)  \
    {                                \
        x, y, rx, ry, from, to, 0, 0 \
    }
#define LINE(x, y, x2, y2)       \
    {                            \
        x, y, 0, 0, 0, 1, x2, y2 \
    }

static const struct {
    int count;
    struct stroke strokes[STROKES_MAX];
} digits[DRAWINGS] = {
    {1, {ARC(14, 14, 6, 9, 0, 360)}},
    {2, {LINE(10, 9, 14.5, 5), LINE(14.5, 5, 14.5, 23)}},
    {3, {ARC(14, 10, 6, 5, 190, 390), LINE(19.2, 12.5, 8, 23), LINE(8, 23, 20, 23)}},
    {2, {ARC(13.5, 9.5, 5.5, 4.5, 200, 450), ARC(13.5, 18.5, 6, 4.5, 270, 520)}},
    {3, {LINE(16.5, 5, 7.5, 17), LINE(7.5, 17, 21, 17), LINE(16.5, 5, 16.5, 23)}},
    {3, {LINE(19, 5, 9.5, 5), LINE(9.5, 5, 9, 13), ARC(13.5, 17, 6, 6, 220, 500)}},
    {2, {ARC(14, 18, 5.5, 5, 0, 360), ARC(20, 17, 11.5, 12.5, 180, 255)}},
    {2, {LINE(8, 5.5, 20, 5.5), LINE(20, 5.5, 12, 23)}},
    {2, {ARC(14, 9.5, 4.5, 4.5, 0, 360), ARC(14, 18.5, 5.5, 4.7, 0, 360)}},
    {2, {ARC(14, 10, 5.5, 5, 0, 360), ARC(8, 11, 11.5, 12.5, 0, 75)}},
};

/* The point of a stroke at t, 0 to 1. */
static void point_at(const struct stroke *s, double t, double *x, double *y)
{
    double angle = (s->from + t * (s->to - s->from)) * M_PI / 180;
    *x = s->rx > 0 ? s->x + s->rx * cos(angle) : s->x + t * (s->x2 - s->x);
    *y = s->rx > 0 ? s->y + s->ry * sin(angle) : s->y + t * (s->y2 - s->y);
}

/* From a point to the line between two others. */
static double distance(double x, double y, double x1, double y1, double x2, double y2)
{
    double dx = x2 - x1, dy = y2 - y1;
    double t = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy);
    t = fmin(fmax(t, 0), 1);
    return hypot(x - x1 - t * dx, y - y1 - t * dy);
}

static double distance_to_stroke(const struct stroke *s, double x, double y)
{
    double nearest = INFINITY, x1, y1, x2, y2;
    for (int i = 0; i < SEGMENTS; i++) {
        point_at(s, (double)i / SEGMENTS, &x1, &y1);
        point_at(s, (double)(i + 1) / SEGMENTS, &x2, &y2);
        nearest = fmin(nearest, distance(x, y, x1, y1, x2, y2));
    }
    return nearest;
}

void drawing_ink(int digit, double ink[DRAWING_PIXELS])
{
    for (int i = 0; i < DRAWING_PIXELS; i++) {
        int row = i / DRAWING_SIDE, column = i % DRAWING_SIDE;
        double nearest = INFINITY, x = column + 0.5, y = row + 0.5;
        for (int s = 0; s < digits[digit].count; s++)
            nearest = fmin(nearest, distance_to_stroke(&digits[digit].strokes[s], x, y));
        /* The share of the pixel that the pen covers, nearly. */
        ink[i] = fmin(fmax(pen + 0.5 - nearest, 0), 1);
    }
}

double drawing_standardised(const double ink[DRAWING_PIXELS], double x[DRAWING_PIXELS])
{
    double mean = 0, variance = 0;
    for (int i = 0; i < DRAWING_PIXELS; i++)
        mean += ink[i] / DRAWING_PIXELS;
    for (int i = 0; i < DRAWING_PIXELS; i++)
        variance += (ink[i] - mean) * (ink[i] - mean) / DRAWING_PIXELS;
    for (int i = 0; i < DRAWING_PIXELS; i++)
        x[i] = (ink[i] - mean) / sqrt(variance);
    return sqrt(variance);
}
