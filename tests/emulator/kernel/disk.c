/* SPDX-License-Identifier: MIT
 *
 * ATA in programmed input: commands by port, data in words, nothing by interrupt. */
#include "disk.h"
#include "bytes.h"
#include "console.h"
#include "port.h"

enum {
    DATA = 0x1f0,
    COUNT = 0x1f2,
    ADDRESS = 0x1f3, /* 3 bytes, the lowest first */
    DRIVE = 0x1f6,   /* and the address's highest 4 bits */
    COMMAND = 0x1f7,
    STATUS = 0x1f7,
    CONTROL = 0x3f6,
};
enum { BUSY = 0x80, READY = 0x08, FAULT = 0x20, ERROR = 0x01 };
enum { NO_INTERRUPTS = 2, FIRST_DRIVE = 0xe0, READ_SECTORS = 0x20, MOST_SECTORS = 128 };

static void start_reading(uint32_t sector, uint32_t count)
{
    while (port_in(STATUS) & BUSY)
        continue;
    port_out(CONTROL, NO_INTERRUPTS);
    port_out(DRIVE, (uint8_t)(FIRST_DRIVE | sector >> 24));
    port_out(COUNT, (uint8_t)count);
    for (uint16_t byte = 0; byte < 3; byte++)
        port_out(ADDRESS + byte, (uint8_t)(sector >> 8 * byte));
    port_out(COMMAND, READ_SECTORS);
}

static void read_sector(uint16_t *to)
{
    uint8_t status;
    do
        status = port_in(STATUS);
    while (status & BUSY || !(status & (READY | FAULT | ERROR)));
    if (status & (FAULT | ERROR))
        give_up("the disk cannot be read");
    port_in_words(DATA, to, SECTOR / sizeof *to);
}

void disk_read(uint64_t from, void *to, size_t count)
{
    static uint16_t sector[SECTOR / 2];
    uint32_t ready = 0;
    while (count) {
        size_t skip = from % SECTOR, part = SECTOR - skip < count ? SECTOR - skip : count;
        if (ready == 0) {
            uint64_t all = (skip + count + SECTOR - 1) / SECTOR;
            ready = all < MOST_SECTORS ? (uint32_t)all : MOST_SECTORS;
            start_reading((uint32_t)(from / SECTOR), ready);
        }
        read_sector(sector);
        ready--;
        memcpy(to, (const char *)sector + skip, part);
        from += part;
        to = (char *)to + part;
        count -= part;
    }
}
