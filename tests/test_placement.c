/* SPDX-License-Identifier: MIT
 *
 * Sequences that begin alike: which rows, which pages, and what is refused. */
#include "harness/placement.h"

#include <criterion/criterion.h>
#include <string.h>

static int suite_of(const char *pages, const char *batch, const char *prefix, struct suite *suite,
                    struct mla_error *error)
{
    const struct case_options options = {.models = "tiny",
                                         .cached = "40",
                                         .batch = batch,
                                         .page_sizes = pages,
                                         .shared_prefix = prefix};
    return suite_by_hand("configs", &options, 2, suite, error);
}

/* 40 tokens after which each has one of its own, 37 of them in common, on pages of 16. */
Test(placement, a_shared_prefix_lies_on_common_pages_as_far_as_they_are_full)
{
    struct suite suite;
    struct inputs inputs;
    struct placement placed;
    struct mla_error error;
    cr_assert(suite_of("16", "3", "37", &suite, &error) == 0, "%s", error.message);
    cr_assert(strstr(suite.cases[0].model.name, "tiny") && suite.cases[0].shared_prefix == 37);
    cr_assert(inputs_create(&suite.cases[0], 1, &inputs, &error) == 0);
    inputs_fill(&inputs, 1);
    size_t row = sizeof(float) * (size_t)inputs.width;
    for (int32_t i = 1; i < 3; i++) {
        cr_assert(memcmp(inputs_row(&inputs, 0, 0), inputs_row(&inputs, i, 0), 37 * row) == 0);
        cr_assert(memcmp(inputs_row(&inputs, 0, 37), inputs_row(&inputs, i, 37), row) != 0);
    }
    cr_assert(workload_shared_rows(&inputs.workload, 16) == 2 * 32);
    cr_assert(workload_slots_taken(&inputs.workload, 16) ==
              5 * 16); /* 2 in common, 3 of one each */
    cr_assert(workload_slots_taken(&inputs.workload, 0) == 3 * 41);
    cr_assert(placement_create(&inputs, mla_kernels()->kernels[1], 0, 0, &placed, &error) == 0);
    for (int32_t i = 1; i < 3; i++)
        for (int page = 0; page < 3; page++)
            cr_assert((placed.seqs[0].pages[page] == placed.seqs[i].pages[page]) == (page < 2),
                      "sequence %d, page %d", i, page);
    cr_assert(placed.seqs[1].pages[2] != placed.seqs[2].pages[2]);
    placement_destroy(&placed);
    inputs_destroy(&inputs);
    suite_free(&suite);
}

Test(placement, shared_prefixes_that_cannot_be_are_refused)
{
    static const char *const wrong[][3] = {{"0", "3", "8"}, {"16", "1", "8"}, {"16", "3", "41"}};
    struct suite suite;
    struct mla_error error;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(suite_of(wrong[i][0], wrong[i][1], wrong[i][2], &suite, &error) == MLA_BAD_INPUT);
        cr_assert(strstr(error.message, "shared prefix"), "%s", error.message);
    }
}
