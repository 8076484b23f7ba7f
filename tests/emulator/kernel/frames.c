/* SPDX-License-Identifier: MIT */
#include "frames.h"
#include "bytes.h"
#include "console.h"
#include "port.h"

#include <stddef.h>

extern char bss_end[];

/* Frames from `never_taken` on were never taken; those given back are a list, each holding the
 * address of the next. */
static uint64_t first, never_taken, end, given_back, free_count;

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, ABOVE_16_MIB = 0x34 };

static uint8_t cmos(uint8_t index)
{
    port_out(CMOS_INDEX, index);
    return port_in(CMOS_DATA);
}

void frames_init(void)
{
    first = never_taken = (uint64_t)bss_end - KERNEL_BASE;
    /* In units of 64 KiB; 1 GiB is mapped. */
    uint64_t above = cmos(ABOVE_16_MIB) | (uint64_t)cmos(ABOVE_16_MIB + 1) << 8;
    end = (16 << 20) + (above << 16);
    if (end > 1 << 30)
        end = 1 << 30;
    free_count = frames_total();
}

uint64_t frame_take(void)
{
    uint64_t frame = given_back;
    if (frame) {
        given_back = *(uint64_t *)physical(frame);
    } else {
        if (never_taken == end)
            give_up("out of memory");
        frame = never_taken;
        never_taken += PAGE;
    }
    free_count--;
    memset(physical(frame), 0, PAGE);
    return frame;
}

void frame_give_back(uint64_t frame)
{
    *(uint64_t *)physical(frame) = given_back;
    given_back = frame;
    free_count++;
}

uint64_t frames_total(void)
{
    return (end - first) / PAGE;
}

uint64_t frames_free(void)
{
    return free_count;
}
