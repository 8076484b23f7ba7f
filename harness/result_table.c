/* SPDX-License-Identifier: MIT */
#include "harness/result_table.h"

#include "harness/counters.h"
#include "harness/statistics.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_VERSION 1

/* Of tokens, sequences and threads, far beyond any run: products of two of them do not overflow. */
#define MOST_COUNTED (1 << 30)

const char *result_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double result_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

int64_t result_count(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    /* More bytes or queries than any machine has are nobody's count, and sums of them overflow. */
    const json_int_t most = (json_int_t)1 << 44;
    return json_is_integer(value) && json_integer_value(value) <= most ? json_integer_value(value)
                                                                       : -1;
}

/* What every entry must hold for anything to be said about it. */
enum accepted { TEXT, FLAG, ZERO_OR_MORE, ONE_OR_MORE, POSITIVE };
static const struct {
    const char *key;
    enum accepted accepted;
} required[] = {
    {"name", TEXT},         {"model", TEXT},          {"phase", TEXT},
    {"format", TEXT},       {"kernel", TEXT},         {"time_unit", TEXT},
    {"ragged", FLAG},       {"cached", ZERO_OR_MORE}, {"new", ONE_OR_MORE},
    {"batch", ONE_OR_MORE}, {"threads", ONE_OR_MORE}, {"real_time", POSITIVE},
};
static const char *const accepted_names[] = {
    [TEXT] = "a text",
    [FLAG] = "true or false",
    [ZERO_OR_MORE] = "a whole number from 0 to 1073741824",
    [ONE_OR_MORE] = "a whole number from 1 to 1073741824",
    [POSITIVE] = "a number above 0",
};

static bool is_accepted(const json_t *value, enum accepted accepted)
{
    switch (accepted) {
    case TEXT:
        return json_is_string(value) && json_string_length(value) > 0;
    case FLAG:
        return json_is_boolean(value);
    case ZERO_OR_MORE:
    case ONE_OR_MORE:
        return json_is_integer(value) && json_integer_value(value) >= (accepted == ONE_OR_MORE) &&
               json_integer_value(value) <= MOST_COUNTED;
    case POSITIVE:
        return json_is_number(value) && json_number_value(value) > 0;
    }
    return false;
}

static int refuse(const char *path, const char *where, const char *key, const json_t *found,
                  const char *accepted, struct mla_error *error)
{
    char *text = found ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    int code = mla_fail(error, MLA_BAD_INPUT, "%s: %s%s: found %.80s, accepted is %s", path, where,
                        key, text ? text : "nothing", accepted);
    free(text);
    return code;
}

static int check_entry(const char *path, size_t index, const json_t *entry, struct mla_error *error)
{
    char where[64];
    snprintf(where, sizeof where, "benchmarks[%zu]", index);
    if (!json_is_object(entry))
        return refuse(path, where, "", entry, "an object", error);
    snprintf(where, sizeof where, "benchmarks[%zu].", index);
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        const json_t *value = json_object_get(entry, required[i].key);
        if (!is_accepted(value, required[i].accepted))
            return refuse(path, where, required[i].key, value, accepted_names[required[i].accepted],
                          error);
    }
    const json_t *unit = json_object_get(entry, "time_unit");
    if (strcmp(json_string_value(unit), "ns"))
        return refuse(path, where, "time_unit", unit, "\"ns\"", error);
    return 0;
}

static int check_head(const char *path, const struct result_table *table, struct mla_error *error)
{
    static const char *const accepted = "an object";
    if (!json_is_object(table->context))
        return refuse(path, "", "context", table->context, accepted, error);
    if (!json_is_object(table->mlabench))
        return refuse(path, "context.", "mlabench", table->mlabench, accepted, error);
    const json_t *version = json_object_get(table->mlabench, "schema_version");
    if (!json_is_integer(version) || json_integer_value(version) != SCHEMA_VERSION)
        return refuse(path, "context.mlabench.", "schema_version", version,
                      "1 (a newer file needs a newer mlabench)", error);
    const json_t *benchmarks = json_object_get(table->root, "benchmarks");
    if (!json_is_array(benchmarks))
        return refuse(path, "", "benchmarks", benchmarks, "a list", error);
    return 0;
}

static const struct {
    const char *suffix, *label;
} baseline_labels[] = {{"-mha", "MHA"}, {"-gqa8", "GQA-8"}, {"-mqa", "MQA"}};

/* What the name has after the format: /pages:64/sinks/cold, say. */
static void set_special(struct result_row *row)
{
    char head[64];
    snprintf(head, sizeof head, "/threads:%" PRId64 "/%s", row->threads, row->format);
    const char *at = strstr(row->name, head);
    const char *end = row->name + result_case_length(row);
    at = at ? at + strlen(head) : end;
    while (at < end && *at == '/') {
        int length = (int)strcspn(++at, "/");
        int word = (int)strcspn(at, ":/"), value = length > word ? length - word - 1 : 0;
        if (length != 4 || strncmp(at, "cold", 4) != 0) {
            size_t used = strlen(row->special), tag = strlen(row->tag);
            snprintf(row->special + used, sizeof row->special - used, ", %.*s%s%.*s", word, at,
                     value ? " " : "", value, at + length - value);
            snprintf(row->tag + tag, sizeof row->tag - tag, "-%.*s%.*s", word, at, value,
                     at + length - value);
        }
        at += length;
    }
}

static void set_family(struct result_row *row)
{
    size_t length = strlen(row->model);
    const char *label = NULL;
    for (size_t i = 0; i < sizeof baseline_labels / sizeof baseline_labels[0]; i++) {
        size_t suffix = strlen(baseline_labels[i].suffix);
        if (length > suffix && !strcmp(row->model + length - suffix, baseline_labels[i].suffix)) {
            label = baseline_labels[i].label;
            length -= suffix;
            break;
        }
    }
    snprintf(row->family, sizeof row->family, "%.*s", (int)length, row->model);
    row->baseline = label != NULL;
    snprintf(row->series, sizeof row->series, "%s", label ? label : row->kernel);
    for (char *c = row->series; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
            *c = '_';
}

static void set_case(struct result_row *row, const json_t *entry)
{
    row->name = result_text(entry, "name");
    row->model = result_text(entry, "model");
    row->phase = result_text(entry, "phase");
    row->format = result_text(entry, "format");
    row->kernel = result_text(entry, "kernel");
    row->isa = result_text(entry, "isa");
    row->order = result_text(entry, "order");
    row->cached = result_count(entry, "cached");
    row->new_tokens = result_count(entry, "new");
    row->batch = result_count(entry, "batch");
    row->threads = result_count(entry, "threads");
    row->ragged = json_is_true(json_object_get(entry, "ragged"));
    row->cold = !strcmp(result_text(entry, "cache_state"), "cold");
    set_special(row);
    set_family(row);

    const json_t *cache = json_object_get(entry, "kv_cache");
    row->kv_cache = (struct result_kv_cache){
        .predicted = result_count(cache, "predicted"),
        .allocated = result_count(cache, "allocated"),
        .touched = result_count(cache, "touched"),
        .per_token = result_count(cache, "per_token"),
    };
    const json_t *figures = json_object_get(entry, "error");
    bool exact = !strcmp(row->format, "fp32");
    const json_t *format = json_object_get(figures, "format");
    const json_t *total = exact ? figures : json_object_get(figures, "total");
    row->error = (struct result_error){
        .ratio = result_number(figures, "ratio"),
        .limit = result_number(figures, "limit"),
        .lse_ratio = result_number(figures, "lse_ratio"),
        .max_abs = result_number(figures, "max_abs"),
        .max_rel = result_number(figures, "max_rel"),
        .rms_rel = result_number(figures, "rms_rel"),
        .lse_max_abs = result_number(figures, "lse_max_abs"),
        .format_rms_rel = exact ? 0 : result_number(format, "rms_rel"),
        .total_rms_rel = result_number(total, "rms_rel"),
        .queries_checked = result_count(figures, "queries_checked"),
        .queries = result_count(figures, "queries"),
    };
}

struct spread result_spread(const struct result_row *row, const char *object, const char *key)
{
    struct spread spread = {0, NAN, NAN, NAN, NAN, NAN, NAN};
    double *x = malloc((size_t)row->count * sizeof *x);
    if (!x)
        return spread;
    for (int i = 0; i < row->count; i++) {
        const json_t *entry = row->repetitions[i];
        double value = result_number(object ? json_object_get(entry, object) : entry, key);
        if (isfinite(value))
            x[spread.n++] = value;
    }
    spread.min = stat_quantile(x, spread.n, 0);
    spread.q1 = stat_quantile(x, spread.n, 0.25);
    spread.median = stat_median(x, spread.n);
    spread.q3 = stat_quantile(x, spread.n, 0.75);
    spread.max = stat_quantile(x, spread.n, 1);
    spread.mad = stat_mad(x, spread.n);
    free(x);
    return spread;
}

static void set_spreads(struct result_row *row)
{
    row->ns = result_spread(row, NULL, "real_time");
    row->pct_fma_peak = result_spread(row, NULL, "pct_fma_peak");
    row->core_pct_fma_peak = result_spread(row, NULL, "core_pct_fma_peak");
    row->pct_read_bandwidth = result_spread(row, NULL, "pct_read_bandwidth");
}

static int no_memory(const char *path, struct mla_error *error)
{
    return mla_fail(error, MLA_MACHINE, "no memory to read %s", path);
}

static bool is_iteration(const json_t *entry)
{
    const char *type = result_text(entry, "run_type");
    return !type[0] || !strcmp(type, "iteration");
}

/* Appends an entry to its row, a new one if none has its name. `rows_by_name`: name -> index. */
static int add_entry(struct result_table *table, json_t *rows_by_name, const json_t *entry)
{
    const char *name = result_text(entry, "name");
    const json_t *known = json_object_get(rows_by_name, name);
    if (!known) {
        struct result_row *grown =
            realloc(table->rows, (size_t)(table->count + 1) * sizeof *table->rows);
        if (!grown)
            return -ENOMEM;
        table->rows = grown;
        grown[table->count] = (struct result_row){0};
        set_case(&grown[table->count], entry);
        if (json_object_set_new(rows_by_name, name, json_integer(table->count)))
            return -ENOMEM;
        table->count++;
    }
    struct result_row *row = &table->rows[known ? json_integer_value(known) : table->count - 1];
    const json_t **grown =
        realloc(row->repetitions, (size_t)(row->count + 1) * sizeof *row->repetitions);
    if (!grown)
        return -ENOMEM;
    row->repetitions = grown;
    row->repetitions[row->count++] = entry;
    return 0;
}

/* The place of a name in a list that ends with NULL; unknown ones come last. */
static int place(const char *name, const char *const *list)
{
    int i = 0;
    while (list[i] && strcmp(list[i], name))
        i++;
    return i;
}

int result_arithmetic_order(const struct result_row *a, const struct result_row *b)
{
    static const char *const orders[] = {"expanded", "re-expanded", "absorbed", NULL};
    int difference = place(a->order, orders) - place(b->order, orders);
    return difference ? difference : strcmp(a->kernel, b->kernel);
}

int result_kernel_order(const struct result_row *a, const struct result_row *b)
{
    static const char *const baselines[] = {"MHA", "GQA-8", "MQA", NULL};
    int difference = b->baseline - a->baseline;
    if (!difference && a->baseline)
        difference = place(a->series, baselines) - place(b->series, baselines);
    return difference ? difference : result_arithmetic_order(a, b);
}

static bool same_case(const struct result_row *a, const struct result_row *b)
{
    return a->threads == b->threads && !strcmp(a->model, b->model) && result_same_work(a, b);
}

/* Kernels within each case, cases staying where they are. Insertion sort: it is stable, and the
 * cases' rows mostly stand together. */
static void sort_rows(struct result_table *table)
{
    for (int i = 1; i < table->count; i++) {
        struct result_row row = table->rows[i];
        int first = 0, at;
        while (first < i && !same_case(&table->rows[first], &row))
            first++;
        for (at = i; at > first && (!same_case(&table->rows[at - 1], &row) ||
                                    result_kernel_order(&row, &table->rows[at - 1]) < 0);
             at--)
            table->rows[at] = table->rows[at - 1];
        table->rows[at] = row;
    }
}

static int gather(const char *path, struct result_table *table, struct mla_error *error)
{
    int code = check_head(path, table, error);
    if (code)
        return code;
    json_t *rows_by_name = json_object();
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(table->root, "benchmarks"), i, entry)
    {
        if (!is_iteration(entry))
            continue;
        code = check_entry(path, i, entry, error);
        if (!code && add_entry(table, rows_by_name, entry))
            code = no_memory(path, error);
        if (code)
            break;
    }
    json_decref(rows_by_name);
    for (int row = 0; !code && row < table->count; row++)
        set_spreads(&table->rows[row]);
    if (!code)
        sort_rows(table);
    return code;
}

int result_table_read(const char *path, struct result_table *table, struct mla_error *error)
{
    *table = (struct result_table){0};
    FILE *file = fopen(path, "r");
    if (!file)
        return mla_fail(error, MLA_MACHINE, "cannot read %s: %s", path, strerror(errno));
    json_error_t where;
    errno = 0;
    table->root = json_loadf(file, 0, &where);
    int reason = ferror(file) ? errno : 0;
    fclose(file);
    if (reason)
        return mla_fail(error, MLA_MACHINE, "cannot read %s: %s", path, strerror(reason));
    if (!table->root)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: line %d, column %d: %s; accepted is a "
                        "result.json as `mlabench run` writes it",
                        path, where.line, where.column, where.text);
    return result_table_take(table->root, path, table, error);
}

int result_table_take(json_t *root, const char *path, struct result_table *table,
                      struct mla_error *error)
{
    *table = (struct result_table){.root = root};
    table->context = json_object_get(table->root, "context");
    table->mlabench = json_object_get(table->context, "mlabench");
    int code = gather(path, table, error);
    if (code)
        result_table_destroy(table);
    return code;
}

void result_table_destroy(struct result_table *table)
{
    for (int i = 0; i < table->count; i++)
        free(table->rows[i].repetitions);
    free(table->rows);
    json_decref(table->root);
    *table = (struct result_table){0};
}

bool result_counted_elsewhere(const json_t *entry, const char *counter)
{
    const char *why = result_text(json_object_get(entry, "counters_missing"), counter);
    return strncmp(why, COUNTERS_ELSEWHERE, strlen(COUNTERS_ELSEWHERE)) == 0;
}

double result_tokens(const struct result_row *row)
{
    bool one_idle = row->ragged && row->batch >= 3;
    return (double)row->new_tokens * (double)(row->batch - one_idle);
}

const char *result_cache(const struct result_row *row)
{
    if (row->baseline)
        return row->series;
    return strcmp(row->order, "expanded") == 0 ? "expanded" : "latent";
}

bool result_same_work(const struct result_row *a, const struct result_row *b)
{
    return !strcmp(a->family, b->family) && !strcmp(a->phase, b->phase) &&
           !strcmp(a->format, b->format) && a->cached == b->cached &&
           a->new_tokens == b->new_tokens && a->batch == b->batch && a->ragged == b->ragged &&
           a->cold == b->cold && !strcmp(a->special, b->special);
}

int result_case_length(const struct result_row *row)
{
    size_t name = strlen(row->name), kernel = strlen(row->kernel);
    bool ends = name > kernel + 1 && row->name[name - kernel - 1] == '/' &&
                strcmp(row->name + name - kernel, row->kernel) == 0;
    return (int)(ends ? name - kernel - 1 : name);
}
