/* SPDX-License-Identifier: MIT
 *
 * Each step of a repeated string instruction takes bochs as long as an instruction of its own:
 * steps of 8 bytes where there are as many. */
#include "bytes.h"

#include <stdint.h>

void *memcpy(void *to, const void *from, size_t count)
{
    void *at = to;
    size_t words = count / sizeof(uint64_t), rest = count % sizeof(uint64_t);
    __asm__ volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(rest) : : "memory");
    return to;
}

void *memset(void *to, int byte, size_t count)
{
    void *at = to;
    size_t words = count / sizeof(uint64_t), rest = count % sizeof(uint64_t);
    uint64_t word = (uint8_t)byte * 0x0101010101010101u;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(word) : "memory");
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
    return to;
}
