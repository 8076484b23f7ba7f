/* SPDX-License-Identifier: MIT
 *
 * The first disk, which holds what to run. */
#ifndef EMULATOR_DISK_H
#define EMULATOR_DISK_H

#include <stddef.h>
#include <stdint.h>

enum { SECTOR = 512 };

/* Bytes [from, from + count) of the disk. */
void disk_read(uint64_t from, void *to, size_t count);

#endif
