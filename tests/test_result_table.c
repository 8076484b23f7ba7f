/* SPDX-License-Identifier: MIT */
#include "harness/result_table.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char entry_format[] =
    "{\"name\":\"m%s/decode/cached:64/new:1/batch:1/threads:1/fp32/%s\",\"run_type\":\"%s\","
    "\"time_unit\":\"ns\",\"model\":\"m%s\",\"phase\":\"decode\",\"cached\":64,\"new\":1,"
    "\"batch\":1,\"ragged\":false,\"threads\":1,\"format\":\"fp32\",\"kernel\":\"%s\","
    "\"real_time\":%s,\"pct_fma_peak\":%s}";

struct entry {
    const char *suffix, *kernel, *type, *time, *peak;
};

/* A file with these entries; the caller frees its name. */
static char *write_entries(const struct entry *entries, int count)
{
    char *path = strdup("/tmp/mlabench-table-XXXXXX");
    FILE *file = fdopen(mkstemp(path), "w");
    fputs("{\"context\":{\"mlabench\":{\"schema_version\":1}},\"benchmarks\":[", file);
    for (int i = 0; i < count; i++) {
        const struct entry *e = &entries[i];
        fputs(i ? "," : "", file);
        fprintf(file, entry_format, e->suffix, e->kernel, e->type, e->suffix, e->kernel, e->time,
                e->peak);
    }
    fputs("]}", file);
    fclose(file);
    return path;
}

Test(result_table, repetitions_become_rows)
{
    static const struct entry entries[] = {
        {"", "a", "iteration", "30", "50"},   {"", "b", "iteration", "7", "null"},
        {"", "a", "iteration", "10", "null"}, {"", "a", "aggregate", "1e9", "1"},
        {"", "a", "iteration", "20", "60"},
    };
    char *path = write_entries(entries, 5);
    struct result_table table;
    struct mla_error error;
    int code = result_table_read(path, &table, &error);
    unlink(path);
    free(path);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(table.count == 2, "%d rows", table.count);
    const struct result_row *a = &table.rows[0];
    cr_assert(a->count == 3, "%d repetitions", a->count);
    cr_assert(a->ns.median == 20 && a->ns.min == 10 && a->ns.max == 30, "%g", a->ns.median);
    cr_assert(a->ns.q1 == 15 && a->ns.q3 == 25 && a->ns.mad == 10, "%g %g", a->ns.q1, a->ns.q3);
    cr_assert(a->pct_fma_peak.n == 2 && a->pct_fma_peak.median == 55, "a null is left out");
    cr_assert(table.rows[1].pct_fma_peak.n == 0 && isnan(table.rows[1].pct_fma_peak.median),
              "nothing measured is not 0");
    cr_assert(a->kv_cache.per_token == -1 && isnan(a->error.ratio), "what is absent is not 0");
    result_table_destroy(&table);
}

Test(result_table, baselines_join_their_model)
{
    static const struct entry entries[] = {
        {"", "naive", "iteration", "1", "1"},    {"-mha", "mha", "iteration", "1", "1"},
        {"-gqa8", "mha", "iteration", "1", "1"}, {"-mqa", "other", "iteration", "1", "1"},
        {"-mhax", "o x", "iteration", "1", "1"},
    };
    static const char *const expected[][2] = {
        {"m", "naive"}, {"m", "MHA"}, {"m", "GQA-8"}, {"m", "MQA"}, {"m-mhax", "o_x"}};
    char *path = write_entries(entries, 5);
    struct result_table table;
    struct mla_error error;
    int code = result_table_read(path, &table, &error);
    unlink(path);
    free(path);
    cr_assert(code == 0, "%s", error.message);
    for (int i = 0; i < 5; i++)
        cr_assert(!strcmp(table.rows[i].family, expected[i][0]) &&
                      !strcmp(table.rows[i].series, expected[i][1]),
                  "%s: %s", table.rows[i].family, table.rows[i].series);
    result_table_destroy(&table);
}

/* Rounds run kernels in random order, so the file lists them so. */
Test(result_table, kernels_are_sorted_within_their_case)
{
    static const struct entry entries[] = {
        {"", "c", "iteration", "1", "1"},  {"", "a", "iteration", "1", "1"},
        {"2", "z", "iteration", "1", "1"}, {"", "b", "iteration", "1", "1"},
        {"2", "a", "iteration", "1", "1"},
    };
    char *path = write_entries(entries, 5), found[16] = "";
    struct result_table table;
    struct mla_error error;
    int code = result_table_read(path, &table, &error);
    unlink(path);
    free(path);
    cr_assert(code == 0, "%s", error.message);
    for (int i = 0; i < table.count; i++)
        found[i] = table.rows[i].kernel[0];
    cr_assert(!strcmp(found, "abcaz"), "%s", found);
    result_table_destroy(&table);
}

/* What a name has after the format sets cases apart: paged and contiguous ones are no series. */
Test(result_table, special_cases_are_told_from_the_ordinary)
{
    json_t *root = json_load_file("tests/data/result-sample.json", 0, NULL);
    json_t *entries = json_object_get(root, "benchmarks");
    struct result_table table;
    struct mla_error error;
    char name[256];
    for (size_t i = 0; i < json_array_size(entries); i++) {
        json_t *entry = json_array_get(entries, i);
        const char *kernel = json_string_value(json_object_get(entry, "kernel"));
        const char *old = json_string_value(json_object_get(entry, "name"));
        snprintf(name, sizeof name, "%.*s/pages:64/sinks/cold/%s",
                 (int)(strlen(old) - strlen(kernel) - 1), old, kernel);
        json_object_set_new(entry, "name", json_string(name));
    }
    cr_assert(result_table_take(root, "changed", &table, &error) == 0, "%s", error.message);
    struct result_row other = table.rows[0];
    cr_assert(!strcmp(other.special, ", pages 64, sinks"), "'%s'", other.special);
    cr_assert(!strcmp(other.tag, "-pages64-sinks"), "'%s'", other.tag);
    cr_assert(result_same_work(&table.rows[0], &other));
    other.special[0] = '\0';
    cr_assert(!result_same_work(&table.rows[0], &other));
    result_table_destroy(&table);
}

/* The sample with one value replaced, and what the refusal must name. */
Test(result_table, malformed_files_are_refused_by_field)
{
    static const struct {
        const char *found, *replacement, *named;
    } table_of[] = {
        {"\"schema_version\": 1", "\"schema_version\": 2", "context.mlabench.schema_version"},
        {"\"mlabench\": {", "\"other\": {", "context.mlabench"},
        {"\"benchmarks\": [", "\"benchmark\": [", "benchmarks"},
        {"\"cached\": 1024", "\"cached\": -1", "benchmarks[0].cached"},
        {"\"cached\": 1024", "\"cached\": 9223372036854775807", "benchmarks[0].cached"},
        {"\"new\": 1", "\"new\": 0", "benchmarks[0].new"},
        {"\"new\": 1", "\"new\": 1073741825", "benchmarks[0].new"},
        {"\"batch\": 1", "\"batch\": \"1\"", "benchmarks[0].batch"},
        {"\"time_unit\": \"ns\"", "\"time_unit\": \"ms\"", "benchmarks[0].time_unit"},
        {"\"kernel\": \"naive\"", "\"kernel\": \"\"", "benchmarks[0].kernel"},
        {"\"real_time\": ", "\"real_time\": -", "benchmarks[0].real_time"},
        {"\"ragged\": false", "\"ragged\": 0", "benchmarks[0].ragged"},
        {"\"benchmarks\": [", "\"benchmarks\": [5,", "benchmarks[0]"},
        {"\"benchmarks\": [", "\"benchmarks\": ]", "line"},
    };
    FILE *file = fopen("tests/data/result-sample.json", "r");
    cr_assert(file, "run from the checkout");
    char *text = NULL;
    size_t size = 0;
    cr_assert(getdelim(&text, &size, 0, file) > 0, "sample is empty");
    fclose(file);
    for (size_t i = 0; i < sizeof table_of / sizeof table_of[0]; i++) {
        char path[] = "/tmp/mlabench-table-XXXXXX";
        const char *at = strstr(text, table_of[i].found);
        cr_assert(at, "the sample has no %s", table_of[i].found);
        file = fdopen(mkstemp(path), "w");
        fprintf(file, "%.*s%s%s", (int)(at - text), text, table_of[i].replacement,
                at + strlen(table_of[i].found));
        fclose(file);
        struct result_table table;
        struct mla_error error;
        int code = result_table_read(path, &table, &error);
        unlink(path);
        cr_assert(code == MLA_BAD_INPUT, "%s: %d", table_of[i].replacement, code);
        cr_assert(strstr(error.message, path) && strstr(error.message, table_of[i].named) &&
                      strstr(error.message, "accepted"),
                  "%s: %s", table_of[i].replacement, error.message);
    }
    free(text);
}

Test(result_table, unreadable_file)
{
    struct result_table table;
    struct mla_error error;
    int code = result_table_read("/nonexistent/result.json", &table, &error);
    cr_assert(code == MLA_MACHINE, "%d", code);
    cr_assert(strstr(error.message, "/nonexistent/result.json") &&
                  strstr(error.message, "No such file"),
              "%s", error.message);
}

Test(result_table, tokens_of_a_step)
{
    struct result_row row = {.new_tokens = 3, .batch = 4};
    cr_assert(result_tokens(&row) == 12, "%g", result_tokens(&row));
    row.ragged = true;
    cr_assert(result_tokens(&row) == 9, "one sequence has none: %g", result_tokens(&row));
    row.batch = 2;
    cr_assert(result_tokens(&row) == 6, "%g", result_tokens(&row));
}
