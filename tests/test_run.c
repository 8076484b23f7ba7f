/* SPDX-License-Identifier: MIT
 *
 * What a run says of what it leaves out. */
#include "harness/case_run.h"

#include <criterion/criterion.h>
#include <string.h>

/* A run of every built-in kernel that has come to nothing so far. */
struct fixture {
    struct catalogue catalogue;
    struct result result;
    struct run run;
    struct bench_case c;
};

static void set_up(struct fixture *f)
{
    struct mla_error error;
    *f = (struct fixture){.c = {.model.name = "m", .kernels = "*", .new_tokens = 1, .batch = 1}};
    cr_assert(catalogue_create(&f->catalogue, &error) == 0, "%s", error.message);
    cr_assert(result_create(&f->result, NULL, 0, NULL, &error) == 0, "%s", error.message);
    f->run = (struct run){.catalogue = &f->catalogue, .result = &f->result};
    cr_assert(tally_create(&f->run.tally, &f->catalogue, &error) == 0, "%s", error.message);
}

static void tear_down(struct fixture *f)
{
    tally_destroy(&f->run.tally);
    result_destroy(&f->result);
    catalogue_destroy(&f->catalogue);
}

static const char *skipped(const struct fixture *f, size_t index, const char *key)
{
    const json_t *list = json_object_get(f->result.mlabench, "skipped");
    return json_string_value(json_object_get(json_array_get(list, index), key));
}

Test(run, a_reason_in_another_encoding_is_not_lost)
{
    struct fixture f;
    set_up(&f);
    run_skip(&f.run, &f.c, 0, "%s", "no caf\xe9 here");
    run_skip(&f.run, &f.c, 0, "%s", "no caf\xc3\xa9 here");
    cr_assert(skipped(&f, 0, "reason") && skipped(&f, 1, "reason"), "a reason is missing");
    cr_assert(strcmp(skipped(&f, 0, "reason"), "no caf? here") == 0, "%s",
              skipped(&f, 0, "reason"));
    cr_assert(strcmp(skipped(&f, 1, "reason"), "no caf\xc3\xa9 here") == 0);
    tear_down(&f);
}

Test(run, what_a_failure_cut_short_is_named)
{
    struct fixture f;
    set_up(&f);
    struct contender contenders[3] = {{.index = 0}, {.index = 2}, {.index = 3}};
    struct case_run cr = {.run = &f.run, .c = &f.c, .contenders = contenders, .count = 3};
    case_leave_rest(&cr, 1);
    cr_assert(f.run.tally.skipped == 0, "nothing has failed");
    f.run.fail_fast = true;
    f.run.tally.failed = 1;
    case_leave_rest(&cr, 1);
    cr_assert(f.run.tally.skipped == 2);
    cr_assert(strstr(skipped(&f, 0, "name"), f.catalogue.names[2]), "%s", skipped(&f, 0, "name"));
    cr_assert(strstr(skipped(&f, 1, "name"), f.catalogue.names[3]), "%s", skipped(&f, 1, "name"));
    cr_assert(strstr(skipped(&f, 0, "reason"), "--fail-fast"));
    tear_down(&f);
}
