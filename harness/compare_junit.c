/* SPDX-License-Identifier: MIT */
#include "harness/compare_report.h"
#include "harness/junit.h"
#include "harness/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernels of a comparison as a catalogue of names, and what came of them. */
struct record {
    struct catalogue kernels;
    struct tally tally;
};

static int index_of(struct catalogue *kernels, const char *name)
{
    int i = 0;
    while (i < kernels->count && strcmp(kernels->names[i], name) != 0)
        i++;
    if (i == kernels->count)
        kernels->names[kernels->count++] = name;
    return i;
}

/* Of an entry of `failed`: its kernel, else what its name ends with. */
static const char *kernel_of(const json_t *entry)
{
    const char *kernel = result_text(entry, "kernel"), *name = result_text(entry, "name");
    const char *slash = strrchr(name, '/');
    return *kernel ? kernel : slash ? slash + 1 : name;
}

/* Each kernel once; the tally needs to know how many there are. */
static int open_record(struct record *record, const struct comparison *c, struct mla_error *error)
{
    size_t most = (size_t)c->lineup.count + (size_t)c->broken_count;
    *record = (struct record){.kernels.names = calloc(most + 1, sizeof *record->kernels.names)};
    if (!record->kernels.names)
        return mla_fail(error, MLA_MACHINE, "no memory for the kernels' names");
    for (int i = 0; i < c->lineup.count; i++)
        index_of(&record->kernels, c->lineup.rows[i].any->kernel);
    for (int i = 0; i < c->broken_count; i++)
        index_of(&record->kernels, kernel_of(c->broken[i]));
    int code = tally_create(&record->tally, &record->kernels, error);
    record->tally.keeps_outcomes = true;
    return code;
}

static void fail(struct record *record, int kernel, const char *name, const char *check,
                 const char *reason)
{
    tally_fail(&record->tally, kernel, name, &(struct failure){.check = check, .reason = reason});
}

static void note_growth(struct record *record, const struct compare_row *one, int kernel,
                        const char *name)
{
    char reason[160];
    const struct result_row *before = one->row->of[0], *after = one->row->of[1];
    snprintf(reason, sizeof reason, "from %lld to %lld bytes allocated, %lld to %lld touched",
             (long long)before->kv_cache.allocated, (long long)after->kv_cache.allocated,
             (long long)before->kv_cache.touched, (long long)after->kv_cache.touched);
    if (one->cache_grew)
        fail(record, kernel, name, "cache", reason);
    snprintf(reason, sizeof reason, "from %.3f to %.3f of the limit", compare_error(before),
             compare_error(after));
    if (one->error_grew)
        fail(record, kernel, name, "error", reason);
}

static void note_row(struct record *record, const struct comparison *c,
                     const struct compare_row *one)
{
    char name[512], reason[160];
    const struct compare_times *t = &one->times;
    int kernel = index_of(&record->kernels, one->row->any->kernel);
    snprintf(name, sizeof name, "%.*s", result_case_length(one->row->any), one->row->any->name);
    note_growth(record, one, kernel, name);
    snprintf(reason, sizeof reason, "%+.1f %% (%+.1f to %+.1f), beyond %.3g %%",
             100 * expm1(t->ratio), 100 * expm1(t->low), 100 * expm1(t->high), 100 * c->limit);
    if (c->difference_count)
        tally_skip(&record->tally, kernel, name, "times of different machines");
    else if (t->verdict == GATE_SLOWER)
        fail(record, kernel, name, "slower", reason);
    else if (t->verdict == GATE_UNRESOLVED)
        tally_skip(&record->tally, kernel, name, t->why);
    else
        tally_pass(&record->tally, kernel, name, 0, 0);
}

static void note_absent(struct record *record, const struct comparison *c,
                        const struct lineup_row *row)
{
    char name[512], reason[512];
    const char *why = compare_absence(c, row);
    snprintf(name, sizeof name, "%.*s", result_case_length(row->any), row->any->name);
    snprintf(reason, sizeof reason, "only in the run %s%s%.400s", row->of[0] ? "before" : "after",
             *why ? ": " : "", why);
    tally_skip(&record->tally, index_of(&record->kernels, row->any->kernel), name, reason);
}

static void note_broken(struct record *record, const json_t *entry)
{
    char name[512];
    const char *kernel = kernel_of(entry), *whole = result_text(entry, "name");
    size_t length = strlen(whole), last = strlen(kernel);
    bool ends = length > last + 1 && strcmp(whole + length - last, kernel) == 0;
    snprintf(name, sizeof name, "%.*s", (int)(ends ? length - last - 1 : length), whole);
    fail(record, index_of(&record->kernels, kernel), name, "verification",
         result_text(entry, "reason"));
}

int compare_junit(const char *path, const struct comparison *c, struct mla_error *error)
{
    struct record record;
    int code = open_record(&record, c, error);
    for (int i = 0; i < c->count && !code; i++)
        note_row(&record, c, &c->rows[i]);
    for (int i = 0; i < c->lineup.count && !code; i++)
        if (c->lineup.rows[i].runs < 2)
            note_absent(&record, c, &c->lineup.rows[i]);
    for (int i = 0; i < c->broken_count && !code; i++)
        note_broken(&record, c->broken[i]);
    if (!code)
        code = junit_write(path, "mlabench compare", &record.tally, &record.kernels,
                           c->runs->items[1].table.context, error);
    tally_destroy(&record.tally);
    free(record.kernels.names);
    return code;
}
