/* SPDX-License-Identifier: MIT
 *
 * What is timed must put out what was verified. */
#include "tests/cli.h"

#include <stdio.h>

TestSuite(timed_output, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

#define RUN                                                                                \
    "run -q --no-report --model tiny --plugin #/tests/plugins/tired.so --cached 17 --out " \
    "@/run --format "

/* The entries of a kernel, if all say the same of its timed output. */
static size_t entries_of(const char *kernel, const char *outcome)
{
    json_t *root = load("run/result.json"), *entry;
    size_t i, found = 0;
    json_array_foreach(json_object_get(root, "benchmarks"), i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "kernel")), kernel) != 0)
            continue;
        const char *said = json_string_value(json_object_get(entry, "timed_output"));
        cr_assert(said && strcmp(said, outcome) == 0, "%s: %s", kernel, said ? said : "null");
        found++;
    }
    json_decref(root);
    return found;
}

static void check_all(const char *format)
{
    char command[256];
    snprintf(command, sizeof command, RUN "%s --kernel naive,tired-*", format);
    EXPECT(1, command, "tired-lazy: timed output: of the last timed repetition, ", "instead of",
           "tired-rough: timed output: ", "other bits than verification", "2 failed");
    cr_assert(entries_of("naive", "same bits") == 10);
    cr_assert(entries_of("tired-free", "within the limit") == 10);
    cr_assert(entries_of("tired-lazy", "") == 0 && entries_of("tired-rough", "") == 0);
}

Test(timed_output, is_verified)
{
    check_all("fp32");
}

/* Against exact attention over what the cache holds. */
Test(timed_output, is_verified_of_a_lossy_cache)
{
    check_all("bf16");
}

/* Its times are not kept, and so the control has nothing to be set against. */
Test(timed_output, of_the_control_is_not_believed_either)
{
    EXPECT(1, RUN "fp32 --kernel tired-lazy", "tired-lazy: timed output: ");
    json_t *root = load("run/result.json");
    const json_t *own = json_object_get(json_object_get(root, "context"), "mlabench");
    const json_t *control = json_array_get(json_object_get(own, "controls"), 0);
    const char *reason = json_string_value(json_object_get(control, "reason"));
    cr_assert(reason && strcmp(reason, "the times of its kernel are not kept") == 0, "%s", reason);
    cr_assert(json_integer_value(json_object_get(control, "rounds")) == 0);
    cr_assert(json_is_null(json_object_get(control, "median_pct")));
    json_decref(root);
}
