/* SPDX-License-Identifier: MIT
 *
 * The instructions that talk to the machine. */
#ifndef EMULATOR_PORT_H
#define EMULATOR_PORT_H

#include <stddef.h>
#include <stdint.h>

static inline void port_out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_in(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void port_out_bytes(uint16_t port, const void *from, size_t count)
{
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

static inline void port_in_words(uint16_t port, void *to, size_t count)
{
    __asm__ volatile("rep insw" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static inline void register_write(uint32_t model_specific, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(model_specific), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* Instructions since power-on. */
static inline uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
