/* SPDX-License-Identifier: MIT */
#include "harness/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map_open(int descriptor, const char *path, struct mapped_file *file,
                    struct mla_error *error)
{
    struct stat status;
    if (fstat(descriptor, &status))
        return mla_fail(error, MLA_MACHINE, "%.600s: cannot be read: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return mla_fail(error, MLA_BAD_INPUT, "%.600s: it is no file, accepted: a regular one",
                        path);
    file->size = (size_t)status.st_size;
    if (file->size == 0)
        return 0;
    void *map = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map == MAP_FAILED)
        return mla_fail(error, MLA_MACHINE, "%.600s: cannot be mapped: %s", path, strerror(errno));
    file->data = map;
    return 0;
}

int mapped_file_open(const char *path, struct mapped_file *file, struct mla_error *error)
{
    *file = (struct mapped_file){0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return mla_fail(error, errno == ENOENT || errno == ENOTDIR ? MLA_BAD_INPUT : MLA_MACHINE,
                        "%.600s: cannot be read: %s", path, strerror(errno));
    int code = map_open(descriptor, path, file, error);
    close(descriptor);
    return code;
}

void mapped_file_close(struct mapped_file *file)
{
    if (file->data)
        munmap((void *)(uintptr_t)file->data, file->size);
    *file = (struct mapped_file){0};
}

void mapped_file_forget(const void *data, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)data;
    uintptr_t first = (begin + page - 1) / page * page, end = (begin + size) / page * page;
    if (end > first)
        madvise((void *)first, end - first, MADV_DONTNEED);
}
