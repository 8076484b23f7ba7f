/* SPDX-License-Identifier: MIT
 *
 * Results of the shards of one run, joined into the result of the whole. */
#ifndef MLABENCH_MERGE_H
#define MLABENCH_MERGE_H

#include "harness/error.h"
#include "harness/result_table.h"
#include "harness/shard.h"

#include <jansson.h>
#include <stdbool.h>

/* A result.json and what its context says of shards. */
struct shard_file {
    const char *path;
    const struct result_table *table; /* read */
    struct shard shard;
    const json_t *cases; /* the suite's, [{name, shard}]; borrowed */
};

/* Sets path, table and, if the result is a shard's, the rest: shard.count stays 0 if not. Refuses a
 * record that cannot be, and timings of cases that are not the shard's, with MLA_BAD_INPUT. */
int shard_file_read(const char *path, const struct result_table *table, struct shard_file *file,
                    struct mla_error *error);

/* Whether two shards are of one run: the same suite, split alike, seed and program on machines of
 * one kind. */
bool shards_of_one_run(const struct shard_file *one, const struct shard_file *other);

/* Joins shards of one run: `files` [count] in any order, one at least. Two files of one shard are
 * refused with MLA_BAD_INPUT. *root becomes a result.json: all timings, in order of the suite's
 * cases, whose context holds
 *   shards           [{index, host_name, ...}] what the contexts of the shards do not share
 *   missing_shards   [index], and their cases are in `skipped`
 *   ceilings         the median of the medians, the least and the most
 *   lists            one after the other, without what is there already
 * and where nothing of this holds what they have in common, null else. */
int merge_shards(struct shard_file *files, int count, json_t **root, struct mla_error *error);

#endif
