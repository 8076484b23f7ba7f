/* SPDX-License-Identifier: MIT */
#include "harness/crossover.h"
#include "harness/report.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char scripts[] = "scripts/plots";

static char folder[] = "/tmp/mlabench-crossover-XXXXXX";
static char path[100];

static void make_scratch(void)
{
    cr_assert(mkdtemp(folder), "no folder");
    snprintf(path, sizeof path, "%s/result.json", folder);
}

static void remove_scratch(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert(system(command) == 0, "%s", command);
}

TestSuite(crossover, .init = make_scratch, .fini = remove_scratch);

struct point {
    const char *kernel, *isa, *order;
    int new_tokens;
    double ns, flops;
};

static void write_points(const struct point *points, int count)
{
    FILE *file = fopen(path, "w");
    fputs("{\"context\":{\"mlabench\":{\"schema_version\":1}},\"benchmarks\":[", file);
    for (int i = 0; i < count; i++) {
        const struct point *p = &points[i];
        fprintf(file,
                "%s{\"name\":\"m/%d/%s\",\"time_unit\":\"ns\",\"model\":\"m\",\"phase\":\"%s\","
                "\"cached\":4096,\"new\":%d,\"batch\":1,\"ragged\":false,\"threads\":2,"
                "\"format\":\"fp32\",\"kernel\":\"%s\",\"isa\":\"%s\",\"order\":\"%s\","
                "\"real_time\":%.15g,\"flops\":%.15g}",
                i ? "," : "", p->new_tokens, p->kernel, p->new_tokens > 4 ? "chunked" : "mtp",
                p->new_tokens, p->kernel, p->isa, p->order, p->ns, p->flops);
    }
    fputs("]}", file);
    fclose(file);
}

/* Absorbed takes n^2, re-expanded 100 n^1.5 and FLOPs n^2 against 8000 n^0.5: straight lines on
 * logarithmic axes, which cross at 10000 and 400. The slow pair and the one of another instruction
 * set would cross elsewhere. */
static int crossing_points(struct point *points)
{
    static const int tokens[] = {2, 100, 1000, 50000};
    int count = 0;
    for (int i = 0; i < 4; i++) {
        double n = tokens[i], absorbed = n * n, reexpanded = 100 * pow(n, 1.5);
        bool absorbs = tokens[i] < 50000;
        const struct point of[] = {
            {"a", "v1", "absorbed", tokens[i], absorbed, n * n},
            {"slow", "v1", "absorbed", tokens[i], 3 * absorbed, n * n},
            {"r", "v1", "re-expanded", tokens[i], reexpanded, 8000 * sqrt(n)},
            {"other", "v2", "re-expanded", tokens[i], reexpanded * 0.97, 8000 * sqrt(n)},
            {"auto", "v0", absorbs ? "absorbed" : "re-expanded", tokens[i],
             absorbs ? 1.015 * absorbed : reexpanded, n * n},
            {"naive", "v1", "expanded", tokens[i], 1, 1},
        };
        memcpy(points + count, of, sizeof of);
        count += (int)(sizeof of / sizeof of[0]);
    }
    return count;
}

/* The one group that the file has. */
static bool find(struct crossover *crossover, struct result_table *table)
{
    struct mla_error error;
    int code = result_table_read(path, table, &error), found = 0;
    cr_assert(code == 0, "%s", error.message);
    for (int i = 0; i < table->count; i++) {
        struct crossover one;
        if (crossover_at(table, i, &one)) {
            *crossover = one;
            found++;
        }
    }
    cr_assert(found <= 1, "%d groups", found);
    return found == 1;
}

Test(crossover, is_found_between_points)
{
    struct point points[32];
    struct result_table table;
    struct crossover found;
    write_points(points, crossing_points(points));
    cr_assert(find(&found, &table), "none");
    cr_assert(!strcmp(found.absorbed->kernel, "a") && !strcmp(found.reexpanded->kernel, "r"),
              "%s %s", found.absorbed->kernel, found.reexpanded->kernel);
    cr_assert(found.count == 4 && found.measured.count == 1 && found.by_flops.count == 1,
              "%d points, %d and %d crossings", found.count, found.measured.count,
              found.by_flops.count);
    cr_assert(fabs(found.measured.first - 10000) < 1e-2, "%g", found.measured.first);
    cr_assert(fabs(found.by_flops.first - 400) < 1e-2, "%g", found.by_flops.first);
    cr_assert(found.measured.absorbed_at_first && found.by_flops.absorbed_at_first);
    /* Where auto re-expands, the other instruction set's kernel takes 0.97 of its time. */
    cr_assert(fabs(found.auto_worst - 1 / 0.97) < 1e-4 && found.auto_worst_at == 50000, "%g at %d",
              found.auto_worst, (int)found.auto_worst_at);
    result_table_destroy(&table);
}

/* Rounds in which the absorbed kernel took `factors` times as long. */
static void write_rounds(const double *factors, int rounds)
{
    struct point once[32], all[160];
    int points = crossing_points(once), count = 0;
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < points; i++) {
            all[count] = once[i];
            if (!strcmp(once[i].kernel, "a"))
                all[count].ns *= factors[r];
            count++;
        }
    write_points(all, count);
}

/* Times cross where n^0.5 is 100 over the factor. */
Test(crossover, quartiles_of_the_rounds_bracket_it)
{
    struct result_table table;
    struct crossover found;
    char words[200];
    write_rounds((double[]){1.2, 1, 0.8, 1.1, 0.9}, 5);
    cr_assert(find(&found, &table), "none");
    cr_assert(fabs(found.measured.first - 10000) < 1e-2, "%g", found.measured.first);
    cr_assert(fabs(found.measured.low - 10000 / 1.21) < 1e-2, "%g", found.measured.low);
    cr_assert(fabs(found.measured.high - 10000 / 0.81) < 1e-2, "%g", found.measured.high);
    crossover_words(&found, &found.measured, "is faster", words, sizeof words);
    cr_assert(!strcmp(words, "absorbing is faster up to about 10,000 new tokens at once "
                             "(8,264 to 12,346 by the rounds' quartiles)"),
              "%s", words);
    result_table_destroy(&table);

    write_rounds((double[]){0.1, 0.1, 1, 1, 1}, 5);
    cr_assert(find(&found, &table), "none");
    cr_assert(found.measured.count == 1 && isnan(found.measured.low) && isnan(found.measured.high));
    crossover_words(&found, &found.measured, "is faster", words, sizeof words);
    cr_assert(strstr(words, "(the rounds' quartiles leave it open)"), "%s", words);
    result_table_destroy(&table);
}

Test(crossover, a_figure_that_is_missing_is_no_crossing)
{
    struct point points[32];
    struct result_table table;
    struct crossover found;
    int count = crossing_points(points);
    points[0].flops = -1;
    write_points(points, count);
    cr_assert(find(&found, &table), "none");
    cr_assert(found.by_flops.count == -1 && found.measured.count == 1, "%d", found.by_flops.count);
    result_table_destroy(&table);
}

/* The report's page; the caller frees it. */
static char *report(void)
{
    char page[100], *text = NULL;
    size_t size = 0;
    struct report_outcome outcome;
    struct mla_error error;
    int code = report_write(path, folder, scripts, &outcome, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(outcome.plotted || system("gnuplot --version >/dev/null 2>&1"), "%s", outcome.note);
    snprintf(page, sizeof page, "%s/report.md", folder);
    FILE *file = fopen(page, "r");
    cr_assert(file && getdelim(&text, &size, 0, file) > 0, "no %s", page);
    fclose(file);
    return text;
}

static size_t files(const char *pattern)
{
    char whole[150];
    glob_t found = {0};
    snprintf(whole, sizeof whole, "%s/%s", folder, pattern);
    glob(whole, 0, NULL, &found);
    size_t count = found.gl_pathc;
    globfree(&found);
    return count;
}

Test(crossover, is_drawn_and_said)
{
    struct point points[32];
    write_points(points, crossing_points(points));
    char *page = report();
    cr_assert(strstr(page,
                     "- m, 4k cached, fp32, 2 threads: absorbing is faster up to about 10,000 "
                     "new tokens at once (10,000 to 10,000 by the rounds' quartiles), measured "
                     "between a and r; by FLOPs up to about 400; "
                     "auto is never more than 4 % slower than the fastest other."),
              "%s", page);
    cr_assert(files("data/m-cached4096-batch1-threads2-fp32-crossover.tsv") == 1, "no data");
    if (!system("gnuplot --version >/dev/null 2>&1")) {
        cr_assert(files("plots/*-crossover.*") == 3, "%zu files", files("plots/*-crossover.*"));
        cr_assert(strstr(page, "Solid line and ring: absorbing is faster"), "%s", page);
        cr_assert(strstr(page, "if both orders ran equally efficiently"), "%s", page);
    }
    free(page);
}

Test(crossover, no_crossing_is_said_in_words)
{
    static const struct point points[] = {
        {"a", "v1", "absorbed", 1, 10, 10},    {"r", "v1", "re-expanded", 1, 20, 9},
        {"a", "v1", "absorbed", 8, 80, 80},    {"r", "v1", "re-expanded", 8, 90, 70},
        {"a", "v1", "absorbed", 64, 640, 640}, {"r", "v1", "re-expanded", 64, 650, 600},
    };
    write_points(points, 6);
    char *page = report();
    cr_assert(strstr(page, "absorbing is faster throughout, from 1 to 64 new tokens at once, "
                           "measured between a and r; re-expanding takes fewer FLOPs throughout"),
              "%s", page);
    cr_assert(!strstr(page, "auto is"), "%s", page);
    if (!system("gnuplot --version >/dev/null 2>&1"))
        cr_assert(strstr(page, "No solid line: ") && strstr(page, "No dashed line: "), "%s", page);
    free(page);
}

Test(crossover, several_crossings_are_given_as_a_range)
{
    static const struct point points[] = {
        {"a", "v1", "absorbed", 10, 10, 10},   {"r", "v1", "re-expanded", 10, 40, 40},
        {"a", "v1", "absorbed", 40, 40, 40},   {"r", "v1", "re-expanded", 40, 10, 10},
        {"a", "v1", "absorbed", 160, 10, 100}, {"r", "v1", "re-expanded", 160, 40, 40},
        {"a", "v1", "absorbed", 640, 40, 100}, {"r", "v1", "re-expanded", 640, 10, 40},
    };
    write_points(points, 8);
    char *page = report();
    cr_assert(strstr(page, "which order is faster changes 3 times between about 20 and 320 new "
                           "tokens at once"),
              "%s", page);
    free(page);
}

/* Two points, or kernels that share two; one order; kernels that choose; other instruction sets. */
Test(crossover, too_little_draws_and_says_nothing)
{
    static const struct {
        struct point points[6];
        int count;
    } table[] = {
        {{{"a", "v1", "absorbed", 1, 1, 1},
          {"r", "v1", "re-expanded", 1, 2, 2},
          {"a", "v1", "absorbed", 9, 2, 2},
          {"r", "v1", "re-expanded", 9, 1, 1}},
         4},
        {{{"a", "v1", "absorbed", 1, 1, 1},
          {"r", "v1", "re-expanded", 1, 2, 2},
          {"a", "v1", "absorbed", 9, 2, 2},
          {"r", "v1", "re-expanded", 9, 1, 1},
          {"a", "v1", "absorbed", 99, 2, 2}},
         5},
        {{{"a", "v1", "absorbed", 1, 1, 1},
          {"a", "v1", "absorbed", 9, 1, 1},
          {"a", "v1", "absorbed", 99, 1, 1}},
         3},
        {{{"a", "v1", "absorbed", 1, 1, 1},
          {"c", "v1", "absorbed", 1, 1, 1},
          {"a", "v1", "absorbed", 9, 1, 1},
          {"c", "v1", "re-expanded", 9, 1, 1},
          {"a", "v1", "absorbed", 99, 1, 1},
          {"c", "v1", "re-expanded", 99, 1, 1}},
         6},
        {{{"a", "v1", "absorbed", 1, 1, 1},
          {"r", "v2", "re-expanded", 1, 1, 1},
          {"a", "v1", "absorbed", 9, 1, 1},
          {"r", "v2", "re-expanded", 9, 1, 1},
          {"a", "v1", "absorbed", 99, 1, 1},
          {"r", "v2", "re-expanded", 99, 1, 1}},
         6},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct result_table rows;
        struct crossover found;
        write_points(table[i].points, table[i].count);
        cr_assert(!find(&found, &rows), "%zu", i);
        result_table_destroy(&rows);
    }
    write_points(table[0].points, table[0].count);
    char *page = report();
    cr_assert(!strstr(page, "absorbing") && !strstr(page, "crossover"), "%s", page);
    cr_assert(files("data/*crossover*") == 0, "data are there");
    free(page);
}
