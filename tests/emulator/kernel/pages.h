/* SPDX-License-Identifier: MIT
 *
 * The program's memory: pages of 4 KiB that get a frame when they are first touched. Addresses are
 * multiples of PAGE, ranges are [from, to) and below USER_END. */
#ifndef EMULATOR_PAGES_H
#define EMULATOR_PAGES_H

#include <stdbool.h>
#include <stdint.h>

void pages_init(void);

/* Protections are mmap's PROT_ bits. Writable and executable pages are readable too. */
void pages_map(uint64_t from, uint64_t to, int protection);
void pages_protect(uint64_t from, uint64_t to, int protection);
void pages_unmap(uint64_t from, uint64_t to);

/* Mapped pages are 0 again. */
void pages_forget(uint64_t from, uint64_t to);

bool pages_all_mapped(uint64_t from, uint64_t to);
bool pages_any_mapped(uint64_t from, uint64_t to);

/* Whether the page around any address may be read. */
bool pages_readable(uint64_t address);

/* Gives the page around any address a frame. False where an access can't go on all the same: it
 * has one, or may not be accessed. */
bool pages_touch(uint64_t address);

#endif
