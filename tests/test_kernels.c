/* SPDX-License-Identifier: MIT
 *
 * Every kernel of the registry, through the registry, on every edge of every dimension. A new
 * kernel is tested by being listed. */
#include "harness/oracle.h"
#include "harness/verify.h"
#include "tests/kernel_runner.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef void check_function(const struct inputs *inputs, const struct mla_kernel *kernel,
                            const void *context);

/* Calls `check` for every kernel that supports the shape, and makes sure that some do. */
static void for_each_kernel(const struct shape *shape, int threads, check_function *check,
                            const void *context)
{
    struct inputs inputs = runner_inputs(shape, threads);
    const struct mla_registry *registry = mla_kernels();
    int checked = 0;
    for (uint32_t i = 0; i < registry->count; i++) {
        const char *why = NULL;
        if (!registry->kernels[i]->supports(&inputs.problem, false, false, &why))
            continue;
        check(&inputs, registry->kernels[i], context);
        checked++;
    }
    cr_assert(checked >= 3, "only %d kernels support the shape", checked);
    inputs_destroy(&inputs);
}

/* The harness's own verification, guard pages and all. */
static void check_verified(const struct inputs *inputs, const struct mla_kernel *kernel,
                           const void *context)
{
    const struct shape *s = context;
    struct oracle oracle;
    struct verdict verdict;
    struct mla_error error;
    cr_assert(oracle_create(inputs, INFINITY, &oracle, &error) == 0, "%s", error.message);
    cr_assert(oracle_compute(&oracle, inputs, 1, &error) == 0, "%s", error.message);
    cr_assert(verify_kernel(inputs, &oracle, kernel, inputs->problem.max_threads, VERIFY_PASSES,
                            &verdict, &error) == 0,
              "%s", error.message);
    cr_assert(verdict.passed,
              "%s, %d heads (%d), nope %d rope %d v %d rank %d, cached %ld new %ld batch %d: %s",
              kernel->name, s->heads, s->heads_kv, s->nope, s->rope, s->v, s->rank, (long)s->cached,
              (long)s->new_tokens, s->batch, verdict.reason);
    cr_assert(verdict.touched == verdict.predicted, "%s: %ld bytes touched, %ld predicted",
              kernel->name, (long)verdict.touched, (long)verdict.predicted);
    cr_assert(verdict.queries_checked == inputs->workload.tokens);
    oracle_destroy(&oracle);
}

static void verify_shapes(const struct shape *shapes, size_t count, int threads)
{
    for (size_t i = 0; i < count; i++)
        for_each_kernel(&shapes[i], threads, check_verified, &shapes[i]);
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

/* Variations whose outputs must be right, whatever bits they have. */
static void check_variation(const struct inputs *inputs, const struct mla_kernel *kernel,
                            const void *context)
{
    const struct variation *v = context;
    const struct mla_problem *p = &inputs->problem;
    if (!runner_supports(inputs, kernel, v))
        return;
    float *o = malloc(sizeof *o * (size_t)(p->max_tokens * p->heads * p->v_head_dim));
    float *lse = malloc(sizeof *lse * (size_t)(p->max_tokens * p->heads));
    runner_attend(inputs, kernel, v, o, lse);
    double error = runner_error(inputs, kernel, v, o, lse);
    cr_assert(error <= 1,
              "%s: %.3g of the limit (threads %d, page %ld, keys %ld..%ld, sinks %d, "
              "top_k %d)",
              kernel->name, error, v->threads, (long)v->page_size, (long)v->kv_begin,
              (long)v->kv_end, v->sinks, v->top_k);
    free(o);
    free(lse);
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

static void check_variations(const struct variation *variations, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int s = 0; s < ALL_SHAPES; s++)
            for_each_kernel(all_shapes[s], 2, check_variation, &variations[i]);
}
#define CHECK(variations) check_variations(variations, sizeof(variations) / sizeof *(variations))

Test(kernels, paged)
{
    static const struct variation variations[] = {
        {.page_size = 1},
        {.page_size = 7, .threads = 2},
        {.page_size = 16},
        {.page_size = 64},
        {.page_size = 16, .chunk = 5, .threads = 2},
    };
    CHECK(variations);
}

Test(kernels, key_ranges)
{
    static const struct variation variations[] = {
        {.kv_begin = 1},      {.kv_begin = 63, .kv_end = 130},
        {.kv_end = 1},        {.kv_begin = 129},
        {.kv_begin = 100000}, {.kv_begin = 20, .page_size = 16, .threads = 2},
    };
    CHECK(variations);
}

Test(kernels, sinks)
{
    static const struct variation variations[] = {
        {.sinks = true},
        {.sinks = true, .kv_begin = 100000}, /* a sink and no key */
        {.sinks = true, .page_size = 16, .threads = 2, .kv_begin = 3},
    };
    CHECK(variations);
}

Test(kernels, top_k)
{
    static const struct variation variations[] = {
        {.top_k = 1},
        {.top_k = 64},
        {.top_k = 97, .page_size = 16, .threads = 2},
        {.top_k = 200, .kv_begin = 10, .kv_end = 130},
        {.top_k = 33, .sinks = true},
    };
    CHECK(variations);
}

/* Variations that must leave every bit as it was, where the kernel says so. */
struct same_bits {
    enum mla_invariance promise;
    struct variation variation;
};

static void check_same_bits(const struct inputs *inputs, const struct mla_kernel *kernel,
                            const void *context)
{
    const struct same_bits *same = context;
    const struct mla_problem *p = &inputs->problem;
    const struct variation plain = {0};
    if (!(kernel->invariances & (unsigned)same->promise))
        return;
    size_t o_size = sizeof(float) * (size_t)(p->max_tokens * p->heads * p->v_head_dim);
    size_t lse_size = sizeof(float) * (size_t)(p->max_tokens * p->heads);
    float *o = malloc(2 * o_size), *lse = malloc(2 * lse_size);
    float *o2 = o + o_size / sizeof *o, *lse2 = lse + lse_size / sizeof *lse;
    runner_attend(inputs, kernel, &plain, o, lse);
    runner_attend(inputs, kernel, &same->variation, o2, lse2);
    cr_assert(memcmp(o, o2, o_size) == 0 && memcmp(lse, lse2, lse_size) == 0,
              "%s promises the same bits (%#x), and they differ (threads %d, chunk %ld)",
              kernel->name, (unsigned)same->promise, same->variation.threads,
              (long)same->variation.chunk);
    free(o);
    free(lse);
}

static void check_promises(const struct same_bits *promises, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int s = 0; s < ALL_SHAPES; s++)
            for_each_kernel(all_shapes[s], 3, check_same_bits, &promises[i]);
}

Test(kernels, promised_invariances)
{
    static const struct same_bits promises[] = {
        {MLA_SAME_FOR_BATCH, {.sequence_alone = true}},
        {MLA_SAME_FOR_QUERIES, {.query_by_query = true}},
        {MLA_SAME_FOR_CHUNKS, {.chunk = 1}},
        {MLA_SAME_FOR_CHUNKS, {.chunk = 37}},
        {MLA_SAME_WHEN_REPEATED, {.threads = 1}},
    };
    check_promises(promises, sizeof promises / sizeof promises[0]);
}

/* More threads than CPUs, and than some shapes have work for. */
Test(kernels_threads, same_bits_for_any_number)
{
    static const struct same_bits promises[] = {
        {MLA_SAME_FOR_THREADS, {.threads = 2}},
        {MLA_SAME_FOR_THREADS, {.threads = 3}},
        {MLA_SAME_FOR_THREADS, {.threads = 7, .chunk = 50}},
    };
    check_promises(promises, sizeof promises / sizeof promises[0]);
}

Test(kernels_threads, right_with_any_number)
{
    static const struct variation variations[] = {
        {.threads = 2},
        {.threads = 3, .page_size = 16},
        {.threads = 7, .chunk = 50, .sinks = true},
        {.threads = 3, .top_k = 40},
    };
    CHECK(variations);
}

/* Two halves of the keys, merged by their log-sum-exps, equal the whole within its error. */
static void check_split(const struct inputs *inputs, const struct mla_kernel *kernel,
                        const void *context)
{
    (void)context;
    const struct mla_problem *p = &inputs->problem;
    const struct variation whole = {0}, first = {.kv_end = 57}, second = {.kv_begin = 57};
    size_t rows = (size_t)(p->max_tokens * p->heads), dims = (size_t)p->v_head_dim;
    float *o[2], *lse[2];
    for (int i = 0; i < 2; i++) {
        o[i] = malloc(sizeof(float) * rows * dims);
        lse[i] = malloc(sizeof(float) * rows);
        runner_attend(inputs, kernel, i ? &second : &first, o[i], lse[i]);
    }
    for (size_t r = 0; r < rows; r++) {
        double top = fmax(lse[0][r], lse[1][r]);
        double w0 = exp(lse[0][r] - top), w1 = exp(lse[1][r] - top);
        for (size_t d = 0; d < dims; d++)
            o[0][r * dims + d] =
                (float)((w0 * o[0][r * dims + d] + w1 * o[1][r * dims + d]) / (w0 + w1));
        lse[0][r] = (float)(top + log(w0 + w1));
    }
    double error = runner_error(inputs, kernel, &whole, o[0], lse[0]);
    cr_assert(error <= 1, "%s: two halves merged are off by %.3g of the limit", kernel->name,
              error);
    for (int i = 0; i < 2; i++) {
        free(o[i]);
        free(lse[i]);
    }
}

Test(kernels, split_keys_merge)
{
    for_each_kernel(&long_latent, 1, check_split, NULL);
    for_each_kernel(&long_kv, 1, check_split, NULL);
}

static void check_copied_page(const struct inputs *inputs, const struct mla_kernel *kernel,
                              const void *context)
{
    (void)context;
    struct mla_problem p = inputs->problem;
    p.page_size = 16;
    p.slots = 3 * p.page_size;
    struct mla_plan plan;
    const char *why;
    if (!kernel->copy_page || !kernel->supports(&p, false, false, &why))
        return;
    cr_assert(kernel->plan(&p, &plan) == 0);
    char *cache = malloc(plan.cache_payload + plan.cache_padding);
    memset(cache, 0xFF, plan.cache_payload + plan.cache_padding);
    void *workspace = malloc(plan.workspace + 1), *prepared = malloc(plan.prepared + 1);
    struct mla_memory memory = {prepared, cache, workspace};
    if (kernel->prepare)
        kernel->prepare(&p, prepared, 1);
    const int32_t from = 2, to = 0;
    struct mla_seq source = {.pages = &from, .kv_end = 16}, copy = {.pages = &to, .kv_end = 16};
    size_t width = (size_t)row_width(&p, plan.cached) * 16;
    float *a = malloc(sizeof *a * width), *b = malloc(sizeof *b * width);
    cr_assert(kernel->store(&p, &memory, &source, 0, 16, inputs->rows.data, 1) == 0);
    cr_assert(kernel->copy_page(&p, &memory, from, to) == 0);
    cr_assert(kernel->load(&p, &memory, &source, 0, 16, a) == 0);
    cr_assert(kernel->load(&p, &memory, &copy, 0, 16, b) == 0);
    cr_assert(memcmp(a, b, sizeof *a * width) == 0, "%s: a copied page differs", kernel->name);
    cr_assert(a[0] == a[0], "%s: the page holds NaN", kernel->name);
    free(a);
    free(b);
    free(cache);
    free(workspace);
    free(prepared);
}

Test(kernels, copied_pages)
{
    for_each_kernel(&long_latent, 1, check_copied_page, NULL);
    for_each_kernel(&long_kv, 1, check_copied_page, NULL);
}

Test(kernels, formats_not_yet_there_are_refused_by_name)
{
    struct inputs inputs = runner_inputs(&long_latent, 1);
    inputs.problem.format = MLA_INT8;
    for (uint32_t i = 0; i < mla_kernels()->count; i++) {
        const struct mla_kernel *kernel = mla_kernels()->kernels[i];
        const char *why = NULL;
        if (kernel->supports(&inputs.problem, false, false, &why))
            continue;
        cr_assert(why && why[0], "%s refuses without a reason", kernel->name);
    }
    inputs_destroy(&inputs);
}
