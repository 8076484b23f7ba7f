/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "harness/lineup.h"

#include "harness/report_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool on_all_cpus(const struct stored_run *run, const struct result_row *row)
{
    return row->threads > 1 && row->threads == result_count(run->table.context, "num_cpus");
}

/* Whether a row's name says its number of threads, at *before, and goes on at *after. */
static bool find_threads(const struct result_row *row, const char **before, const char **after)
{
    char threads[48];
    int length = snprintf(threads, sizeof threads, "/threads:%lld/", (long long)row->threads);
    *before = strstr(row->name, threads);
    *after = *before ? *before + length : NULL;
    return *before != NULL;
}

/* The name with "all" for its number of threads, malloc'ed; NULL if that is not in it. */
static char *name_for_all(const struct result_row *row)
{
    const char *before, *after;
    char *name = NULL;
    if (!find_threads(row, &before, &after) ||
        asprintf(&name, "%.*s/threads:all/%s", (int)(before - row->name), row->name, after) < 0)
        return NULL;
    return name;
}

/* Puts a run's row where rows of that key are. `by_key`: key -> index. */
static bool put(struct lineup *lineup, json_t *by_key, const char *key, int run,
                const struct result_row *row, bool all_cpus)
{
    const json_t *known = json_object_get(by_key, key);
    if (!known) {
        struct lineup_row *grown =
            realloc(lineup->rows, (size_t)(lineup->count + 1) * sizeof *grown);
        if (!grown)
            return false;
        lineup->rows = grown;
        grown[lineup->count] = (struct lineup_row){.any = row, .all_cpus = all_cpus};
        if (json_object_set_new(by_key, key, json_integer(lineup->count)))
            return false;
        lineup->count++;
    }
    struct lineup_row *line = &lineup->rows[known ? json_integer_value(known) : lineup->count - 1];
    line->of[run] = row;
    line->runs++;
    return true;
}

static bool gather(struct lineup *lineup)
{
    json_t *by_key = json_object();
    bool differ = false, enough = true;
    const struct stored_run *runs = lineup->runs->items;
    for (int i = 1; i < lineup->runs->count; i++)
        differ = differ || result_count(runs[i].table.context, "num_cpus") !=
                               result_count(runs[0].table.context, "num_cpus");
    for (int i = 0; i < lineup->runs->count && enough; i++)
        for (int r = 0; r < runs[i].table.count && enough; r++) {
            const struct result_row *row = &runs[i].table.rows[r];
            enough = put(lineup, by_key, row->name, i, row, false);
            char *key = differ && on_all_cpus(&runs[i], row) ? name_for_all(row) : NULL;
            if (key && enough)
                enough = put(lineup, by_key, key, i, row, true);
            free(key);
        }
    json_decref(by_key);
    return enough;
}

/* What rows of one group share: the name without threads and kernel. Malloc'ed. */
static char *group_key(const struct result_row *row)
{
    const char *before, *after;
    char *key = name_for_all(row);
    size_t kernel = strlen(row->kernel), length = key ? strlen(key) : 0;
    if (length > kernel && find_threads(row, &before, &after) && strlen(after) > kernel &&
        strcmp(key + length - kernel, row->kernel) == 0)
        key[length - kernel] = '\0';
    return key ? key : strdup(row->name);
}

static bool set_groups(struct lineup *lineup)
{
    json_t *groups = json_object();
    bool enough = true;
    for (int i = 0; i < lineup->count && enough; i++) {
        char *key = group_key(lineup->rows[i].any);
        const json_t *known = key ? json_object_get(groups, key) : NULL;
        lineup->rows[i].group = known ? (int)json_integer_value(known) : i;
        enough = key && (known || !json_object_set_new(groups, key, json_integer(i)));
        free(key);
    }
    json_decref(groups);
    return enough;
}

static int by_case(const void *one, const void *other)
{
    const struct lineup_row *a = one, *b = other;
    if (a->group != b->group)
        return a->group - b->group;
    if (a->all_cpus != b->all_cpus)
        return a->all_cpus - b->all_cpus;
    if (!a->all_cpus && a->any->threads != b->any->threads)
        return a->any->threads < b->any->threads ? -1 : 1;
    int order = result_kernel_order(a->any, b->any);
    return order ? order : strcmp(a->any->name, b->any->name);
}

/* Whether all that a number of threads has is in a row for all CPUs, too. */
static bool is_needless(const struct lineup *lineup, const struct lineup_row *row)
{
    for (int i = 0; i < lineup->count && !row->all_cpus; i++) {
        const struct lineup_row *all = &lineup->rows[i];
        bool within = all->all_cpus && all->group == row->group;
        for (int run = 0; run < lineup->runs->count && within; run++)
            within = !row->of[run] || all->of[run] == row->of[run];
        if (within)
            return true;
    }
    return false;
}

static void drop_needless(struct lineup *lineup)
{
    int kept = 0;
    bool *needless = calloc((size_t)lineup->count + 1, sizeof *needless);
    for (int i = 0; i < lineup->count && needless; i++)
        needless[i] = is_needless(lineup, &lineup->rows[i]);
    for (int i = 0; i < lineup->count && needless; i++)
        if (!needless[i])
            lineup->rows[kept++] = lineup->rows[i];
    if (needless)
        lineup->count = kept;
    free(needless);
}

int lineup_create(const struct stored_runs *runs, struct lineup *lineup, struct mla_error *error)
{
    *lineup = (struct lineup){.runs = runs};
    if (!gather(lineup) || !set_groups(lineup)) {
        lineup_destroy(lineup);
        return mla_fail(error, MLA_MACHINE, "no memory to compare %d runs", runs->count);
    }
    drop_needless(lineup);
    if (lineup->count > 0)
        qsort(lineup->rows, (size_t)lineup->count, sizeof *lineup->rows, by_case);
    return 0;
}

void lineup_destroy(struct lineup *lineup)
{
    free(lineup->rows);
    *lineup = (struct lineup){0};
}

bool lineup_same_case(const struct lineup_row *a, const struct lineup_row *b)
{
    return a->group == b->group && a->all_cpus == b->all_cpus &&
           (a->all_cpus || a->any->threads == b->any->threads);
}

void lineup_case(const struct lineup_row *row, char *text, unsigned long size)
{
    report_case(row->any, text, size);
    char *comma = strrchr(text, ',');
    if (row->all_cpus && comma)
        snprintf(comma, size - (unsigned long)(comma - text), ", all CPUs");
}
