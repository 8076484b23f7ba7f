/* SPDX-License-Identifier: MIT
 *
 * A suite split over machines: each runs one shard of its cases, and harness/merge.h joins their
 * results. */
#ifndef MLABENCH_SHARD_H
#define MLABENCH_SHARD_H

#include "harness/catalogue.h"
#include "harness/error.h"
#include "harness/suite.h"

#include <jansson.h>
#include <stdbool.h>

struct shard {
    int index; /* from 1 */
    int count; /* 0: the suite is not split */
};

enum { SHARDS_MOST = 10000 };

/* "i/n". */
int shard_parse(const char *text, struct shard *shard, struct mla_error *error);

/* What a case is thought to take, in seconds of a plain kernel's thread: good enough to give each
 * shard as much as the others. The same wherever it is asked. */
double shard_cost(const struct suite *suite, const struct bench_case *c,
                  const struct catalogue *catalogue, bool timing);

/* Leaves the shard's cases in the suite, in their order. Which they are depends on the suite, the
 * kernels of the catalogue whatever this CPU lacks, `timing` and the number of shards: dear cases
 * first, each goes to the shard that has least so far. *cases becomes a new reference to the whole
 * suite's cases, [{name, shard}] in its order. Refuses more shards than cases. */
int shard_take(const struct shard *shard, const struct catalogue *catalogue, bool timing,
               struct suite *suite, json_t **cases, struct mla_error *error);

#endif
