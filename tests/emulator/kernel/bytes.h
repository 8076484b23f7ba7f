/* SPDX-License-Identifier: MIT
 *
 * The functions of string.h that the compiler may call, and the kernel does. */
#ifndef EMULATOR_BYTES_H
#define EMULATOR_BYTES_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);

#endif
