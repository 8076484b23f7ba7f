/* SPDX-License-Identifier: MIT
 *
 * Emptying the caches of what a step works on, so that the next one finds all of it in DRAM. What
 * else lies in the caches (code, stacks, a BLAS's own buffers) and the TLB's entries stay where
 * lines are flushed. */
#ifndef MLABENCH_EVICT_H
#define MLABENCH_EVICT_H

#include "harness/error.h"
#include "harness/memory.h"

#include <stddef.h>

enum evict_means {
    EVICT_BY_CLFLUSHOPT, /* line by line, out of every cache of the machine */
    EVICT_BY_CLFLUSH,    /* likewise, where the CPU has only this one */
    EVICT_BY_READING,    /* other memory, larger than all caches, by every thread */
};

/* The first of these that works here. */
enum evict_means evict_best(void);

/* In words, for results. Static. */
extern const char *const evict_names[3];

struct evictor {
    enum evict_means means;
    struct buffer other; /* what EVICT_BY_READING reads */
};

/* Returns 0 or MLA_MACHINE (no memory). */
int evictor_create(struct evictor *evictor, enum evict_means means, struct mla_error *error);
void evictor_destroy(struct evictor *evictor);

struct evict_span {
    const void *data; /* may be NULL if size is 0 */
    size_t size;
};

/* Evicts the spans' contents, which stay as they are, by a team of `threads`. */
void evict(const struct evictor *evictor, const struct evict_span *spans, int count, int threads);

#endif
