/* SPDX-License-Identifier: MIT */
#include "harness/out_file.h"

#include "harness/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_path(struct out_file *out, struct mla_error *error)
{
    out->file = fopen(out->path, "w");
    if (!out->file)
        return mla_fail(error, MLA_MACHINE, "cannot write %s: %s", out->path, strerror(errno));
    return 0;
}

int out_open(struct out_file *out, const char *folder, const char *name, struct mla_error *error)
{
    out->final[0] = '\0';
    out->reason = 0;
    int length = snprintf(out->path, sizeof out->path, "%s/%s", folder, name);
    if (length >= (int)sizeof out->path)
        return mla_fail(error, MLA_BAD_INPUT, "the path %s is too long", folder);
    return open_path(out, error);
}

/* The folder that a file goes into, made if it is not there. */
static int make_folder_of(const char *path, struct mla_error *error)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return make_folder(folder, error);
}

int out_replace(struct out_file *out, const char *path, struct mla_error *error)
{
    struct stat status;
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/' || length + sizeof ".part" > sizeof out->path)
        return mla_fail(error, MLA_BAD_INPUT, "not a usable file name: '%s'", path);
    out->reason = 0;
    snprintf(out->final, sizeof out->final, "%s", path);
    snprintf(out->path, sizeof out->path, "%s.part", path);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return mla_fail(error, MLA_MACHINE, "cannot write %s: it is a folder", path);
    int code = make_folder_of(path, error);
    return code ? code : open_path(out, error);
}

void out_write(struct out_file *out, const void *data, size_t size)
{
    if (size && fwrite(data, 1, size, out->file) != size && !out->reason)
        out->reason = errno ? errno : EIO;
}

void out_discard(struct out_file *out)
{
    fclose(out->file);
    out->file = NULL;
    unlink(out->path);
}

int out_close(struct out_file *out, struct mla_error *error)
{
    errno = 0;
    bool written = fflush(out->file) == 0 && !ferror(out->file);
    int reason = out->reason ? out->reason : errno;
    if (written && out->final[0] && fsync(fileno(out->file))) {
        written = false;
        reason = errno;
    }
    if (fclose(out->file) && written) {
        written = false;
        reason = errno;
    }
    out->file = NULL;
    if (written && out->final[0] && rename(out->path, out->final)) {
        written = false;
        reason = errno;
    }
    if (written)
        return 0;
    unlink(out->path);
    return mla_fail(error, MLA_MACHINE, "cannot write %s: %s",
                    out->final[0] ? out->final : out->path, strerror(reason ? reason : EIO));
}
