/* SPDX-License-Identifier: MIT
 *
 * Suites split over machines. */
#include "harness/shard.h"

#include "tests/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(shard, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

Test(shard, texts)
{
    static const struct {
        const char *text;
        int index, count; /* 0: refused */
    } table[] = {
        {"1/1", 1, 1},   {"2/3", 2, 3},
        {"3/3", 3, 3},   {"10000/10000", 10000, 10000},
        {"0/3", 0, 0},   {"4/3", 0, 0},
        {"x", 0, 0},     {"", 0, 0},
        {"1", 0, 0},     {"1/", 0, 0},
        {"/3", 0, 0},    {"1/x", 0, 0},
        {"1/3x", 0, 0},  {"-1/3", 0, 0},
        {"1/-3", 0, 0},  {" 1/3", 0, 0},
        {"1/ 3", 0, 0},  {"+1/3", 0, 0},
        {"1/0", 0, 0},   {"1/10001", 0, 0},
        {"1.5/3", 0, 0}, {"99999999999999999999/3", 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct shard shard = {0};
        struct mla_error error = {""};
        int code = shard_parse(table[i].text, &shard, &error);
        cr_assert(code == (table[i].count ? 0 : MLA_BAD_INPUT), "'%s': %d", table[i].text, code);
        cr_assert(shard.index == table[i].index && shard.count == table[i].count, "'%s': %d/%d",
                  table[i].text, shard.index, shard.count);
        cr_assert(code == 0 ||
                      (strstr(error.message, "--shard") && strstr(error.message, table[i].text)),
                  "%s", error.message);
    }
}

static void read_suite(const char *name, struct suite *suite)
{
    struct mla_error error;
    cr_assert(suite_read("configs", name, 2, suite, &error) == 0, "%s", error.message);
}

static double cost_of(const struct suite *suite, const struct catalogue *catalogue, bool timing,
                      double *cheapest)
{
    double sum = 0;
    *cheapest = INFINITY;
    for (int i = 0; i < suite->count; i++) {
        double cost = shard_cost(suite, &suite->cases[i], catalogue, timing);
        cr_assert(cost > 0 && isfinite(cost), "%g", cost);
        *cheapest = fmin(*cheapest, cost);
        sum += cost;
    }
    return sum;
}

/* Every case of the suite is in one shard, in the suite's order, and all shards agree on which. */
static void check_split(const char *name, const struct catalogue *catalogue, bool timing, int count)
{
    struct suite whole;
    struct mla_error error;
    json_t *agreed = NULL;
    double least = INFINITY, most_but_one = 0;
    read_suite(name, &whole);
    int *taken = calloc((size_t)whole.count, sizeof *taken);
    for (int index = 1; index <= count; index++) {
        struct suite part;
        struct shard shard = {index, count};
        json_t *cases = NULL;
        read_suite(name, &part);
        cr_assert(shard_take(&shard, catalogue, timing, &part, &cases, &error) == 0, "%s",
                  error.message);
        if (!agreed)
            agreed = json_incref(cases);
        cr_assert(json_equal(agreed, cases), "%s, %d/%d: another split", name, index, count);
        cr_assert((int)json_array_size(cases) == whole.count && part.count > 0);
        int at = -1;
        for (int i = 0; i < part.count; i++) {
            char found[CASE_NAME_MAX], listed[CASE_NAME_MAX];
            case_name(&part.cases[i], found);
            do {
                cr_assert(++at < whole.count, "%s, %d/%d: %s is not in order", name, index, count,
                          found);
                case_name(&whole.cases[at], listed);
            } while (strcmp(listed, found) != 0);
            const json_t *record = json_array_get(cases, (size_t)at);
            cr_assert_str_eq(json_string_value(json_object_get(record, "name")), found);
            cr_assert(json_integer_value(json_object_get(record, "shard")) == index);
            taken[at]++;
        }
        double cheapest, cost = cost_of(&part, catalogue, timing, &cheapest);
        least = fmin(least, cost);
        most_but_one = fmax(most_but_one, cost - cheapest);
        json_decref(cases);
        suite_free(&part);
    }
    for (int i = 0; i < whole.count; i++)
        cr_assert(taken[i] == 1, "%s in %d: case %d is in %d shards", name, count, i, taken[i]);
    /* When a shard was given its cheapest case, none had less. */
    cr_assert(most_but_one <= least * (1 + 1e-9), "%s in %d: %g s without the cheapest, least %g s",
              name, count, most_but_one, least);
    json_decref(agreed);
    free(taken);
    suite_free(&whole);
}

Test(shard, all_together_are_the_suite)
{
    static const char *const names[] = {"quick", "default", "paper", "vector", "verify"};
    static const int counts[] = {1, 2, 3, 7, 13};
    struct catalogue catalogue;
    struct mla_error error;
    cr_assert(catalogue_create(&catalogue, &error) == 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++)
            for (int timing = 0; timing < 2; timing++)
                check_split(names[i], &catalogue, timing, counts[n]);
    catalogue_destroy(&catalogue);
}

/* With these kernels the first case is as dear as the others together, else all are alike. */
static const char three_cases[] =
    "{\"summary\": \"s\", \"time_limit_s\": 60, \"kernel_time_limit_s\": 5, \"repetition_ms\": 0.1,"
    " \"cases\": [{\"models\": [\"tiny\"], \"cached\": [5], \"kernels\": [\"absorbed\", \"naive\","
    " \"blocked\"]}, {\"models\": [\"tiny\"], \"cached\": [9, 40], \"kernels\": [\"naive\"]}]}";

/* Whatever kernels are asked for, so that a shard can be run again with fewer. */
Test(shard, a_result_says_which_it_is)
{
    static const char *const narrowing[] = {"", "--kernel absorbed"};
    write_file("three.json", three_cases);
    json_t *first = NULL;
    for (int narrow = 0; narrow < 2; narrow++) {
        char command[256];
        snprintf(command, sizeof command,
                 "run -q --no-report --suite @/three.json --shard 2/2 %s --out @/s",
                 narrowing[narrow]);
        EXPECT(0, command, "passed");
        json_t *root = load("s/result.json");
        const json_t *own = json_object_get(json_object_get(root, "context"), "mlabench");
        json_t *shard = json_object_get(own, "shard");
        cr_assert(json_integer_value(json_object_get(shard, "index")) == 2);
        cr_assert(json_integer_value(json_object_get(shard, "count")) == 2);
        const json_t *cases = json_object_get(shard, "cases");
        for (size_t i = 0; i < 3; i++) {
            json_t *of = json_object_get(json_array_get(cases, i), "shard");
            cr_assert(json_integer_value(of) == (i == 0 ? 1 : 2));
        }
        size_t entries = json_array_size(json_object_get(root, "benchmarks"));
        cr_assert(entries == 20, "%zu", entries);
        if (!first)
            first = json_incref(shard);
        cr_assert(json_equal(first, shard));
        json_decref(root);
    }
    json_decref(first);
}

Test(shard, bad_ones_are_named)
{
    write_file("three.json", three_cases);
    EXPECT(2, "verify --suite @/three.json --shard 0/3", "--shard", "0/3", "2/3");
    EXPECT(2, "run --suite @/three.json --shard 4/3", "--shard", "4/3");
    EXPECT(2, "verify --suite @/three.json --shard x", "--shard", "'x'");
    EXPECT(2, "verify --suite @/three.json --shard 1/4", "--shard 1/4", "three", "3 cases");
    EXPECT(2, "verify --replay @ --shard 1/4", "exclude");
    EXPECT(2, "report --shard 1/2", "--shard");
    EXPECT(0, "verify -q --suite @/three.json --shard 3/3", "1 passed, 0 failed, 0 skipped");
    EXPECT(0, "verify -q --model tiny --cached 5,9,40 --kernel naive --shard 1/3",
           "1 passed, 0 failed");
    EXPECT(0, "verify -q --random 6 --kernel naive --shard 2/3", "naive");
}
