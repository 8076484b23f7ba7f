/* SPDX-License-Identifier: MIT
 *
 * No address is handed out twice, so that a use after munmap faults, and beyond each map lies a
 * page that is none. */
#include "calls.h"
#include "layout.h"
#include "pages.h"

#include <errno.h>
#include <linux/mman.h>
#include <stdbool.h>

/* Even what is never touched takes tables: 2 MiB for each GiB. */
#define MOST_AT_ONCE (64ul << 30)

static uint64_t first_break, current_break, next_map = USER_MMAP;

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE - 1) / PAGE * PAGE;
}

static bool is_range(uint64_t from, uint64_t length)
{
    return from % PAGE == 0 && from < USER_END && length <= USER_END - from;
}

void brk_init(uint64_t end_of_program)
{
    first_break = current_break = page_up(end_of_program);
}

int64_t call_brk(const uint64_t *arguments)
{
    uint64_t wanted = arguments[0], from = page_up(current_break), to = page_up(wanted);
    if (wanted < first_break || wanted - first_break > MOST_AT_ONCE ||
        (from < to && pages_any_mapped(from, to)))
        return (int64_t)current_break;
    if (from < to)
        pages_map(from, to, PROT_READ | PROT_WRITE);
    else
        pages_unmap(to, from);
    current_break = wanted;
    return (int64_t)current_break;
}

int64_t call_mmap(const uint64_t *arguments)
{
    uint64_t from = arguments[0], length = page_up(arguments[1]);
    int protection = (int)arguments[2], flags = (int)arguments[3];
    if (!(flags & MAP_ANONYMOUS))
        return -EBADF;
    if (arguments[1] == 0)
        return -EINVAL;
    if (arguments[1] > MOST_AT_ONCE)
        return -ENOMEM;
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        from = next_map;
        next_map += length + PAGE;
    }
    if (!is_range(from, length))
        return -EINVAL;
    if (flags & MAP_FIXED_NOREPLACE && pages_any_mapped(from, from + length))
        return -EEXIST;
    if (flags & MAP_FIXED)
        pages_unmap(from, from + length);
    pages_map(from, from + length, protection);
    return (int64_t)from;
}

int64_t call_munmap(const uint64_t *arguments)
{
    uint64_t from = arguments[0], length = page_up(arguments[1]);
    if (!is_range(from, length) || length == 0)
        return -EINVAL;
    pages_unmap(from, from + length);
    return 0;
}

int64_t call_mprotect(const uint64_t *arguments)
{
    uint64_t from = arguments[0], length = page_up(arguments[1]);
    if (from % PAGE)
        return -EINVAL;
    if (!is_range(from, length) || !pages_all_mapped(from, from + length))
        return -ENOMEM;
    pages_protect(from, from + length, (int)arguments[2]);
    return 0;
}

int64_t call_madvise(const uint64_t *arguments)
{
    uint64_t from = arguments[0], length = page_up(arguments[1]);
    if (!is_range(from, length))
        return -EINVAL;
    if (arguments[2] == MADV_DONTNEED)
        pages_forget(from, from + length);
    return 0;
}
