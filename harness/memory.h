/* SPDX-License-Identifier: MIT
 *
 * Memory straight from the kernel: for inputs that processes share, for caches on huge pages, and
 * for buffers flush against an inaccessible page, so that reading past them is a crash and not a
 * silent success. */
#ifndef MLABENCH_MEMORY_H
#define MLABENCH_MEMORY_H

#include "harness/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum buffer_kind {
    BUFFER_PLAIN,       /* private, 64-byte aligned, on huge pages where the system grants them */
    BUFFER_SHARED,      /* shared with processes forked later, 64-byte aligned */
    BUFFER_GUARD_END,   /* the byte after the last one is inaccessible, but for up to 3 bytes of a
                           size that is no multiple of 4; 4-byte aligned or more, as the size
                           leaves it */
    BUFFER_GUARD_START, /* the byte before the first one is inaccessible, page aligned */
    BUFFER_ALIGNED,     /* as GUARD_END, but 64-byte aligned: up to 63 bytes before the guard */
    BUFFER_UNALIGNED,   /* as GUARD_START, but 4 bytes behind the guard: aligned to 4, not to 8 */
};

struct buffer {
    void *data; /* NULL if size is 0 */
    size_t size;
    void *map;
    size_t map_size;
    bool guarded;
    const char *what; /* names it in messages */
};

/* Zeroed memory; `what`, which must stay valid, names it in messages. What a guarded buffer leaves
 * between its bytes and the guards holds a pattern that buffer_intact looks for. Returns 0 or
 * MLA_MACHINE. */
int buffer_create(struct buffer *buffer, enum buffer_kind kind, size_t size, const char *what,
                  struct mla_error *error);
void buffer_destroy(struct buffer *buffer);

/* What BUFFER_SHARED holds stays, where it is, but processes forked from here on have copies of
 * their own: what one of them writes is not seen by the next. Returns 0 or MLA_MACHINE. */
int buffer_unshare(struct buffer *buffer, struct mla_error *error);

/* Whether nothing was written outside the buffer's bytes where no guard would have noticed. */
bool buffer_intact(const struct buffer *buffer);

/* Which guarded buffer of this process an address belongs to or is nearest to, within the page
 * before and after its bytes; NULL: none. `*offset` is relative to its first byte. Takes no lock
 * and no memory: for signal handlers. */
const struct buffer *buffer_around(const void *address, ptrdiff_t *offset);

/* Fills every 4-byte word (and the tail) with a pattern. POISON_NAN is a NaN in every format;
 * POISON_LARGE is 8.5e37 in fp32 and bf16, what no comparison passes over. */
#define POISON_NAN   0xFFFFFFFFu
#define POISON_LARGE 0x7E7E7E7Eu
void buffer_poison(struct buffer *buffer, uint32_t pattern);

/* How many 4-byte words no longer hold the pattern. */
size_t buffer_changed(const struct buffer *buffer, uint32_t pattern);

/* Writing to it is a crash from here on, and no longer. */
void buffer_read_only(struct buffer *buffer);
void buffer_writable(struct buffer *buffer);

/* Bytes that can still be had without swapping, by /proc/meminfo and the control group; 0 if
 * unknown. */
uint64_t memory_available(void);

#endif
