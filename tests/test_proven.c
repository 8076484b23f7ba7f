/* SPDX-License-Identifier: MIT */
#include "harness/proven.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Three kernels that the suite wants and one that it does not; the third runs nowhere. */
static struct mla_kernel kernels[] = {
    {.name = "a-plain", .isa = "scalar"},
    {.name = "a-other", .isa = "scalar"},
    {.name = "a-vector", .isa = "none-such"},
    {.name = "b-plain", .isa = "scalar"},
};
static const struct mla_kernel *const pointers[] = {&kernels[0], &kernels[1], &kernels[2],
                                                    &kernels[3]};
static const char *const names[] = {"a-plain", "a-other", "a-vector", "b-plain"};

/* The list, with proofs.json of commit c0ffee given as text, or NULL. */
static json_t *list(struct kernel_tally tallies[4], const char *text, bool dirty)
{
    const struct catalogue catalogue = {
        .kernels = (void *)pointers, .names = (void *)names, .count = 4};
    struct bench_case c = {.kernels = "a-*"};
    const struct suite suite = {.cases = &c, .count = 1};
    const struct tally tally = {.kernels = tallies, .count = 4};
    json_t *found = text ? json_loads(text, 0, NULL) : NULL;
    const struct proofs proofs = {found, "c0ffee", dirty};
    json_t *proven = proven_list(&suite, &catalogue, &tally, &proofs);
    json_decref(found);
    cr_assert(json_array_size(proven) == 3, "%zu entries", json_array_size(proven));
    return proven;
}

static void expect(const json_t *proven, size_t index, const char *where, int cases,
                   const char *reason)
{
    const json_t *entry = json_array_get(proven, index);
    const char *said = json_string_value(json_object_get(entry, "where"));
    const char *why = json_string_value(json_object_get(entry, "reason"));
    cr_assert(strcmp(json_string_value(json_object_get(entry, "kernel")), names[index]) == 0);
    cr_assert(said && strcmp(said, where) == 0, "%s: %s", names[index], said);
    cr_assert(json_integer_value(json_object_get(entry, "cases")) == cases, "%s", names[index]);
    cr_assert(why && strstr(why, reason), "%s: %s", names[index], why);
}

Test(proven, what_ran_here)
{
    struct kernel_tally tallies[4] = {
        {.passed = 3, .skipped = 1},
        {.passed = 3, .failed = 1},
    };
    json_t *proven = list(tallies, NULL, false);
    expect(proven, 0, "natively", 3, "this run");
    expect(proven, 1, "not proven", 0, "failed 1 of 4");
    expect(proven, 2, "not proven", 0, "this CPU lacks none-such; there is no proofs.json");
    json_decref(proven);
}

Test(proven, skipped_is_not_proven)
{
    struct kernel_tally tallies[4] = {{.skipped = 2, .reason = "x: needs 640 GiB"}};
    json_t *proven = list(tallies, NULL, false);
    expect(proven, 0, "not proven", 0, "needs 640 GiB");
    expect(proven, 1, "not proven", 0, "no case is of its kind");
    json_decref(proven);
}

Test(proven, proofs_hold_for_their_own_sources_alone)
{
#define PROOFS(commit, dirty, kernel)                                            \
    "{\"commit\": \"" commit "\", \"dirty\": " dirty ", \"kernels\": {\"" kernel \
    "\": {\"where\": \"emulated (e)\", \"cases\": 7}}}"
    static const struct {
        const char *proofs;
        bool dirty; /* the program */
        const char *where;
        int cases;
        const char *reason;
    } table[] = {
        {PROOFS("c0ffee", "false", "a-vector"), false, "emulated (e)", 7, "make test-avx512"},
        {PROOFS("c0ffee", "false", "a-other"), false, "not proven", 0, "does not name it"},
        {PROOFS("abcdef", "false", "a-vector"), false, "not proven", 0, "of another commit"},
        {PROOFS("c0ffee", "true", "a-vector"), false, "not proven", 0, "proofs.json is of sources"},
        {PROOFS("c0ffee", "false", "a-vector"), true, "not proven", 0, "this program is of"},
        {"[\"c0ffee\"]", false, "not proven", 0, "of another commit"},
        {"{\"commit\": \"c0ffee\", \"dirty\": false, \"kernels\": {\"a-vector\": 7}}", false,
         "not proven", 0, "does not name it"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct kernel_tally tallies[4] = {{.passed = 1}, {.skipped = 1, .reason = "x: y"}};
        json_t *proven = list(tallies, table[i].proofs, table[i].dirty);
        expect(proven, 1, "not proven", 0, "x: y"); /* it could run: proofs say nothing of it */
        expect(proven, 2, table[i].where, table[i].cases, table[i].reason);
        json_decref(proven);
    }
#undef PROOFS
}
