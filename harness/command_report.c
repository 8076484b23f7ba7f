/* SPDX-License-Identifier: MIT
 *
 * `mlabench report`. */
#include "harness/commands.h"
#include "harness/report.h"

#include <stdio.h>
#include <string.h>

int command_report(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    if (options->file_count != 1)
        return mla_fail(error, MLA_BAD_INPUT,
                        "mlabench report takes one result.json, %d were given",
                        options->file_count);
    const char *path = options->files[0];
    char folder[PATH_LENGTH];
    const char *slash = strrchr(path, '/');
    if (options->out)
        snprintf(folder, sizeof folder, "%s", options->out);
    else if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    else
        snprintf(folder, sizeof folder, ".");
    int code = make_folder(folder, error);
    struct report_outcome outcome;
    if (!code)
        code = report_write(path, folder, paths->plots, &outcome, error);
    if (code)
        return code;
    if (!outcome.plotted)
        fprintf(stderr, "no plots: %s\n", outcome.note);
    printf("report: %s/report.html, %s/report.md\n", folder, folder);
    return 0;
}
