/* SPDX-License-Identifier: MIT
 *
 * Runs that were stored: results read from files, those of one run's shards joined, each with a
 * label that tells it from the others. */
#ifndef MLABENCH_RUNS_H
#define MLABENCH_RUNS_H

#include "harness/error.h"
#include "harness/result_table.h"

#include <stdbool.h>

enum { RUNS_MOST = 8 };

struct stored_run {
    const char *path; /* of the (first) file; borrowed */
    struct result_table table;
    int shards;            /* that its suite was split into; 0: it was not, and is as it was read */
    int files;             /* that it was joined from */
    const json_t *missing; /* numbers of the shards that were not given, or NULL */
    char label[96];        /* harness/run_labels.h */
};

struct stored_runs {
    struct stored_run *items; /* [count], malloc'ed, in order of their first file */
    int count;
};

/* Each file as a run of its own, or, if shards are to be joined, all files of a run as one; a shard
 * that comes alone then is a run that misses the others. Refuses with MLA_BAD_INPUT what
 * result_table_read and shard_file_read refuse, two files of one shard to be joined, and more than
 * RUNS_MOST runs; also MLA_MACHINE. runs_destroy is to follow only after success. */
int runs_read(char *const *files, int count, bool join_shards, struct stored_runs *runs,
              struct mla_error *error);
void runs_destroy(struct stored_runs *runs);

#endif
