/* SPDX-License-Identifier: MIT */
#include "harness/out_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

int out_open(struct out_file *out, const char *folder, const char *name, struct mla_error *error)
{
    int length = snprintf(out->path, sizeof out->path, "%s/%s", folder, name);
    if (length >= (int)sizeof out->path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %s is too long", folder);
    out->file = fopen(out->path, "w");
    if (!out->file)
        return mla_fail(error, MLA_MACHINE, "cannot write %s: %s", out->path, strerror(errno));
    return 0;
}

int out_close(struct out_file *out, struct mla_error *error)
{
    errno = 0;
    bool written = fflush(out->file) == 0 && !ferror(out->file);
    int reason = errno;
    if (fclose(out->file) && written) {
        written = false;
        reason = errno;
    }
    out->file = NULL;
    if (written)
        return 0;
    unlink(out->path);
    return mla_fail(error, MLA_MACHINE, "cannot write %s: %s", out->path,
                    strerror(reason ? reason : EIO));
}
