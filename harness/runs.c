/* SPDX-License-Identifier: MIT */
#include "harness/runs.h"

#include "harness/merge.h"
#include "harness/run_labels.h"

#include <stdlib.h>
#include <string.h>

/* The files as they are read. */
struct reading {
    struct result_table *tables; /* [count]; a run that is one file takes its table */
    struct shard_file *files;    /* [count] */
    bool *taken;                 /* [count] into a run */
    int count;
    bool join_shards;
};

static int read_files(char *const *paths, struct reading *r, struct mla_error *error)
{
    int code = 0;
    for (int i = 0; i < r->count && !code; i++) {
        code = result_table_read(paths[i], &r->tables[i], error);
        if (!code)
            code = shard_file_read(paths[i], &r->tables[i], &r->files[i], error);
    }
    return code;
}

/* Joins the shards of the run that file `first` belongs to. */
static int join_run(struct reading *r, int first, struct stored_run *run, struct mla_error *error)
{
    struct shard_file *shards = calloc((size_t)r->count, sizeof *shards);
    json_t *root = NULL;
    int count = 0;
    if (!shards)
        return mla_fail(error, MLA_MACHINE, "no memory for %d files", r->count);
    for (int i = first; i < r->count; i++)
        if (r->files[i].shard.count && !r->taken[i] &&
            shards_of_one_run(&r->files[first], &r->files[i])) {
            shards[count++] = r->files[i];
            r->taken[i] = true;
        }
    int code = merge_shards(shards, count, &root, error);
    free(shards);
    if (!code)
        code = result_table_take(root, r->files[first].path, &run->table, error);
    run->shards = r->files[first].shard.count;
    run->files = count;
    return code;
}

static int make_run(struct reading *r, int first, struct stored_run *run, struct mla_error *error)
{
    *run = (struct stored_run){.path = r->files[first].path, .files = 1};
    if (r->files[first].shard.count && r->join_shards)
        return join_run(r, first, run, error);
    r->taken[first] = true;
    run->table = r->tables[first];
    r->tables[first] = (struct result_table){0};
    return 0;
}

/* Also of a result that was joined before. */
static void note_missing(struct stored_run *run)
{
    run->missing = json_object_get(run->table.mlabench, "missing_shards");
}

static int make_runs(struct reading *r, struct stored_runs *runs, struct mla_error *error)
{
    int code = 0;
    runs->items = calloc((size_t)r->count, sizeof *runs->items);
    if (!runs->items)
        return mla_fail(error, MLA_MACHINE, "no memory for %d runs", r->count);
    for (int i = 0; i < r->count && !code; i++)
        if (!r->taken[i] && runs->count == RUNS_MOST) {
            code = mla_fail(error, MLA_BAD_INPUT, "%s is of yet another run, accepted: %d at most",
                            r->files[i].path, RUNS_MOST);
        } else if (!r->taken[i]) {
            code = make_run(r, i, &runs->items[runs->count], error);
            if (!code)
                note_missing(&runs->items[runs->count++]);
        }
    return code;
}

int runs_read(char *const *files, int count, bool join_shards, struct stored_runs *runs,
              struct mla_error *error)
{
    *runs = (struct stored_runs){0};
    struct reading r = {.tables = calloc((size_t)count, sizeof *r.tables),
                        .files = calloc((size_t)count, sizeof *r.files),
                        .taken = calloc((size_t)count, sizeof *r.taken),
                        .count = count,
                        .join_shards = join_shards};
    int code = r.tables && r.files && r.taken
                   ? read_files(files, &r, error)
                   : mla_fail(error, MLA_MACHINE, "no memory for %d files", count);
    if (!code)
        code = make_runs(&r, runs, error);
    for (int i = 0; i < count && r.tables; i++)
        result_table_destroy(&r.tables[i]);
    free(r.tables);
    free(r.files);
    free(r.taken);
    if (code)
        runs_destroy(runs);
    else
        run_labels(runs);
    return code;
}

void runs_destroy(struct stored_runs *runs)
{
    for (int i = 0; i < runs->count; i++)
        result_table_destroy(&runs->items[i].table);
    free(runs->items);
    *runs = (struct stored_runs){0};
}
