/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* mremap */
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

/* The guarded buffers in existence, for buffer_around: few, and changed by one thread only. */
enum { WATCHED = 64 };
static const struct buffer *watched[WATCHED];

static void watch(const struct buffer *buffer, const struct buffer *instead_of)
{
    for (int i = 0; i < WATCHED; i++)
        if (watched[i] == instead_of) {
            watched[i] = buffer;
            return;
        }
}

const struct buffer *buffer_around(const void *address, ptrdiff_t *offset)
{
    for (int i = 0; i < WATCHED; i++) {
        const struct buffer *buffer = watched[i];
        if (!buffer || address < buffer->map ||
            (const char *)address >= (const char *)buffer->map + buffer->map_size)
            continue;
        *offset = (const char *)address - (const char *)buffer->data;
        return buffer;
    }
    return NULL;
}

static bool is_guarded(enum buffer_kind kind)
{
    return kind != BUFFER_PLAIN && kind != BUFFER_SHARED;
}

/* Where the bytes begin in the accessible part of the map. */
static size_t placed_at(enum buffer_kind kind, size_t body, size_t size)
{
    enum { WORD = 4, LINE = 64 };
    switch (kind) {
    case BUFFER_GUARD_END:
        return body - round_up(size, WORD);
    case BUFFER_ALIGNED:
        return body - round_up(size, LINE);
    case BUFFER_UNALIGNED:
        return WORD;
    case BUFFER_PLAIN:
    case BUFFER_SHARED:
    case BUFFER_GUARD_START:
        break;
    }
    return 0;
}

/* What lies around a guarded buffer's bytes. */
static const unsigned char margin = 0xA5;

int buffer_create(struct buffer *buffer, enum buffer_kind kind, size_t size, const char *what,
                  struct mla_error *error)
{
    *buffer = (struct buffer){.size = size, .what = what};
    if (size == 0)
        return 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t body = round_up(size + (kind == BUFFER_UNALIGNED ? 4 : 0), page);
    size_t guards = is_guarded(kind) ? 2 * page : 0;
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
    size_t before = placed_at(kind, body, size);
    buffer->data = start + before;
    if (guards) {
        buffer->guarded = true;
        memset(start, margin, before);
        memset((char *)buffer->data + size, margin, body - before - size);
        watch(buffer, NULL);
    }
    return 0;
}

int buffer_unshare(struct buffer *buffer, struct mla_error *error)
{
    if (!buffer->map)
        return 0;
    void *copy = mmap(NULL, buffer->map_size, PROT_READ | PROT_WRITE,
                      MAP_ANONYMOUS | MAP_NORESERVE | MAP_PRIVATE, -1, 0);
    if (copy == MAP_FAILED)
        return mla_fail(error, MLA_MACHINE, "no memory for a copy of %s (%zu bytes): %s",
                        buffer->what, buffer->size, strerror(errno));
    memcpy(copy, buffer->map, buffer->map_size);
    void *moved = mremap(copy, buffer->map_size, buffer->map_size, MREMAP_MAYMOVE | MREMAP_FIXED,
                         buffer->map);
    if (moved != MAP_FAILED)
        return 0;
    munmap(copy, buffer->map_size);
    return mla_fail(error, MLA_MACHINE, "cannot move a copy of %s: %s", buffer->what,
                    strerror(errno));
}

static bool holds(const char *from, const char *to, unsigned char byte)
{
    for (; from < to; from++)
        if (*(const unsigned char *)from != byte)
            return false;
    return true;
}

bool buffer_intact(const struct buffer *buffer)
{
    if (!buffer->guarded)
        return true;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const char *start = (const char *)buffer->map + page, *data = buffer->data;
    const char *end = (const char *)buffer->map + buffer->map_size - page;
    return holds(start, data, margin) && holds(data + buffer->size, end, margin);
}

void buffer_destroy(struct buffer *buffer)
{
    if (buffer->guarded)
        watch(NULL, buffer);
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

static void protect(const struct buffer *buffer, int protection)
{
    if (buffer->map) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *first = (char *)((uintptr_t)buffer->data / page * page);
        size_t length = round_up((size_t)((char *)buffer->data + buffer->size - first), page);
        mprotect(first, length, protection);
    }
}

void buffer_read_only(struct buffer *buffer)
{
    protect(buffer, PROT_READ);
}

void buffer_writable(struct buffer *buffer)
{
    protect(buffer, PROT_READ | PROT_WRITE);
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
