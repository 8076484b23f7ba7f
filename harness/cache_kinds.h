/* SPDX-License-Identifier: MIT
 *
 * The ways to cache a model's attention, and what they take. */
#ifndef MLABENCH_CACHE_KINDS_H
#define MLABENCH_CACHE_KINDS_H

#include "harness/error.h"
#include "harness/model.h"
#include "harness/suite.h"

#include <stdint.h>

/* One way: "latent", "expanded", or the keys and values of "MHA", "GQA-8" or "MQA". */
struct cache_kind {
    const char *name; /* static; as result_cache says it */
    int64_t elements; /* of a token in a layer */
    int64_t bytes[5]; /* the same in each enum mla_format, without padding */
};
enum { CACHE_KINDS = 2 + BASELINES };

/* The latent, what it expands to, and the baselines of the same width; of a model without a latent
 * or of the article's form fewer. Returns how many, or a negative code. */
int cache_kinds(const struct model *model, struct cache_kind kinds[CACHE_KINDS],
                struct mla_error *error);

/* How often a model caches a token: once per layer, in LongCat-Flash twice. */
int attention_layers(const struct model *model);

/* What a sequence of so many tokens takes. page_size 0: no pages. */
struct cache_use {
    int64_t pages, payload, padding; /* bytes; padding: the rows of the last page without a token */
};
struct cache_use cache_use(int64_t bytes_per_token, int64_t tokens, int64_t page_size);

/* How many tokens a GiB holds in sequences that long, padding included: whole ones. */
int64_t tokens_per_gib(struct cache_use use, int64_t tokens);

#endif
