/* SPDX-License-Identifier: MIT
 *
 * Memory straight from the kernel: for inputs that processes share, for caches on huge pages, and
 * for buffers flush against an inaccessible page, so that reading past them is a crash and not a
 * silent success. */
#ifndef MLABENCH_MEMORY_H
#define MLABENCH_MEMORY_H

#include "harness/error.h"

#include <stddef.h>
#include <stdint.h>

enum buffer_kind {
    BUFFER_PLAIN,       /* private, 64-byte aligned, on huge pages where the system grants them */
    BUFFER_SHARED,      /* shared with processes forked later, 64-byte aligned */
    BUFFER_GUARD_END,   /* the byte after the last one is inaccessible; alignment is what the size
                           leaves */
    BUFFER_GUARD_START, /* the byte before the first one is inaccessible, page aligned */
};

struct buffer {
    void *data; /* NULL if size is 0 */
    size_t size;
    void *map;
    size_t map_size;
};

/* Zeroed memory; `what` names it in the message when there is none. Returns 0 or MLA_MACHINE. */
int buffer_create(struct buffer *buffer, enum buffer_kind kind, size_t size, const char *what,
                  struct mla_error *error);
void buffer_destroy(struct buffer *buffer);

/* Fills every 4-byte word (and the tail) with a pattern. POISON_NAN is a NaN in every format. */
#define POISON_NAN 0xFFFFFFFFu
void buffer_poison(struct buffer *buffer, uint32_t pattern);

/* How many 4-byte words no longer hold the pattern. */
size_t buffer_changed(const struct buffer *buffer, uint32_t pattern);

/* Writing to it is a crash from here on. */
void buffer_read_only(struct buffer *buffer);

/* Bytes that can still be had without swapping, by /proc/meminfo and the control group; 0 if
 * unknown. */
uint64_t memory_available(void);

#endif
