/* SPDX-License-Identifier: MIT */
#include "harness/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

int buffer_create(struct buffer *buffer, enum buffer_kind kind, size_t size, const char *what,
                  struct mla_error *error)
{
    *buffer = (struct buffer){.size = size};
    if (size == 0)
        return 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t body = round_up(size, page);
    size_t guards = kind == BUFFER_GUARD_END || kind == BUFFER_GUARD_START ? 2 * page : 0;
    int flags = MAP_ANONYMOUS | MAP_NORESERVE;
    flags |= kind == BUFFER_SHARED ? MAP_SHARED : MAP_PRIVATE;
    void *map = mmap(NULL, body + guards, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (map == MAP_FAILED)
        return mla_fail(error, MLA_MACHINE, "no memory for %s (%zu bytes): %s", what, size,
                        strerror(errno));
    buffer->map = map;
    buffer->map_size = body + guards;
    char *start = (char *)map + guards / 2;
    if (guards && (mprotect(map, page, PROT_NONE) || mprotect(start + body, page, PROT_NONE))) {
        buffer_destroy(buffer);
        return mla_fail(error, MLA_MACHINE, "cannot guard %s: %s", what, strerror(errno));
    }
    if (kind == BUFFER_PLAIN)
        madvise(map, body, MADV_HUGEPAGE); /* a wish: where it fails, small pages serve */
    buffer->data = kind == BUFFER_GUARD_END ? start + body - size : start;
    return 0;
}

void buffer_destroy(struct buffer *buffer)
{
    if (buffer->map)
        munmap(buffer->map, buffer->map_size);
    *buffer = (struct buffer){0};
}

void buffer_poison(struct buffer *buffer, uint32_t pattern)
{
    size_t words = buffer->size / sizeof pattern;
    char *bytes = buffer->data;
    for (size_t i = 0; i < words; i++)
        memcpy(bytes + i * sizeof pattern, &pattern, sizeof pattern);
    if (buffer->size % sizeof pattern)
        memcpy(bytes + words * sizeof pattern, &pattern, buffer->size % sizeof pattern);
}

size_t buffer_changed(const struct buffer *buffer, uint32_t pattern)
{
    size_t changed = 0;
    const char *bytes = buffer->data;
    for (size_t i = 0; i < buffer->size / sizeof pattern; i++) {
        uint32_t word;
        memcpy(&word, bytes + i * sizeof word, sizeof word);
        changed += word != pattern;
    }
    return changed;
}

void buffer_read_only(struct buffer *buffer)
{
    if (buffer->map) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *first = (char *)((uintptr_t)buffer->data / page * page);
        size_t length = round_up((size_t)((char *)buffer->data + buffer->size - first), page);
        mprotect(first, length, PROT_READ);
    }
}

static uint64_t read_number(const char *path, const char *format, uint64_t otherwise)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return otherwise;
    char line[256];
    uint64_t value = otherwise;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, format, &value) == 1)
            break;
    fclose(file);
    return value;
}

uint64_t memory_available(void)
{
    uint64_t kib = read_number("/proc/meminfo", "MemAvailable: %lu", 0);
    uint64_t available = kib * 1024;
    /* Control group v2, as containers see it; "max" does not parse and means no limit. */
    uint64_t limit = read_number("/sys/fs/cgroup/memory.max", "%lu", UINT64_MAX);
    uint64_t used = read_number("/sys/fs/cgroup/memory.current", "%lu", 0);
    if (limit != UINT64_MAX && (limit < used || limit - used < available))
        available = limit < used ? 0 : limit - used;
    return available;
}
