/* SPDX-License-Identifier: MIT
 *
 * Gradients of every kernel of the registry that has any, against the reference's. */
#include "harness/gradient.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <errno.h>

/* As the memory ends, or begins, at an inaccessible page, and with threads enough to be idle. */
static const struct trial_way ways[] = {
    {.memory = BUFFER_GUARD_END, .poison = POISON_NAN, .threads = 1},
    {.memory = BUFFER_GUARD_END, .poison = POISON_LARGE, .threads = 2},
    {.memory = BUFFER_GUARD_START, .poison = POISON_LARGE, .threads = 3},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void check_kernel(const struct inputs *inputs, const struct mla_kernel *kernel,
                         const char *name)
{
    struct mla_error error;
    struct gradient first, other;
    cr_assert(gradient_run(inputs, kernel, &ways[0], &first, &error) == 0, "%s, %s: %s",
              kernel->name, name, error.message);
    cr_assert(gradient_compare(&first, NULL, &error) == 0, "%s, %s: %s", kernel->name, name,
              error.message);
    for (int i = 1; i < WAYS; i++) {
        cr_assert(gradient_run(inputs, kernel, &ways[i], &other, &error) == 0, "%s, %s: %s",
                  kernel->name, name, error.message);
        cr_assert(gradient_same(&first, &other), "%s, %s: other bits with %d threads", kernel->name,
                  name, ways[i].threads);
        gradient_destroy(&other);
    }
    gradient_destroy(&first);
}

static void check_shape(const struct shape *shape, const struct extras *extras)
{
    char name[CASE_NAME_MAX];
    const char *why;
    struct inputs inputs = inputs_with(shape, extras, 3);
    shape_name(shape, extras, 3, name);
    int checked = 0;
    for (uint32_t i = 0; i < mla_kernels()->count; i++) {
        const struct mla_kernel *kernel = mla_kernels()->kernels[i];
        if (kernel->supports(&inputs.problem, false, inputs.sinks.data != NULL, &why) &&
            gradient_applies(&inputs, kernel, &why)) {
            check_kernel(&inputs, kernel, name);
            checked++;
        }
    }
    cr_assert(checked >= 2, "%d kernels have gradients of %s", checked, name);
    inputs_destroy(&inputs);
}

/* kind, mask, heads, heads_kv, nope, rope, v, rank, cached, new, batch, ragged. Keys and new tokens
 * about a block and a tile of 64. */
static const struct shape shapes[] = {
    {MLA_LATENT, MLA_CAUSAL, 1, 1, 1, 0, 1, 1, 0, 1, 1, false},
    {MLA_LATENT, MLA_CAUSAL, 2, 2, 32, 16, 32, 64, 0, 65, 1, false},
    {MLA_LATENT, MLA_CAUSAL, 3, 3, 10, 6, 7, 13, 61, 70, 1, false},
    {MLA_LATENT, MLA_CAUSAL, 5, 5, 12, 6, 10, 70, 90, 33, 5, true},
    {MLA_LATENT, MLA_MASK_NONE, 4, 4, 7, 0, 9, 130, 60, 66, 4, true},
    {MLA_LATENT, MLA_CAUSAL, 2, 2, 0, 8, 5, 9, 60, 9, 3, true},
    {MLA_LATENT, MLA_CAUSAL, 4, 4, 128, 64, 128, 512, 30, 70, 1, false}, /* V2-Lite's heads */
    {MLA_KV, MLA_CAUSAL, 1, 1, 1, 0, 1, 0, 0, 1, 1, false},
    {MLA_KV, MLA_CAUSAL, 4, 4, 0, 12, 10, 0, 0, 129, 1, false}, /* MHA */
    {MLA_KV, MLA_CAUSAL, 6, 2, 10, 6, 7, 0, 61, 70, 1, false},  /* GQA */
    {MLA_KV, MLA_CAUSAL, 5, 1, 12, 6, 9, 0, 90, 33, 5, true},   /* MQA */
    {MLA_KV, MLA_MASK_NONE, 6, 3, 7, 0, 9, 0, 60, 66, 4, true},
    {MLA_KV, MLA_CAUSAL, 4, 2, 0, 128, 128, 0, 30, 70, 1, false},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

Test(backward_kernels, gradients)
{
    for (int i = 0; i < SHAPES; i++)
        check_shape(&shapes[i], NULL);
}

Test(backward_kernels, gradients_with_extras)
{
    static const struct extras extras[] = {
        {.sinks = true},
        {.kv_begin = 3, .page_size = 16},
        {.kv_begin = 70, .sinks = true}, /* some queries have no key */
        {.kv_begin = 100000, .sinks = true},
        {.format = MLA_BF16, .page_size = 7},
        {.page_size = 8, .shared_prefix = 20},
        {.format = MLA_INT8},
    };
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++)
        for (int s = 1; s < SHAPES; s++)
            check_shape(&shapes[s], &extras[i]);
}

Test(backward_kernels, more_threads_than_announced_are_refused)
{
    struct inputs inputs = inputs_of(&shapes[0], 2);
    struct inputs inputs_kv = inputs_of(&shapes[SHAPES - 1], 2);
    for (uint32_t i = 0; i < mla_kernels()->count; i++) {
        const struct mla_kernel *kernel = mla_kernels()->kernels[i];
        const struct mla_memory memory = {0};
        const struct mla_gradient call = {.threads = 3};
        if (!kernel->backward)
            continue;
        int latent = kernel->backward(&inputs.problem, &memory, &call);
        int kv = kernel->backward(&inputs_kv.problem, &memory, &call);
        cr_assert(latent == -EINVAL || latent == -ENOTSUP, "%s returns %d", kernel->name, latent);
        cr_assert(kv == -EINVAL, "%s returns %d", kernel->name, kv);
    }
    inputs_destroy(&inputs);
    inputs_destroy(&inputs_kv);
}
