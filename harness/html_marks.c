/* SPDX-License-Identifier: MIT */
#include "harness/html_marks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct axis {
    double from, to; /* in the drawing */
    double min, max;
    int log;
};

static double place(const struct axis *axis, double value)
{
    double min = axis->min, max = axis->max;
    if (axis->log) {
        min = log(min);
        max = log(max);
        value = log(value);
    }
    return axis->from + (axis->to - axis->from) * (value - min) / (max - min);
}

static bool inside(const struct axis *axis, double at)
{
    return at >= fmin(axis->from, axis->to) && at <= fmax(axis->from, axis->to);
}

static bool add(struct html_marks *marks, struct html_mark mark)
{
    if ((marks->count & (marks->count - 1)) == 0) { /* full at 0, 1, 2, 4, 8 ... */
        size_t room = marks->count ? 2 * (size_t)marks->count : 1;
        struct html_mark *grown = realloc(marks->item, room * sizeof *grown);
        if (!grown)
            return false;
        marks->item = grown;
    }
    marks->item[marks->count++] = mark;
    return true;
}

static bool take_line(struct html_marks *marks, const char *line, struct axis *x, struct axis *y)
{
    struct html_mark mark;
    if (sscanf(line, "axes %lf %lf %lf %lf %lf %lf %lf %lf %d %d", &x->from, &x->to, &y->from,
               &y->to, &x->min, &x->max, &y->min, &y->max, &x->log, &y->log) == 10 ||
        sscanf(line, "%d %d %lf %lf", &mark.block, &mark.line, &mark.x, &mark.y) != 4)
        return true;
    mark.x = place(x, mark.x);
    mark.y = place(y, mark.y);
    return !inside(x, mark.x) || !inside(y, mark.y) || add(marks, mark);
}

bool html_marks_read(const char *table_path, struct html_marks *marks)
{
    char path[4096], line[512];
    struct axis x = {NAN, NAN, NAN, NAN, 0}, y = x;
    const char *dot = strrchr(table_path, '.');
    int stem = dot ? (int)(dot - table_path) : (int)strlen(table_path);
    *marks = (struct html_marks){0};
    snprintf(path, sizeof path, "%.*s.marks", stem, table_path);
    FILE *file = fopen(path, "r");
    if (!file)
        return true;
    bool fine = true;
    while (fine && fgets(line, sizeof line, file))
        fine = take_line(marks, line, &x, &y);
    fclose(file);
    return fine;
}

void html_marks_destroy(struct html_marks *marks)
{
    free(marks->item);
    *marks = (struct html_marks){0};
}

void html_marks_put(FILE *file, const struct html_marks *marks, int block, int line)
{
    const char *before = " data-at=\"";
    for (int i = 0; i < marks->count; i++) {
        const struct html_mark *mark = &marks->item[i];
        if (mark->block != block || mark->line != line)
            continue;
        fprintf(file, "%s%.1f,%.1f", before, mark->x, mark->y);
        before = " ";
    }
    if (before[1] == 0)
        fputc('"', file);
}
