/* SPDX-License-Identifier: MIT */
#include "harness/progress.h"

#include "harness/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

void progress_start(struct progress *progress, bool quiet, int total)
{
    *progress = (struct progress){.quiet = quiet,
                                  .terminal = isatty(STDERR_FILENO) == 1,
                                  .total = total,
                                  .start_ns = clock_ns()};
}

/* Cases differ in length, so this is a guess, and says "about". */
static void time_left(const struct progress *progress, char *text, size_t size)
{
    text[0] = 0;
    if (progress->done == 0)
        return;
    double elapsed = 1e-9 * (double)(clock_ns() - progress->start_ns);
    double left = elapsed * (progress->total - progress->done) / progress->done;
    if (left < 90)
        snprintf(text, size, "  about %.0f s left", left);
    else
        snprintf(text, size, "  about %.0f min left", left / 60);
}

static int columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

static void draw(struct progress *progress, const char *step)
{
    char left[64], line[512];
    time_left(progress, left, sizeof left);
    snprintf(line, sizeof line, "[%d/%d]%s  %s  %s", progress->done + 1, progress->total, left,
             progress->what, step);
    if (progress->terminal)
        fprintf(stderr, "\r\033[K%.*s", columns() - 1, line);
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    progress->drawn = progress->terminal;
}

void progress_case(struct progress *progress, int done, const char *what)
{
    progress->done = done;
    snprintf(progress->what, sizeof progress->what, "%s", what);
    if (!progress->quiet)
        draw(progress, "");
}

void progress_step(struct progress *progress, const char *format, ...)
{
    if (progress->quiet || !progress->terminal)
        return;
    char step[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(step, sizeof step, format, arguments);
    va_end(arguments);
    draw(progress, step);
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
