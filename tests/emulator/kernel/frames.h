/* SPDX-License-Identifier: MIT
 *
 * Physical memory, in frames of one page. */
#ifndef EMULATOR_FRAMES_H
#define EMULATOR_FRAMES_H

#include "layout.h"

#include <stdint.h>

void frames_init(void);

/* The physical address of a frame full of 0; the machine ends where there is none. */
uint64_t frame_take(void);
void frame_give_back(uint64_t frame);

uint64_t frames_total(void);
uint64_t frames_free(void);

/* Where the kernel sees a physical address. */
static inline void *physical(uint64_t address)
{
    return (void *)(KERNEL_BASE + address);
}

#endif
