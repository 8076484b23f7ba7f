/* SPDX-License-Identifier: MIT
 *
 * Pages of a cache and the sequences that live on them, as a server keeps them: sequences grow page
 * by page, share the pages of a common prefix, and give pages back. Bookkeeping alone; what has to
 * be copied the caller copies, with a kernel's copy_page. */
#ifndef MLABENCH_PAGE_POOL_H
#define MLABENCH_PAGE_POOL_H

#include "harness/error.h"

#include <stdint.h>

struct page_pool {
    int64_t page_size; /* tokens */
    int32_t pages;
    int32_t unused_count;
    int32_t *unused;     /* [unused_count], the next one to be taken last */
    int32_t *references; /* [pages] sequences that have it */
};

/* Zeroed: an empty sequence. */
struct paged_seq {
    int64_t tokens;
    int32_t *pages; /* [page_pool_needs(tokens)] its row of the block table, malloc'ed */
};

/* The pages whose contents go into another, before anything is stored. */
struct page_copy {
    int32_t from, to; /* -1: none */
};

int page_pool_create(int32_t pages, int64_t page_size, struct page_pool *pool,
                     struct mla_error *error);
void page_pool_destroy(struct page_pool *pool);

/* Pages that so many tokens take. */
int32_t page_pool_needs(const struct page_pool *pool, int64_t tokens);

/* Makes room for `count` more tokens. Where they begin on a page that other sequences have as well,
 * the sequence gets one of its own, with *copy saying what it has to hold. MLA_MACHINE, and nothing
 * changed, if there are too few unused pages. */
int page_pool_append(struct page_pool *pool, struct paged_seq *seq, int64_t count,
                     struct page_copy *copy, struct mla_error *error);

/* `to`, which is empty, begins with the first `tokens` of `from`, on the same pages. */
int page_pool_fork(struct page_pool *pool, const struct paged_seq *from, int64_t tokens,
                   struct paged_seq *to, struct mla_error *error);

/* Drops all but the first `tokens`; 0 frees the sequence. */
void page_pool_truncate(struct page_pool *pool, struct paged_seq *seq, int64_t tokens);

#endif
