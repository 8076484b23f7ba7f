/* SPDX-License-Identifier: MIT
 *
 * Suites whose lists are long, or name what differs alike: none of them takes long or loses cases
 * without a word. Run in the top folder. */
#include "harness/suite.h"

#include "tests/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(axes, .init = make_temporary, .fini = remove_temporary, .timeout = 60);

static char text[1 << 16];

static void append(const char *more)
{
    cr_assert(strlen(text) + strlen(more) < sizeof text);
    strcat(text, more);
}

static void begin(const char *models)
{
    strcpy(text, "{\"summary\": \"s\", \"time_limit_s\": 10, \"kernel_time_limit_s\": 1, "
                 "\"cases\": [{\"models\": [");
    append(models);
    append("]");
}

/* A list of `count` elements: numbers from 1 on, or the same text. */
static void list(const char *name, int count, const char *same)
{
    char element[64];
    snprintf(element, sizeof element, ", \"%s\": [", name);
    append(element);
    for (int i = 0; i < count; i++) {
        snprintf(element, sizeof element, "%s%d", i ? "," : "", i + 1);
        append(same && i ? "," : "");
        append(same ? same : element);
    }
    append("]");
}

static int read_suite(struct suite *suite, struct mla_error *error)
{
    char path[256];
    append("}]}");
    write_file("suite.json", text);
    snprintf(path, sizeof path, "%s/suite.json", folder);
    return suite_read("configs", path, 1, suite, error);
}

/* 2^66 combinations, which are one case. */
Test(axes, elements_that_come_up_again_count_once)
{
    static const char *const lists[][2] = {
        {"cached", "8"},
        {"new", "1"},
        {"batch", "1"},
        {"threads", "1"},
        {"page_size", "0"},
        {"top_k", "0"},
        {"shared_prefix", "0"},
        {"split", "0"},
        {"inputs", "\"all\""},
        {"formats", "\"fp32\""},
        {"cache_state", "\"warm\""},
    };
    struct suite suite;
    struct mla_error error = {""};
    begin("\"tiny\", \"tiny\", \"configs/models/tiny.json\"");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        list(lists[i][0], 64, lists[i][1]);
    cr_assert(read_suite(&suite, &error) == 0, "%s", error.message);
    cr_assert(suite.count == INPUT_KINDS, "%d cases", suite.count);
    suite_free(&suite);
}

Test(axes, too_many_cases_are_refused_at_once, .timeout = 10)
{
    struct suite suite;
    struct mla_error error = {""};
    begin("\"tiny\"");
    list("cached", 64, NULL);
    list("new", 64, NULL);
    list("batch", 64, NULL);
    cr_assert(read_suite(&suite, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "cases[0]: more than 20000 cases, accepted"), "%s",
              error.message);
}

Test(axes, many_cases_and_as_many_cold)
{
    struct suite suite;
    struct mla_error error = {""};
    begin("\"tiny\"");
    list("cached", 50, NULL);
    list("new", 50, NULL);
    list("batch", 4, NULL);
    cr_assert(read_suite(&suite, &error) == 0, "%s", error.message);
    cr_assert(suite.count == 10000, "%d cases", suite.count);
    cr_assert(suite_add_cold(&suite, &error) == 0, "%s", error.message);
    cr_assert(suite.count == 20000, "%d cases", suite.count);
    suite_free(&suite);
}

/* Else the cases of one would stand for those of the other. */
Test(axes, two_models_of_one_name_are_refused)
{
    static const char *const groups[][2] = {
        {"\"tiny\", \"", "\""},
        {"\"tiny\"], \"cached\": [5]}, {\"models\": [\"", "\""},
    };
    char path[256], models[512];
    char *other = realpath("configs/models/moonlight.json", NULL);
    snprintf(path, sizeof path, "%s/tiny.json", folder);
    cr_assert(other && symlink(other, path) == 0, "no %s", path);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        struct suite suite;
        struct mla_error error = {""};
        snprintf(models, sizeof models, "%s%s%s", groups[i][0], path, groups[i][1]);
        begin(models);
        list("cached", 1, "5");
        cr_assert(read_suite(&suite, &error) == MLA_BAD_INPUT, "accepted: %s", text);
        cr_assert(strstr(error.message, "two models are called tiny, accepted"), "%s",
                  error.message);
    }
    free(other);
}
