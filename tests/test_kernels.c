/* SPDX-License-Identifier: MIT
 *
 * Every kernel of the registry, through the registry, on every edge of every dimension. A new
 * kernel is tested by being listed. */
#include "harness/accounting.h"
#include "harness/certificate.h"
#include "harness/oracle.h"
#include "harness/verify.h"
#include "tests/sanitized.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef void check_function(const struct inputs *inputs, const struct mla_kernel *kernel,
                            const char *name);

/* Calls `check` for every kernel that supports the shape and the extras (or NULL), and makes sure
 * that some do. */
static void for_each_kernel(const struct shape *shape, const struct extras *extras, int threads,
                            check_function *check)
{
    char name[CASE_NAME_MAX];
    shape_name(shape, extras, threads, name);
    struct inputs inputs = inputs_with(shape, extras, threads);
    const struct mla_registry *registry = mla_kernels();
    int checked = 0;
    for (uint32_t i = 0; i < registry->count; i++) {
        const char *why = NULL;
        if (!registry->kernels[i]->supports(&inputs.problem, inputs.listed > 0,
                                            inputs.sinks.data != NULL, &why)) {
            cr_assert(why && why[0], "%s refuses without a reason", registry->kernels[i]->name);
            continue;
        }
        check(&inputs, registry->kernels[i], name);
        checked++;
    }
    cr_assert(checked >= 3, "only %d kernels support %s", checked, name);
    inputs_destroy(&inputs);
}

static bool has_padding(const struct inputs *inputs, const struct mla_kernel *kernel)
{
    struct mla_plan plan;
    return kernel->plan(&inputs->problem, &plan) == 0 && plan.cache_padding > 0;
}

/* The harness's own verification, guard pages and all. */
static void check_verified(const struct inputs *inputs, const struct mla_kernel *kernel,
                           const char *name)
{
    struct oracle oracle;
    struct verdict verdict;
    struct mla_error error;
    cr_assert(oracle_create(inputs, INFINITY, &oracle, &error) == 0, "%s", error.message);
    cr_assert(oracle_compute(&oracle, inputs, 1, &error) == 0, "%s", error.message);
    cr_assert(verify_kernel(inputs, &oracle, kernel, inputs->problem.max_threads, VERIFY_PASSES,
                            &verdict, &error) == 0,
              "%s", error.message);
    cr_assert(verdict.passed, "%s, %s: %s", kernel->name, name, verdict.reason);
    cr_assert(verdict.touched >= verdict.predicted, "%s: %ld bytes touched, %ld predicted",
              kernel->name, (long)verdict.touched, (long)verdict.predicted);
    int64_t padding = verdict.touched - verdict.predicted;
    cr_assert(padding == 0 || has_padding(inputs, kernel), "%s, %s: %ld bytes more are touched",
              kernel->name, name, (long)padding);
    cr_assert(verdict.queries_checked == inputs->workload.tokens);
    oracle_destroy(&oracle);
}

static void verify_shapes(const struct shape *shapes, size_t count, int threads)
{
    for (size_t i = 0; i < count; i++)
        for_each_kernel(&shapes[i], NULL, threads, check_verified);
}
#define VERIFY(shapes, threads) verify_shapes(shapes, sizeof(shapes) / sizeof *(shapes), threads)

Test(kernels, lengths_at_block_edges)
{
    static const int64_t lengths[] = {0,   1,   2,   7,   8,   9,   15,  16,  17,  31,
                                      32,  33,  63,  64,  65,  95,  96,  97,  127, 128,
                                      129, 191, 193, 255, 256, 257, 383, 511, 512, 513};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const struct shape shapes[] = {
            {MLA_LATENT, MLA_CAUSAL, 3, 3, 10, 6, 7, 13, lengths[i], 1, 1, false},
            {MLA_KV, MLA_CAUSAL, 6, 2, 10, 6, 7, 0, lengths[i], 1, 1, false},
        };
        VERIFY(shapes, 1);
    }
}

Test(kernels, head_counts)
{
    static const int32_t heads[] = {1, 2, 3, 5, 16, 20, 40, 64, 128};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        const int32_t n = heads[i];
        const struct shape shapes[] = {
            {MLA_LATENT, MLA_CAUSAL, n, n, 8, 4, 8, 16, 70, 2, 1, false},
            {MLA_KV, MLA_CAUSAL, n, n, 8, 4, 8, 0, 70, 2, 1, false},
            {MLA_KV, MLA_CAUSAL, n, 1, 0, 8, 8, 0, 70, 2, 1, false},
        };
        VERIFY(shapes, 2);
    }
}

Test(kernels, dimensions)
{
    static const struct shape shapes[] = {
        {MLA_LATENT, MLA_CAUSAL, 2, 2, 1, 0, 1, 1, 5, 1, 1, false},
        {MLA_LATENT, MLA_CAUSAL, 2, 2, 31, 2, 33, 17, 40, 3, 1, false},
        {MLA_LATENT, MLA_CAUSAL, 2, 2, 64, 32, 64, 256, 70, 1, 1, false},
        {MLA_LATENT, MLA_CAUSAL, 2, 2, 128, 64, 128, 512, 70, 1, 1, false},
        {MLA_LATENT, MLA_CAUSAL, 2, 2, 192, 64, 256, 512, 70, 1, 1, false},
        {MLA_LATENT, MLA_CAUSAL, 3, 3, 127, 62, 131, 509, 70, 2, 1, false},
        {MLA_LATENT, MLA_MASK_NONE, 4, 4, 32, 0, 32, 128, 0, 66, 1, false},
        {MLA_KV, MLA_CAUSAL, 4, 4, 0, 1, 1, 0, 5, 1, 1, false},
        {MLA_KV, MLA_CAUSAL, 4, 2, 0, 128, 128, 0, 70, 2, 1, false},
        {MLA_KV, MLA_CAUSAL, 9, 3, 5, 14, 23, 0, 70, 2, 1, false},
        {MLA_KV, MLA_MASK_NONE, 4, 4, 32, 0, 32, 0, 0, 66, 1, false},
    };
    VERIFY(shapes, 1);
}

Test(kernels, phases_and_batches)
{
    static const struct shape shapes[] = {
        {MLA_LATENT, MLA_CAUSAL, 5, 5, 12, 6, 10, 20, 0, 131, 1, false},  /* prefill */
        {MLA_LATENT, MLA_CAUSAL, 5, 5, 12, 6, 10, 20, 130, 67, 1, false}, /* chunked */
        {MLA_LATENT, MLA_CAUSAL, 5, 5, 12, 6, 10, 20, 127, 4, 2, false},  /* mtp */
        {MLA_LATENT, MLA_CAUSAL, 5, 5, 12, 6, 10, 20, 200, 1, 8, true},   /* ragged decode */
        {MLA_LATENT, MLA_CAUSAL, 5, 5, 12, 6, 10, 20, 90, 33, 5, true},   /* ragged chunked */
        {MLA_LATENT, MLA_MASK_NONE, 5, 5, 12, 6, 10, 20, 90, 3, 5, true},
        {MLA_KV, MLA_CAUSAL, 6, 3, 12, 6, 10, 0, 0, 131, 1, false},
        {MLA_KV, MLA_CAUSAL, 6, 3, 12, 6, 10, 0, 130, 67, 1, false},
        {MLA_KV, MLA_CAUSAL, 6, 3, 12, 6, 10, 0, 200, 1, 8, true},
        {MLA_KV, MLA_MASK_NONE, 6, 3, 12, 6, 10, 0, 90, 3, 5, true},
    };
    VERIFY(shapes, 2);
}

Test(kernels, v3_dimensions)
{
    static const struct shape shapes[] = {
        {MLA_LATENT, MLA_CAUSAL, 128, 128, 128, 64, 128, 512, 64, 1, 1, false},
        {MLA_KV, MLA_CAUSAL, 128, 128, 0, 128, 128, 0, 64, 1, 1, false},
    };
    VERIFY(shapes, 2);
}

static const struct shape ragged_latent = {MLA_LATENT, MLA_CAUSAL, 5,   5, 12, 6,
                                           10,         20,         140, 3, 6,  true};
static const struct shape ragged_kv = {MLA_KV, MLA_CAUSAL, 6, 3, 12, 6, 10, 0, 140, 3, 6, true};
static const struct shape long_latent = {MLA_LATENT, MLA_CAUSAL, 3,   3,  12, 6,
                                         10,         20,         530, 70, 1,  false};
static const struct shape long_kv = {MLA_KV, MLA_CAUSAL, 4, 2, 12, 6, 10, 0, 530, 70, 1, false};
static const struct shape *const all_shapes[] = {&ragged_latent, &ragged_kv, &long_latent,
                                                 &long_kv};
enum { ALL_SHAPES = sizeof all_shapes / sizeof all_shapes[0] };

static void verify_extras(const struct extras *extras, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int s = 0; s < ALL_SHAPES; s++)
            for_each_kernel(all_shapes[s], &extras[i], 2, check_verified);
}
#define VERIFY_EXTRAS(extras) verify_extras(extras, sizeof(extras) / sizeof *(extras))

Test(kernels, paged)
{
    static const struct extras extras[] = {
        {.page_size = 1}, {.page_size = 7}, {.page_size = 16}, {.page_size = 64}};
    VERIFY_EXTRAS(extras);
}

Test(kernels, formats)
{
    static const struct extras extras[] = {{.format = MLA_BF16},
                                           {.format = MLA_FP16, .page_size = 16},
                                           {.format = MLA_FP8, .page_size = 5, .sinks = true},
                                           {.format = MLA_FP8, .top_k = 70},
                                           {.format = MLA_INT8, .page_size = 7, .kv_begin = 3},
                                           {.format = MLA_INT8, .top_k = 70, .sinks = true}};
    VERIFY_EXTRAS(extras);
}

/* The accounting's formula and the kernels' layouts know nothing of each other. */
static void check_bytes(const struct inputs *inputs, const struct mla_kernel *kernel,
                        const char *name)
{
    struct mla_plan plan;
    cr_assert(kernel->plan(&inputs->problem, &plan) == 0);
    int64_t row = cache_bytes_per_token(&inputs->problem, plan.cached, inputs->problem.format);
    cr_assert(plan.cache_payload == (size_t)(inputs->problem.slots * row), "%s, %s: %zu",
              kernel->name, name, plan.cache_payload);
}

Test(kernels, bytes_are_those_of_the_formula)
{
    static const struct shape v3[] = {
        {MLA_LATENT, MLA_CAUSAL, 128, 128, 128, 64, 128, 512, 3, 1, 1, false},
        {MLA_KV, MLA_CAUSAL, 128, 8, 128, 0, 128, 0, 3, 1, 1, false}};
    for (int format = 0; format <= MLA_INT8; format++) {
        const struct extras extras = {.format = (enum mla_format)format};
        for (int s = 0; s < ALL_SHAPES; s++)
            for_each_kernel(all_shapes[s], &extras, 1, check_bytes);
        for_each_kernel(&v3[0], &extras, 1, check_bytes);
        for_each_kernel(&v3[1], &extras, 1, check_bytes);
    }
}

Test(kernels, first_keys)
{
    static const struct extras extras[] = {{.kv_begin = 1},      {.kv_begin = 63},
                                           {.kv_begin = 64},     {.kv_begin = 129},
                                           {.kv_begin = 100000}, {.kv_begin = 20, .page_size = 16}};
    VERIFY_EXTRAS(extras);
}

Test(kernels, sinks)
{
    static const struct extras extras[] = {
        {.sinks = true},
        {.sinks = true, .kv_begin = 100000}, /* a sink and no key */
        {.sinks = true, .page_size = 16, .kv_begin = 3}};
    VERIFY_EXTRAS(extras);
}

Test(kernels, top_k)
{
    static const struct extras extras[] = {{.top_k = 1},
                                           {.top_k = 64},
                                           {.top_k = 97, .page_size = 16},
                                           {.top_k = 200, .kv_begin = 10},
                                           {.top_k = 33, .sinks = true}};
    VERIFY_EXTRAS(extras);
}

/* More threads than CPUs, and than some shapes have work for. */
Test(kernels_threads, right_with_any_number)
{
    static const int threads[] = {3, 7};
    static const struct extras extras[] = {
        {.page_size = 16}, {.sinks = true}, {.top_k = 40}, {.kv_begin = 5}};
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++)
        for (int s = 0; s < ALL_SHAPES; s++)
            for_each_kernel(all_shapes[s], &extras[i], threads[i % 2], check_verified);
}

/* What each kernel promises and owes, threads included. */
static void check_certificate(const struct inputs *inputs, const struct mla_kernel *kernel,
                              const char *name)
{
    struct oracle oracle;
    struct mla_error error;
    cr_assert(oracle_create(inputs, INFINITY, &oracle, &error) == 0, "%s", error.message);
    cr_assert(oracle_compute(&oracle, inputs, 1, &error) == 0, "%s", error.message);
    struct certificate_subject subject = {inputs, &oracle, kernel, 20000};
    for (int i = 0; i < CERTIFICATE_CHECKS; i++) {
        enum certificate_outcome outcome;
        cr_assert(certificate_check(&subject, i, &outcome, &error) == 0, "%s", error.message);
        cr_assert(outcome != CERTIFIED_BROKEN, "%s, %s, %s: %s", kernel->name, name,
                  certificate_checks[i].name, error.message);
    }
    oracle_destroy(&oracle);
}

Test(kernels_threads, certificates)
{
    /* Of a single listed position, which the mask may leave out, some queries have no key. */
    static const struct extras extras[] = {
        {0}, {.page_size = 16}, {.top_k = 1}, {.format = MLA_INT8, .page_size = 16}};
    /* What these read and write is also seen in the tests above, each shape with each extra. */
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++)
        for (int s = 0; s < ALL_SHAPES; s += SANITIZED && i > 0 ? 3 : 1)
            for_each_kernel(all_shapes[s], &extras[i], 7, check_certificate);
}

Test(kernels, unknown_formats_are_refused_by_name)
{
    struct inputs inputs = inputs_of(&long_latent, 1);
    inputs.problem.format = (enum mla_format)(MLA_INT8 + 1);
    for (uint32_t i = 0; i < mla_kernels()->count; i++) {
        const struct mla_kernel *kernel = mla_kernels()->kernels[i];
        const char *why = NULL;
        cr_assert(!kernel->supports(&inputs.problem, false, false, &why), "%s", kernel->name);
        cr_assert(why && why[0], "%s refuses without a reason", kernel->name);
    }
    inputs_destroy(&inputs);
}
