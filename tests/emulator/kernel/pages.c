/* SPDX-License-Identifier: MIT */
#include "pages.h"
#include "frames.h"
#include "layout.h"

#include <linux/mman.h>
#include <stddef.h>

enum { LEVELS = 4, ENTRIES = 512 };
#define TABLE_REACH ((uint64_t)ENTRIES * PAGE) /* of a table of the lowest level */

/* Of an entry. The CPU reads PRESENT, WRITABLE, USER, NO_EXECUTE and the frame, and leaves three
 * bits to the kernel. An entry of 0 is no page of the program. */
#define PRESENT    1ul
#define WRITABLE   2ul
#define USER       4ul
#define MAPPED     0x200ul
#define HAS_FRAME  0x400ul
#define READABLE   0x800ul
#define NO_EXECUTE (1ul << 63)
#define FRAME      0x000ffffffffff000ul

extern uint64_t page_map[]; /* start.S */

void pages_init(void)
{
    page_map[0] = 0;
}

/* The entry of an address in the table of a level, 0 the lowest; NULL where there is no table, and
 * none is to be created. */
static uint64_t *entry_of(uint64_t address, int level, bool create)
{
    uint64_t *table = page_map;
    for (int at = LEVELS - 1;; at--) {
        uint64_t *entry = &table[address >> (12 + 9 * at) & (ENTRIES - 1)];
        if (at == level)
            return entry;
        if (!*entry) {
            if (!create)
                return NULL;
            *entry = frame_take() | PRESENT | WRITABLE | USER;
        }
        table = physical(*entry & FRAME);
    }
}

static void flush(uint64_t from, uint64_t to)
{
    enum { FEW = 64 };
    if (to - from <= FEW * PAGE) {
        for (; from < to; from += PAGE)
            __asm__ volatile("invlpg (%0)" : : "r"(from) : "memory");
    } else {
        uint64_t top;
        __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(top) : : "memory");
    }
}

/* A new entry in place of another. */
typedef uint64_t new_entry(uint64_t entry, int protection);

/* Changes all entries of a range; absent tables stay absent unless `create`. */
static void change_entries(uint64_t from, uint64_t to, bool create, new_entry *change,
                           int protection)
{
    while (from < to) {
        uint64_t next = (from / TABLE_REACH + 1) * TABLE_REACH, stop = next < to ? next : to;
        uint64_t *entry = entry_of(from, 0, create);
        if (entry)
            for (uint64_t page = from; page < stop; page += PAGE, entry++)
                *entry = change(*entry, protection);
        from = stop;
    }
}

static uint64_t with_protection(uint64_t entry, int protection)
{
    entry &= FRAME | HAS_FRAME;
    entry |= MAPPED | USER | (protection ? READABLE : 0);
    entry |= protection & PROT_WRITE ? WRITABLE : 0;
    entry |= protection & PROT_EXEC ? 0 : NO_EXECUTE;
    return entry | (protection && entry & HAS_FRAME ? PRESENT : 0);
}

static uint64_t without_frame(uint64_t entry, int unused)
{
    (void)unused;
    if (entry & HAS_FRAME)
        frame_give_back(entry & FRAME);
    return entry & ~(FRAME | HAS_FRAME | PRESENT);
}

static uint64_t removed(uint64_t entry, int unused)
{
    without_frame(entry, unused);
    return 0;
}

void pages_map(uint64_t from, uint64_t to, int protection)
{
    change_entries(from, to, true, with_protection, protection);
}

void pages_protect(uint64_t from, uint64_t to, int protection)
{
    change_entries(from, to, false, with_protection, protection);
    flush(from, to);
}

/* Gives back the tables that hold no page any more. */
static void drop_tables(uint64_t from, uint64_t to)
{
    for (from -= from % TABLE_REACH; from < to; from += TABLE_REACH) {
        uint64_t *above = entry_of(from, 1, false);
        if (!above || !*above)
            continue;
        const uint64_t *table = physical(*above & FRAME);
        int i = 0;
        while (i < ENTRIES && !table[i])
            i++;
        if (i == ENTRIES) {
            frame_give_back(*above & FRAME);
            *above = 0;
        }
    }
}

void pages_unmap(uint64_t from, uint64_t to)
{
    change_entries(from, to, false, removed, 0);
    drop_tables(from, to);
    flush(from, to);
}

void pages_forget(uint64_t from, uint64_t to)
{
    change_entries(from, to, false, without_frame, 0);
    flush(from, to);
}

static uint64_t entry_at(uint64_t address)
{
    const uint64_t *entry = address < USER_END ? entry_of(address, 0, false) : NULL;
    return entry ? *entry : 0;
}

bool pages_all_mapped(uint64_t from, uint64_t to)
{
    for (; from < to; from += PAGE)
        if (!entry_at(from))
            return false;
    return true;
}

bool pages_any_mapped(uint64_t from, uint64_t to)
{
    for (; from < to; from += PAGE)
        if (entry_at(from))
            return true;
    return false;
}

bool pages_readable(uint64_t address)
{
    return entry_at(address) & READABLE;
}

bool pages_touch(uint64_t address)
{
    uint64_t entry = entry_at(address);
    if (!(entry & READABLE) || entry & HAS_FRAME)
        return false;
    *entry_of(address, 0, false) = entry | frame_take() | HAS_FRAME | PRESENT;
    return true;
}
