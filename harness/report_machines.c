/* SPDX-License-Identifier: MIT
 *
 * The machines of several runs, and what each could do at most, beside each other. */
#include "harness/machine.h"
#include "harness/report_page.h"
#include "harness/report_runs.h"
#include "harness/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 256 };

/* A table with a column per run, from begin_columns to end_table. */
struct columns {
    char align[RUNS_MOST + 2];
    char cells[RUNS_MOST + 1][CELL];
};

static void put_row(struct document *doc, const struct columns *columns, bool heading)
{
    const char *cells[RUNS_MOST + 1];
    for (int i = 0; i <= RUNS_MOST; i++)
        cells[i] = columns->cells[i];
    if (heading)
        doc->format->begin_table(doc, columns->align, cells);
    else
        doc->format->row(doc, columns->align, cells);
}

static void begin_columns(struct document *doc, struct columns *columns,
                          const struct stored_runs *runs, char align)
{
    *columns = (struct columns){.align = "l"};
    for (int i = 0; i < runs->count; i++) {
        columns->align[1 + i] = align;
        snprintf(columns->cells[1 + i], CELL, "%s", runs->items[i].label);
    }
    put_row(doc, columns, true);
}

static void describe_verified(const struct result_table *table, char *text)
{
    const json_t *verified = json_object_get(table->mlabench, "verified");
    snprintf(text, CELL, "%s passed, %s failed, %s skipped",
             unit_count(result_count(verified, "passed")).s,
             unit_count(result_count(verified, "failed")).s,
             unit_count(result_count(verified, "skipped")).s);
}

static void describe_caches(const struct result_table *table, char *text)
{
    machine_caches(json_object_get(table->context, "caches"), text, CELL);
}

static void describe_cpus(const struct result_table *table, char *text)
{
    snprintf(text, CELL, "%s", unit_count(result_count(table->context, "num_cpus")).s);
}

static void describe_seed(const struct result_table *table, char *text)
{
    snprintf(text, CELL, "%s", unit_number(result_number(table->mlabench, "seed"), 15).s);
}

static void describe_memory(const struct result_table *table, char *text)
{
    const json_t *memory = json_object_get(table->mlabench, "memory");
    snprintf(text, CELL, "%.120s; %.120s", result_text(memory, "huge_pages"),
             result_text(memory, "numa"));
}

void report_machines(struct document *doc, const struct stored_runs *runs)
{
    static const struct {
        const char *what;
        const char *key;
        bool of_context; /* else of context.mlabench */
        void (*describe)(const struct result_table *table, char *text);
    } rows[] = {
        {"CPU", "cpu", false, NULL},
        {"CPUs", NULL, false, describe_cpus},
        {"best instruction set", "isa", false, NULL},
        {"caches", NULL, false, describe_caches},
        {"frequency governor", "governor", false, NULL},
        {"memory", NULL, false, describe_memory},
        {"host", "host_name", true, NULL},
        {"suite", "suite", false, NULL},
        {"seed", NULL, false, describe_seed},
        {"commit", "commit", false, NULL},
        {"compiler", "compiler", false, NULL},
        {"flags", "flags", false, NULL},
        {"BLAS", "blas", false, NULL},
        {"started", "started", false, NULL},
        {"verified", NULL, false, describe_verified},
    };
    struct columns columns;
    begin_columns(doc, &columns, runs, 'l');
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        snprintf(columns.cells[0], CELL, "%s", rows[r].what);
        for (int i = 0; i < runs->count; i++) {
            const struct result_table *table = &runs->items[i].table;
            const json_t *from = rows[r].of_context ? table->context : table->mlabench;
            char *cell = columns.cells[1 + i];
            if (rows[r].describe)
                rows[r].describe(table, cell);
            else
                snprintf(cell, CELL, "%s", result_text(from, rows[r].key));
            if (!cell[0])
                snprintf(cell, CELL, "not known");
        }
        put_row(doc, &columns, false);
    }
    doc->format->end_table(doc);
}

/* The key of all CPUs of a run's machine. */
static void key_of_all(const struct stored_run *run, char key[32])
{
    snprintf(key, 32, "%lld", (long long)result_count(run->table.context, "num_cpus"));
}

/* A row per ceiling at a number of threads; NULL: all CPUs of each machine. */
static void ceiling_rows(struct document *doc, struct columns *columns,
                         const struct stored_runs *runs, const char *threads)
{
    static const struct {
        const char *what, *list, *level, *unit;
    } rows[] = {
        {"fp32 FMA peak", "fma_peak_gflops", NULL, "GFLOP/s"},
        {"L2 read", "read_bandwidth_gbs", "L2", "GB/s"},
        {"L3 read", "read_bandwidth_gbs", "L3", "GB/s"},
        {"DRAM read", "read_bandwidth_gbs", "DRAM", "GB/s"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        snprintf(columns->cells[0], CELL, "%s, %.32s%s", rows[r].what,
                 threads ? threads : "all CPUs",
                 !threads                    ? ""
                 : strcmp(threads, "1") == 0 ? " thread"
                                             : " threads");
        for (int i = 0; i < runs->count; i++) {
            char all[32];
            key_of_all(&runs->items[i], all);
            const json_t *ceiling =
                json_object_get(json_object_get(runs->items[i].table.mlabench, rows[r].list),
                                threads ? threads : all);
            if (rows[r].level)
                ceiling = json_object_get(ceiling, rows[r].level);
            report_ceiling(ceiling, rows[r].unit, columns->cells[1 + i], CELL);
        }
        put_row(doc, columns, false);
    }
}

/* Whether a number of threads is more than all CPUs of the only run that knows it. */
static bool is_worth_a_row(const struct stored_runs *runs, const char *threads, bool all_differ)
{
    int known = 0;
    bool is_all = true;
    for (int i = 0; i < runs->count; i++) {
        char all[32];
        const json_t *peaks = json_object_get(runs->items[i].table.mlabench, "fma_peak_gflops");
        key_of_all(&runs->items[i], all);
        if (!json_object_get(peaks, threads))
            continue;
        known++;
        is_all = is_all && strcmp(threads, all) == 0;
    }
    return known > 1 || !is_all || !all_differ;
}

static int by_number(const void *one, const void *other)
{
    long a = strtol(*(const char *const *)one, NULL, 10);
    long b = strtol(*(const char *const *)other, NULL, 10);
    return (a > b) - (a < b);
}

void report_ceilings(struct document *doc, const struct stored_runs *runs)
{
    struct columns columns;
    bool all_differ = false;
    json_t *keys = json_object();
    for (int i = 0; i < runs->count; i++) {
        const char *key;
        json_t *unused;
        char first[32], own[32];
        key_of_all(&runs->items[0], first);
        key_of_all(&runs->items[i], own);
        all_differ = all_differ || strcmp(first, own) != 0;
        json_object_foreach(json_object_get(runs->items[i].table.mlabench, "fma_peak_gflops"), key,
                            unused) json_object_set_new(keys, key, json_true());
    }
    int count = 0;
    const char *key, **sorted = calloc(json_object_size(keys) + 1, sizeof *sorted);
    json_t *unused;
    json_object_foreach(keys, key, unused) if (sorted && is_worth_a_row(runs, key, all_differ))
        sorted[count++] = key;
    if (count > 0)
        qsort(sorted, (size_t)count, sizeof *sorted, by_number);
    begin_columns(doc, &columns, runs, 'r');
    for (int i = 0; i < count; i++)
        ceiling_rows(doc, &columns, runs, sorted[i]);
    if (all_differ)
        ceiling_rows(doc, &columns, runs, NULL);
    doc->format->end_table(doc);
    free(sorted);
    json_decref(keys);
}
