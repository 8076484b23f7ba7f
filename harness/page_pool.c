/* SPDX-License-Identifier: MIT */
#include "harness/page_pool.h"

#include <stdbool.h>
#include <stdlib.h>

int page_pool_create(int32_t pages, int64_t page_size, struct page_pool *pool,
                     struct mla_error *error)
{
    *pool = (struct page_pool){.page_size = page_size, .pages = pages, .unused_count = pages};
    pool->unused = malloc(sizeof *pool->unused * (size_t)pages);
    pool->references = calloc((size_t)pages, sizeof *pool->references);
    if (!pool->unused || !pool->references) {
        page_pool_destroy(pool);
        return mla_fail(error, MLA_MACHINE, "no memory for %d pages", pages);
    }
    for (int32_t i = 0; i < pages; i++)
        pool->unused[i] = pages - 1 - i;
    return 0;
}

void page_pool_destroy(struct page_pool *pool)
{
    free(pool->unused);
    free(pool->references);
    *pool = (struct page_pool){0};
}

int32_t page_pool_needs(const struct page_pool *pool, int64_t tokens)
{
    return (int32_t)((tokens + pool->page_size - 1) / pool->page_size);
}

static int32_t take(struct page_pool *pool)
{
    int32_t page = pool->unused[--pool->unused_count];
    pool->references[page] = 1;
    return page;
}

static void give_back(struct page_pool *pool, int32_t page)
{
    if (--pool->references[page] == 0)
        pool->unused[pool->unused_count++] = page;
}

static int make_room(struct paged_seq *seq, int32_t pages, struct mla_error *error)
{
    int32_t *grown = realloc(seq->pages, sizeof *grown * (size_t)(pages + 1));
    if (!grown)
        return mla_fail(error, MLA_MACHINE, "no memory for a block table of %d pages", pages);
    seq->pages = grown;
    return 0;
}

int page_pool_append(struct page_pool *pool, struct paged_seq *seq, int64_t count,
                     struct page_copy *copy, struct mla_error *error)
{
    int32_t before = page_pool_needs(pool, seq->tokens);
    int32_t after = page_pool_needs(pool, seq->tokens + count);
    bool begun = count > 0 && seq->tokens % pool->page_size != 0;
    bool shared = begun && pool->references[seq->pages[before - 1]] > 1;
    *copy = (struct page_copy){-1, -1};
    if (after - before + shared > pool->unused_count)
        return mla_fail(error, MLA_MACHINE, "%ld more tokens take %d pages, %d are unused",
                        (long)count, after - before + shared, pool->unused_count);
    int code = make_room(seq, after, error);
    if (code)
        return code;
    if (shared) {
        *copy = (struct page_copy){seq->pages[before - 1], take(pool)};
        give_back(pool, copy->from);
        seq->pages[before - 1] = copy->to;
    }
    for (int32_t i = before; i < after; i++)
        seq->pages[i] = take(pool);
    seq->tokens += count;
    return 0;
}

int page_pool_fork(struct page_pool *pool, const struct paged_seq *from, int64_t tokens,
                   struct paged_seq *to, struct mla_error *error)
{
    int32_t pages = page_pool_needs(pool, tokens);
    int code = make_room(to, pages, error);
    if (code)
        return code;
    for (int32_t i = 0; i < pages; i++) {
        to->pages[i] = from->pages[i];
        pool->references[to->pages[i]]++;
    }
    to->tokens = tokens;
    return 0;
}

void page_pool_truncate(struct page_pool *pool, struct paged_seq *seq, int64_t tokens)
{
    for (int32_t i = page_pool_needs(pool, tokens); i < page_pool_needs(pool, seq->tokens); i++)
        give_back(pool, seq->pages[i]);
    seq->tokens = tokens;
    if (tokens == 0) {
        free(seq->pages);
        seq->pages = NULL;
    }
}
