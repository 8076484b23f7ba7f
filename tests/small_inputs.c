/* SPDX-License-Identifier: MIT */
#include "tests/small_inputs.h"

#include <criterion/criterion.h>

struct inputs inputs_with(const struct shape *shape, const struct extras *extras, int threads)
{
    struct inputs inputs;
    struct mla_error error;
    cr_assert(shape_inputs(shape, extras, threads, &inputs, &error) == 0, "%s", error.message);
    return inputs;
}

struct inputs inputs_of(const struct shape *shape, int threads)
{
    return inputs_with(shape, NULL, threads);
}
