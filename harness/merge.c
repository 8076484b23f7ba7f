/* SPDX-License-Identifier: MIT */
#include "harness/merge.h"

#include "harness/join.h"
#include "harness/machine.h"
#include "harness/suspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const char *path, const char *field, const char *accepted,
                  struct mla_error *error)
{
    return mla_fail(error, MLA_BAD_INPUT, "%s: context.mlabench.shard%s: accepted is %s", path,
                    field, accepted);
}

static int shard_of(const json_t *one_case)
{
    int64_t shard = result_count(one_case, "shard");
    return shard >= 1 && shard <= SHARDS_MOST ? (int)shard : 0;
}

/* Names with a shard each, and none of the shards without any. */
static bool are_cases(const json_t *cases, int count)
{
    bool *used = calloc((size_t)count + 1, sizeof *used);
    bool all = used != NULL;
    for (size_t i = 0; i < json_array_size(cases) && all; i++) {
        const json_t *one = json_array_get(cases, i);
        int shard = shard_of(one);
        all = shard >= 1 && shard <= count && *result_text(one, "name");
        if (all)
            used[shard] = true;
    }
    for (int s = 1; s <= count && all; s++)
        all = used[s];
    free(used);
    return all;
}

static int check_timings(const struct shard_file *file, struct mla_error *error)
{
    json_t *own = json_object(), *one_case;
    size_t i;
    int code = 0;
    json_array_foreach(file->cases, i, one_case) if (shard_of(one_case) == file->shard.index)
        json_object_set_new(own, result_text(one_case, "name"), json_true());
    for (int r = 0; r < file->table->count && !code; r++) {
        const struct result_row *row = &file->table->rows[r];
        json_t *one = json_stringn(row->name, (size_t)result_case_length(row));
        if (!json_object_get(own, json_string_value(one)))
            code = mla_fail(error, MLA_BAD_INPUT,
                            "%s: benchmarks: '%.300s' is there, accepted are the cases of "
                            "shard %d in context.mlabench.shard.cases",
                            file->path, row->name, file->shard.index);
        json_decref(one);
    }
    json_decref(own);
    return code;
}

int shard_file_read(const char *path, const struct result_table *table, struct shard_file *file,
                    struct mla_error *error)
{
    const json_t *record = json_object_get(table->mlabench, "shard");
    *file = (struct shard_file){.path = path, .table = table};
    if (!record || json_is_null(record))
        return 0;
    int64_t count = result_count(record, "count"), index = result_count(record, "index");
    if (count < 1 || count > SHARDS_MOST)
        return refuse(path, ".count", "a whole number from 1 to 10000", error);
    if (index < 1 || index > count)
        return refuse(path, ".index", "a whole number from 1 to count", error);
    const json_t *cases = json_object_get(record, "cases");
    if (!are_cases(cases, (int)count))
        return refuse(path, ".cases", "a list of {name, shard} with a case for each shard at least",
                      error);
    file->shard = (struct shard){(int)index, (int)count};
    file->cases = cases;
    return check_timings(file, error);
}

bool shards_of_one_run(const struct shard_file *one, const struct shard_file *other)
{
    static const char *const same[] = {"suite", "seed",     "version", "commit",
                                       "dirty", "compiler", "flags",   "blas"};
    struct machine_difference differences[MACHINE_FIELDS];
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const json_t *a = json_object_get(one->table->mlabench, same[i]);
        const json_t *b = json_object_get(other->table->mlabench, same[i]);
        if (a != b && !json_equal(a, b))
            return false;
    }
    return one->shard.count == other->shard.count && json_equal(one->cases, other->cases) &&
           machine_differences(one->table->context, other->table->context, true, differences) == 0;
}

static int by_index(const void *one, const void *other)
{
    const struct shard_file *a = one, *b = other;
    return a->shard.index - b->shard.index;
}

static int refuse_twins(const struct shard_file *files, int count, struct mla_error *error)
{
    for (int i = 1; i < count; i++)
        if (files[i].shard.index == files[i - 1].shard.index)
            return mla_fail(error, MLA_BAD_INPUT,
                            "%s and %s are both shard %d/%d of suite %s: accepted is one of each; "
                            "of two runs, join each alone and then compare",
                            files[i - 1].path, files[i].path, files[i].shard.index,
                            files[i].shard.count, result_text(files[i].table->mlabench, "suite"));
    return 0;
}

/* What is a shard's alone. */
static json_t *shard_record(const struct shard_file *file)
{
    static const char *const of_context[] = {"host_name", "mhz_per_cpu", "load_avg"};
    static const char *const own[] = {"started",           "finished",     "complete",
                                      "interrupted",       "command_line", "fma_peak_gflops",
                                      "read_bandwidth_gbs"};
    json_t *record = json_pack("{s:i}", "index", file->shard.index);
    for (size_t i = 0; i < sizeof of_context / sizeof of_context[0]; i++)
        json_object_set_new(record, of_context[i],
                            json_deep_copy(json_object_get(file->table->context, of_context[i])));
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        json_object_set_new(record, own[i],
                            json_deep_copy(json_object_get(file->table->mlabench, own[i])));
    return record;
}

static void note_missing(json_t *own, const struct shard_file *file, int index)
{
    json_t *skipped = json_object_get(own, "skipped"), *one_case;
    size_t i;
    json_array_append_new(json_object_get(own, "missing_shards"), json_integer(index));
    json_object_set_new(own, "complete", json_false());
    json_array_foreach(file->cases, i, one_case) if (shard_of(one_case) == index)
        json_array_append_new(
            skipped, json_pack("{s:s, s:o}", "name", result_text(one_case, "name"), "reason",
                               json_sprintf("shard %d/%d is missing", index, file->shard.count)));
}

static void note_shards(json_t *own, const struct shard_file *files, int count)
{
    int at = 0;
    json_t *shards = json_array();
    json_object_set_new(own, "shard", json_null());
    json_object_set_new(own, "missing_shards", json_array());
    if (!json_is_array(json_object_get(own, "skipped")))
        json_object_set_new(own, "skipped", json_array());
    for (int index = 1; index <= files[0].shard.count; index++) {
        if (at < count && files[at].shard.index == index)
            json_array_append_new(shards, shard_record(&files[at++]));
        else
            note_missing(own, &files[0], index);
    }
    json_object_set_new(own, "shards", shards);
}

/* --- where kernels were proven --- */

static bool names_kernel(const json_t *list, const char *kernel)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(result_text(json_array_get(list, i), "kernel"), kernel) == 0)
            return true;
    return false;
}

/* How much an entry says, if its shard is the only one that says so: a failure most of all. */
static int weight(const json_t *entry, const struct shard_file *file)
{
    const char *where = result_text(entry, "where");
    if (names_kernel(json_object_get(file->table->mlabench, "failed"),
                     result_text(entry, "kernel")))
        return 3;
    return strcmp(where, "natively") == 0 ? 2 : strcmp(where, "not proven") != 0;
}

/* `best`: by kernel. */
static void take_proof(json_t *best, const json_t *entry, int weight)
{
    const char *kernel = result_text(entry, "kernel");
    const json_t *known = json_object_get(best, kernel);
    json_int_t before = known ? json_integer_value(json_object_get(known, "weight")) : -1;
    json_int_t cases = result_count(entry, "cases");
    if (weight < before)
        return;
    if (weight == before && strcmp(result_text(entry, "where"), result_text(known, "where")) == 0 &&
        __builtin_add_overflow(cases, result_count(known, "cases"), &cases))
        return;
    json_t *copy = json_deep_copy(entry);
    json_object_set_new(copy, "cases", json_integer(cases));
    json_object_set_new(copy, "weight", json_integer(weight));
    json_object_set_new(best, kernel, copy);
}

/* One entry per kernel: the weightiest, with the cases of all that are like it. */
static json_t *join_proven(const struct shard_file *files, int count)
{
    json_t *joined = json_array(), *best = json_object(), *entry;
    for (int f = 0; f < count; f++) {
        size_t i;
        json_array_foreach(json_object_get(files[f].table->mlabench, "proven"), i, entry)
        {
            if (json_is_object(entry))
                take_proof(best, entry, weight(entry, &files[f]));
        }
    }
    const char *kernel;
    json_object_foreach(best, kernel, entry)
    {
        json_object_del(entry, "weight");
        json_array_append(joined, entry);
    }
    json_decref(best);
    return joined;
}

/* The case of an entry by its name without the kernel, or NULL. `by_case`: name -> timings. */
static json_t *timings_of(const json_t *by_case, const json_t *entry)
{
    const char *name = result_text(entry, "name");
    size_t whole = strlen(name), kernel = strlen(result_text(entry, "kernel"));
    json_t *prefix = whole > kernel ? json_stringn(name, whole - kernel - 1) : NULL;
    json_t *timings = json_object_get(by_case, prefix ? json_string_value(prefix) : "");
    json_decref(prefix);
    return timings;
}

/* As one run would have left them; what is no timing of a case comes last. */
static json_t *join_timings(const struct shard_file *files, int count)
{
    json_t *joined = json_array(), *rest = json_array(), *by_case = json_object(), *value;
    const char *name;
    size_t i;
    json_array_foreach(files[0].cases, i, value)
        json_object_set_new(by_case, result_text(value, "name"), json_array());
    for (int f = 0; f < count; f++)
        json_array_foreach(json_object_get(files[f].table->root, "benchmarks"), i, value)
        {
            json_t *timings = timings_of(by_case, value);
            json_array_append(timings ? timings : rest, value);
        }
    json_object_foreach(by_case, name, value) json_array_extend(joined, value);
    json_array_extend(joined, rest);
    json_decref(rest);
    json_decref(by_case);
    return joined;
}

int merge_shards(struct shard_file *files, int count, json_t **root, struct mla_error *error)
{
    *root = NULL;
    qsort(files, (size_t)count, sizeof *files, by_index);
    int code = refuse_twins(files, count, error);
    const json_t **contexts = calloc((size_t)count, sizeof *contexts);
    for (int i = 0; i < count && contexts; i++)
        contexts[i] = files[i].table->context;
    json_t *context = contexts && !code ? join_values("context", contexts, count) : NULL;
    free(contexts);
    if (code)
        return code;
    if (!context)
        return mla_fail(error, MLA_MACHINE, "no memory to join %d shards", count);
    json_t *own = json_object_get(context, "mlabench");
    json_object_set_new(own, "proven", join_proven(files, count));
    note_shards(own, files, count);
    json_t *timings = join_timings(files, count);
    json_object_set_new(own, "counters_suspect", suspect_counters(timings));
    *root = json_pack("{s:o, s:o}", "context", context, "benchmarks", timings);
    return 0;
}
