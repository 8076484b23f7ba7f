/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tests/fuzz/target.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char folder[256], path[320];
static int memory; /* what the file's name links to */

void target_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

static int remove_one(const char *name, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(name);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folder_with(const char *name)
{
    char link[64];
    const char *above = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.200s/mlabench-fuzz-XXXXXX", above ? above : "/tmp");
    memory = memfd_create("mlabench-fuzz", MFD_CLOEXEC);
    if (memory < 0 || !mkdtemp(folder))
        target_fail("no temporary file or folder");
    atexit(remove_folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)getpid(), memory);
    if (symlink(link, path))
        target_fail("no link from %s to %s", path, link);
}

const char *target_folder(const char *name, const uint8_t *data, size_t size)
{
    if (!folder[0])
        make_folder_with(name);
    if (ftruncate(memory, 0) || pwrite(memory, data, size, 0) != (ssize_t)size)
        target_fail("no memory for a file of %zu bytes", size);
    return folder;
}

const char *target_path(void)
{
    return path;
}

void target_explained(int code, const struct mla_error *error)
{
    static const char *const cures[] = {"accepted", "did you mean", "not valid JSON",
                                        "cannot be read", "download it"};
    const char *text = error->message;
    bool cure = code == MLA_MACHINE;
    if (code == 0)
        return;
    if (code != MLA_BAD_INPUT && code != MLA_MACHINE)
        target_fail("code %d is none that a reader returns: %s", code, text);
    if (!strstr(text, path))
        target_fail("a message that does not name the file: %s", text);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            target_fail("a message with control character %d: %s", *c, text);
    for (size_t i = 0; i < sizeof cures / sizeof cures[0]; i++)
        cure = cure || strstr(text, cures[i]);
    if (!cure)
        target_fail("a message that does not say what is accepted: %s", text);
}
